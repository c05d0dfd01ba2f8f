"""Whose mounts are these?"""

from __future__ import annotations

import pytest

from kubectl_restore.cluster.kubectl import KubectlOptions
from kubectl_restore.cluster.place import PinnedTarget, pinned

UID = "0a1b2c3d-1111-2222-3333-444455556666"
PLACE = PinnedTarget(KubectlOptions(), "db-0", UID, "app")
LOG = "containers/app/0123abcd /dev/termination-log"


@pytest.mark.parametrize(
    ("mount", "shows"),
    [
        (f"/var/lib/kubelet/pods/{UID}/etc-hosts /etc/hosts", True),
        # The kubelet's directory is a volume of its own.
        (f"/pods/{UID}/etc-hosts /etc/hosts", True),
        (f"/var/lib/kubelet/pods/{UID}/{LOG}", True),
        (f"/var/lib/kubelet/pods/{UID}/containers/app/0123abcd /var/log/end", True),
        ("/var/lib/kubelet/pods/another/etc-hosts /etc/hosts", False),
        (f"/var/lib/kubelet/pods/another/{LOG}", False),
        # Somebody looks at other pods' directories.
        (f"/var/lib/kubelet/pods/{UID}/etc-hosts /mnt/etc-hosts", False),
        (f"/var/lib/kubelet/pods/{UID}/volumes/x/containers/app/0123abcd /data", False),
        (f"/var/lib/kubelet/pods/{UID} /host", False),
        ("", False),
    ],
)
def test_a_pods_own_mounts_show_its_uid(mount: str, *, shows: bool) -> None:
    assert PLACE.is_shown_by([b"/ /", mount.encode()]) == shows


def test_what_the_user_said_stays() -> None:
    options = KubectlOptions(context="mine", flags=("--as=me",))
    assert pinned(options, "current", "prod") == KubectlOptions(
        context="mine", namespace="prod", flags=("--as=me",)
    )
