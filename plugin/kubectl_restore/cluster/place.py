"""One place, found once: what every later kubectl of a run is told, and every printed command says.

Between two kubectl calls anything may change that a call does not state: the current context, the
namespace of a context, the pod behind a name. So context and namespace are stated from here on,
and a pod is the one meant only if it has the UID that was found (docs/decisions/0018).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.kubectl import exec_command, leading, pod_command
from kubectl_restore.cluster.via import Via

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kubectl_restore.cluster.kubectl import KubectlOptions
    from kubectl_restore.cluster.limits import Limit
    from kubectl_restore.cluster.location import Location

_HOSTS: Final = re.compile(rb".*/pods/([^/]+)/etc-hosts")
"""The file that the kubelet mounts at /etc/hosts (pkg/kubelet/kubelet_getters.go, `getPodDir`;
kubelet_pods.go, `makeHostsMount`)."""
_LOG: Final = re.compile(rb".*/pods/([^/]+)/containers/[^/]+/[0-9a-f]+")
"""The one at a container's terminationMessagePath (kuberuntime_container.go, `makeMounts`)."""


@dataclass(frozen=True, slots=True)
class PinnedTarget:
    """The pod and the container that a run restores into, as they were found.

    Attributes:
        kubectl: what the user said, with the context and the namespace that were found. The
            context is None where there is none: in a cluster, or where --server says enough.
        pod: its name.
        uid: the Pod object's, which no other pod ever has.
        container: the container's name.
        limits: what may stand where on the node's disk.
        image: of that container, as the pod's status says; None where it does not.
        may_ask: a credential plugin of the kubeconfig may ask at the terminal.
        named: what the user named, where that is no pod; empty otherwise.
        via: by what it is reached.
        mount: of a helper pod, where it has the claim; empty otherwise.
        of: of an ephemeral container, the container whose volumes it has; empty otherwise.
        location: where the target path really is; None where that is not known.
    """

    kubectl: KubectlOptions
    pod: str
    uid: str
    container: str
    image: str | None = None
    limits: tuple[Limit, ...] = ()
    may_ask: bool = False
    named: str = ""
    via: Via = Via.EXEC
    mount: str = ""
    of: str = ""
    location: Location | None = None

    @property
    def at(self) -> str:
        """The flags that lead there, for a fix; a blank before each."""
        return leading(self.kubectl.common())

    def pod_command(self, program: str) -> list[str]:
        """Return the argument list that asks for the pod as JSON."""
        return pod_command(self.kubectl, program, self.pod)

    def exec_command(self, program: str, command: Sequence[str]) -> list[str]:
        """Return the argument list of `kubectl exec -i` for `command` in the container."""
        return exec_command(self.kubectl, program, self.pod, self.container, command)

    def is_shown_by(self, mounts: Iterable[bytes]) -> bool:
        """Tell whether a container's mounts show that it is one of this pod's.

        False is no proof of another one: runtimes with a kernel of their own hide these mounts,
        and a static pod's directory is called by another UID than the API server's.

        Args:
            mounts: of each, where it comes from and where it stands, as in mountinfo (root, mount
                point; proc_pid_mountinfo(5)), with a blank between them.
        """
        for line in mounts:
            root, _, where = line.partition(b" ")
            found = _LOG.fullmatch(root)
            if found is None and where == b"/etc/hosts":
                found = _HOSTS.fullmatch(root)
            if found is not None and found[1] == self.uid.encode():
                return True
        return False


def pinned(
    options: KubectlOptions, context: str | None, namespace: str | None = None
) -> KubectlOptions:
    """Return what the user said, with the context and the namespace that were found."""
    namespace = options.namespace if namespace is None else namespace
    return replace(options, context=options.context or context, namespace=namespace)
