"""What each of our kubectl command lines states, so that nobody else's defaults change its meaning.

kubectl (1.34 and newer) takes defaults for flags from the user's kuberc, each command's its own:
`get` may watch, `exec` may go to another context. A flag that stands on the command line wins, with
the empty and the false value too (kubernetes, pkg/kubectl/kuberc: `searchInArgs`). So each flag is
stated whose default could lead to another place, or to an answer of another form. What is stated is
kubectl's own default (or what we ask for), and was tried with kubectl 1.24 to 1.37.

Not KUBERC=off instead: that also takes away the policy that says which credential plugins may run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Stated:
    """A flag, and why it stands on the command line.

    Attributes:
        flag: as it is passed.
        reason: what a default of somebody else's would do.
    """

    flag: str
    reason: str

    @property
    def name(self) -> str:
        """Without dashes and value."""
        return self.flag.removeprefix("--").partition("=")[0]


_ELSEWHERE: Final = "another cluster, or another namespace"
_ANOTHER_USER: Final = "another user, whom the kubeconfig does not name"
_FORM: Final = "an answer of another form"
_REFUSED: Final = "kubectl refuses it beside a pod's name"
_REFUSED_FILE: Final = "kubectl refuses it beside a file, or takes other files"
_REFUSED_DEBUG: Final = "kubectl refuses it without a copy"
_UNTRUSTED: Final = "another certificate than the kubeconfig's would do"

EVERYWHERE: Final = (
    Stated("--kubeconfig=", _ELSEWHERE),
    Stated("--context=", _ELSEWHERE),
    Stated("--cluster=", _ELSEWHERE),
    Stated("--server=", _ELSEWHERE),
    Stated("--namespace=", _ELSEWHERE),
    Stated("--user=", _ANOTHER_USER),
    Stated("--as=", _ANOTHER_USER),
    Stated("--as-uid=", _ANOTHER_USER),
    Stated("--token=", _ANOTHER_USER),
    Stated("--username=", _ANOTHER_USER),
    Stated("--password=", _ANOTHER_USER),
    Stated("--client-certificate=", _ANOTHER_USER),
    Stated("--client-key=", _ANOTHER_USER),
    Stated("--certificate-authority=", _UNTRUSTED),
    Stated("--insecure-skip-tls-verify=false", _UNTRUSTED),
    Stated("--tls-server-name=", _UNTRUSTED),
    Stated("--request-timeout=0", "a stream that is cut in the middle"),
    Stated("--match-server-version=false", "refused for the server's version"),
    Stated("--warnings-as-errors=false", "a failure where there was a warning"),
    Stated("--profile=none", "a file profile.pprof where the user stands"),
)
"""On each command line that may ask a cluster."""

GET: Final = (
    Stated("--output=json", "what we read"),
    Stated("--subresource=", "no pod; and a kubectl before 1.24 refuses it (decision 0013)"),
    Stated("--watch=false", "it never ends"),
    Stated("--watch-only=false", "it never ends"),
    Stated("--output-watch-events=false", _FORM),
    Stated("--all-namespaces=false", _REFUSED),
    Stated("--selector=", _REFUSED),
    Stated("--field-selector=", _REFUSED),
    Stated("--filename=", _REFUSED),
    Stated("--kustomize=", _REFUSED),
    Stated("--recursive=false", _REFUSED),
    Stated("--raw=", "another address than the pod's"),
    Stated("--ignore-not-found=false", "no answer and no error where there is no pod"),
    Stated("--allow-missing-template-keys=true", _FORM),
    Stated("--chunk-size=500", _FORM),
    Stated("--label-columns=", _FORM),
    Stated("--no-headers=false", _FORM),
    Stated("--server-print=true", _FORM),
    Stated("--show-kind=false", _FORM),
    Stated("--show-labels=false", _FORM),
    Stated("--show-managed-fields=false", _FORM),
    Stated("--sort-by=", _FORM),
    Stated("--template=", _FORM),
)

CREATE: Final = (
    Stated("--output=json", "what we read"),
    Stated("--dry-run=none", "nothing is made"),
    Stated("--edit=false", "an editor is opened"),
    Stated("--kustomize=", _REFUSED_FILE),
    Stated("--raw=", "another address than the pods'"),
    Stated("--recursive=false", _REFUSED_FILE),
    Stated("--save-config=false", "an annotation that nobody needs"),
    Stated("--selector=", "nothing is made"),
    Stated("--validate=false", "the API's whole schema is fetched, which not everybody may"),
    Stated("--windows-line-endings=false", _FORM),
    Stated("--allow-missing-template-keys=true", _FORM),
    Stated("--show-managed-fields=false", _FORM),
    Stated("--template=", _FORM),
)

DELETE: Final = (
    Stated("--all=false", "every pod"),
    Stated("--all-namespaces=false", "every namespace"),
    Stated("--cascade=background", _REFUSED_FILE),
    Stated("--dry-run=none", "nothing is deleted"),
    Stated("--field-selector=", "other pods"),
    Stated("--force=false", "a pod that still runs is forgotten"),
    Stated("--grace-period=-1", _REFUSED_FILE),
    Stated("--ignore-not-found=false", "no error where there is no pod"),
    Stated("--kustomize=", _REFUSED_FILE),
    Stated("--now=false", "a pod that still runs is forgotten"),
    Stated("--output=", _FORM),
    Stated("--recursive=false", _REFUSED_FILE),
    Stated("--selector=", "other pods"),
    Stated("--timeout=0s", "it gives up"),
    Stated("--wait=false", "it waits without a word"),
)
"""Beside `--raw`, with the UID that is meant: no pod of the same name is deleted instead."""

DEBUG: Final = (
    Stated("--profile=baseline", "rights that the container does not have"),
    Stated("--attach=false", "our stdin goes there"),
    Stated("--stdin=false", "it ends with its first attach"),
    Stated("--tty=false", "a terminal in it"),
    Stated("--quiet=false", "a word less"),
    Stated("--copy-to=", "a copy of the pod instead"),
    Stated("--target=", "the processes of the container"),
    Stated("--arguments-only=false", "another program runs"),
    Stated("--replace=false", "the pod is deleted"),
    Stated("--same-node=false", _REFUSED_DEBUG),
    Stated("--share-processes=true", _REFUSED_DEBUG),
    Stated("--image-pull-policy=", "another one than is stated in its entry"),
)

PATCH: Final = (
    Stated("--type=merge", "another meaning of the patch"),
    Stated("--output=json", "what we read"),
    Stated("--subresource=", "a part of the object, and not what is to be changed"),
    Stated("--dry-run=none", "a success without a change"),
    Stated("--local=false", "a success without a change"),
    Stated("--patch-file=", "another patch"),
    Stated("--filename=", "another object"),
    Stated("--kustomize=", "another object"),
    Stated("--recursive=false", _REFUSED),
    Stated("--field-manager=kubectl-restore", "another name in the object for who has changed it"),
    Stated("--allow-missing-template-keys=true", _FORM),
    Stated("--show-managed-fields=false", _FORM),
    Stated("--template=", _FORM),
)

EXEC: Final = (
    Stated("--stdin=true", "the agent is told everything on its stdin"),
    Stated("--tty=false", "a terminal between us and the agent"),
    Stated("--quiet=false", "only the output of what runs there"),
    Stated("--filename=", "the pod of a file"),
    Stated("--pod-running-timeout=1m0s", "no time for a pod that starts"),
)

CONFIG_VIEW: Final = (
    Stated("--minify=true", "the contexts that are not used"),
    Stated("--output=json", "what we read"),
    Stated("--merge=true", "one file of several"),
    Stated("--flatten=false", "contents of files that nobody needs"),
    Stated("--raw=false", "secrets"),
    Stated("--allow-missing-template-keys=true", _FORM),
    Stated("--show-managed-fields=false", _FORM),
    Stated("--template=", _FORM),
)

VERSION: Final = (
    Stated("--client=true", "no cluster is asked"),
    Stated("--output=json", "what we read"),
    Stated("--warnings-as-errors=false", "a failure where there was a warning"),
    Stated("--profile=none", "a file profile.pprof where the user stands"),
)

_NO_DEFAULT: Final = "kubectl takes no default for it (exit 2)"

LEFT: Final = {
    "as-group": "cannot be emptied; without --as kubectl refuses it (exit 2)",
    "as-user-extra": "cannot be emptied, and is not known before 1.37; without --as kubectl "
    "refuses it (exit 2)",
    "cache-dir": "where answers are kept changes none; its default has a home in it",
    "disable-compression": "not known before 1.25; changes no answer",
    "kuberc": "read from the command line only",
    "log-flush-frequency": _NO_DEFAULT,
    "profile-output": "nothing is profiled",
    "proxy-url": "not known before 1.37; the way to the cluster, and no other cluster",
    "v": _NO_DEFAULT,
    "vmodule": _NO_DEFAULT,
}
"""Flags of kubectl 1.37 that are not stated, and why that does no harm."""

LEFT_OF_CHANGES: Final = {
    "env": "cannot be emptied; a variable of the helper's, which reads none",
    "keep-annotations": "of a copy of a pod alone, and none is made",
    "keep-init-containers": "of a copy of a pod alone",
    "keep-labels": "of a copy of a pod alone",
    "keep-liveness": "of a copy of a pod alone",
    "keep-readiness": "of a copy of a pod alone",
    "keep-startup": "of a copy of a pod alone",
    "set-image": "of a copy of a pod alone; cannot be emptied",
    "field-manager": "a name in the object's history",
    "interactive": "not known before 1.27; with --raw nothing is asked",
}
"""The same of what makes, changes or deletes something."""


def flags(stated: tuple[Stated, ...]) -> list[str]:
    """Return the flags alone."""
    return [one.flag for one in stated]
