"""By what a target is reached: `--via`, and what a helper is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.values import choice, given
from kubectl_restore.cluster.helper_pod import IMAGE, HelperPod, User
from kubectl_restore.cluster.scaling import require_scalable
from kubectl_restore.cluster.target import Kind
from kubectl_restore.cluster.via import Via
from kubectl_restore.errors import UsageError
from kubectl_restore.plan.policy import ScaleBack
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from kubectl_restore.cli.argv import Parsed
    from kubectl_restore.cluster.target import Target

_USER: Final = re.compile(r"([0-9]{1,10})(?::([0-9]{1,10}))?")
_IMAGE: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?/)?"
    r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9]+:[0-9a-f]{32,})?"
)
"""github.com/distribution/reference, `ReferenceRegexp`, without IPv6 addresses."""
_LARGEST: Final = 2**31 - 1
"""Of runAsUser and its like (kubernetes, pkg/apis/core/validation: `IsValidUserID`)."""


def read_via(parsed: Parsed, target: Target) -> Via:
    """Return how the target is to be reached.

    Raises:
        UsageError: it is not possible so.
    """
    via = Via(choice(parsed, "via", tuple(Via)) or Via.AUTO)
    if via is Via.HELPER and target.kind is not Kind.CLAIM:
        raise UsageError(
            "--via helper reaches a claim",
            reason=f"a helper pod has a claim and nothing else; the target is {target}",
            fix="name the claim: pvc/NAME (kubectl get pvc)",
        )
    return via


def read_scaling(parsed: Parsed, target: Target) -> tuple[bool, ScaleBack]:
    """Return whether the target's pods are taken away meanwhile, and when they come back.

    Raises:
        UsageError: it does not go with what else is given.
    """
    back = ScaleBack(choice(parsed, "scale-back", tuple(ScaleBack)) or ScaleBack.SUCCESS)
    if not parsed.is_set("scale-down"):
        if parsed.value("scale-back") is not None:
            raise UsageError(
                "--scale-back needs --scale-down",
                reason="it says when what was scaled down comes back",
                fix="--scale-down --scale-back always",
            )
        return False, back
    require_scalable(target)
    if target.pod is not None and target.kind is not Kind.STATEFUL_SET:
        raise UsageError(
            f"--pod does not go with --scale-down of {target}",
            reason="its pods are taken away; only a statefulset's have claims of their own",
            fix="leave --pod out",
        )
    for name in ("before", "after"):
        if parsed.value(name) is not None:
            raise UsageError(
                f"--{name} does not go with --scale-down",
                reason="the containers that it would run in are taken away",
                fix=f"leave --{name} out, or --scale-down",
            )
    if parsed.value("via") in {Via.EXEC, Via.EPHEMERAL}:
        raise UsageError(
            f"--via {parsed.value('via')} does not go with --scale-down",
            reason="the pods are taken away, and a helper pod has their claim",
            fix="leave --via out",
        )
    return True, back


def read_helper(parsed: Parsed) -> HelperPod:
    """Return what a helper would be.

    Raises:
        UsageError: `--run-as` is no user, or `--helper-image` no image.
    """
    image = given(parsed, "helper-image", IMAGE)
    if not _IMAGE.fullmatch(image):
        raise UsageError(
            "--helper-image wants the name of an image",
            reason=f"{shown_text(image)!r} is none",
            fix=f"--helper-image {IMAGE}",
        )
    text = parsed.value("run-as")
    if text is None:
        return HelperPod("", image=image)
    found = _USER.fullmatch(text)
    numbers = [] if found is None else [int(found[1]), int(found[2] or found[1])]
    if not numbers or max(numbers) > _LARGEST:
        raise UsageError(
            "--run-as wants a user and a group, as numbers",
            reason=f"{shown_text(text)!r} is not UID or UID:GID",
            fix="--run-as 999:999",
        )
    return HelperPod("", image=image, user=User(*numbers))
