"""The facts of one restore: found once, and the same until it ends."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_restore.cluster.kubectl import child_environment, find_kubectl
from kubectl_restore.cluster.transports import KubectlExec
from kubectl_restore.container.agent import lease_name, restore_identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from kubectl_restore.cluster.kubectl import KubectlOptions
    from kubectl_restore.cluster.place import PinnedTarget
    from kubectl_restore.cluster.transports import Transport
    from kubectl_restore.deadline import Watch
    from kubectl_restore.plan.request import RestoreRequest
    from kubectl_restore.progress import Progress


@dataclass(frozen=True, slots=True)
class Kubectl:
    """The kubectl that is used.

    Attributes:
        program: its path.
        environment: for it.
    """

    program: str
    environment: Mapping[str, str]

    @classmethod
    def found(cls, options: KubectlOptions) -> Self:
        """Return the one that the user named, or that is found.

        Raises:
            UsageError: there is none.
        """
        return cls(find_kubectl(options), child_environment())


@dataclass(frozen=True, slots=True)
class Run:
    """One restore, or one comparison.

    Attributes:
        request: what the user asked for, with the context and namespace that were found.
        progress: told what happens.
        watch: the time limit and the signals.
        kubectl: which is used.
        transport: how a lane's agent is started.
        place: the pod and the container.
        identity: the same for every run of the same restore.
        lease: what its record in the pod is called.
        only_reads: nothing is written: a dry run, or a comparison.
    """

    request: RestoreRequest
    progress: Progress
    watch: Watch
    kubectl: Kubectl
    transport: Transport
    place: PinnedTarget
    identity: str
    lease: str
    only_reads: bool

    @classmethod
    def of(
        cls,
        *,
        request: RestoreRequest,
        progress: Progress,
        watch: Watch,
        kubectl: Kubectl,
        place: PinnedTarget,
        backup: str,
        only_reads: bool,
    ) -> Self:
        """Return the facts, those that follow from others among them.

        Args:
            request: pinned.
            progress: see above.
            watch: see above.
            kubectl: see above.
            place: see above.
            backup: what tells the backup from others.
            only_reads: see above.
        """
        # An ephemeral container is another one each time; what it writes to is not.
        container = place.of or place.container
        words = [place.uid, container, request.target_path, backup]
        if only_reads:
            # It ends nothing that an earlier run has left, or that another one does.
            words.append(os.urandom(8).hex())
        return cls(
            request,
            progress,
            watch,
            kubectl,
            KubectlExec(request.transport),
            place,
            restore_identity(words),
            lease_name(place.uid, container, request.target_path),
            only_reads,
        )
