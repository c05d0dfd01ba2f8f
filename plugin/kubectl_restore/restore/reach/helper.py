"""A helper pod made, waited for, and removed on every way out.

It is made under its claim's name, so that of two runs one makes it and the other one waits for it;
who of them writes is decided by the lease in it, as in any pod.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from kubectl_restore.cluster.helper_pod import (
    MARGIN,
    ROOT,
    UNLIMITED,
    HelperPod,
    State,
    User,
    seen,
    user_for,
)
from kubectl_restore.cluster.kubectl import create_command, delete_pod_command
from kubectl_restore.cluster.messages import error_from
from kubectl_restore.errors import NotAllowedError, NotReadyError, RestoreError, TakenError
from kubectl_restore.progress import Level
from kubectl_restore.restore.reach.starting import UNREADABLE, as_file, readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from kubectl_restore.deadline import Watch
    from kubectl_restore.restore.reach.starting import Cluster

_REMOVAL: Final = 30.0
"""Seconds for removing one."""
_TRIES: Final = 5
_ROLE: Final = "ask for a role with create and delete on pods (docs/permissions.md)"
_RESTRICTED: Final = (
    "have it run as the user whose files these are, to whom everything belongs then: "
    "--run-as UID:GID"
)
_EXISTS: Final = "(AlreadyExists)"


class Helper:
    """One helper pod. As a context manager it removes it, whatever happens.

    It is left where another restore writes through it; where it was there before, it is left until
    a run succeeds, since it knows what was in flight.
    """

    def __init__(self, name: str, cluster: Cluster, *, uid: str = "") -> None:
        """Prepare; nothing is asked yet.

        Args:
            name: the pod's.
            cluster: where it is.
            uid: of one that is there already.
        """
        self._name = name
        self._what = f"helper pod {name}"
        self._cluster = cluster
        self._uid = uid
        self._is_made = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._uid and not isinstance(error, TakenError) and (self._is_made or error is None):
            self._remove_at_last()

    def start(self, wish: HelperPod, owners: Iterable[tuple[int, int]], word: str) -> None:
        """Return when it runs.

        Args:
            wish: what it has to be.
            owners: of what is restored; decide whom it runs as, where nobody said.
            word: see `HelperPod.name`.

        Raises:
            RestoreError: it may not be made, or does not start.
        """
        cluster, user = self._cluster, wish.user or user_for(owners)
        left = cluster.watch.left
        seconds = UNLIMITED if left is None else int(left) + MARGIN
        manifest = wish.manifest(user, seconds, word)
        for _ in range(_TRIES):
            self._make(manifest, user)
            if self._is_made:
                cluster.progress.message(
                    Level.INFO,
                    f"{self._what} is made: {wish.image} as user {user.uid}, with claim "
                    f"{wish.claim} at {wish.mount}; it is removed in the end",
                )
            found = cluster.started(self._what, self._name, seen, is_alone=True)
            if found is not None and found.state is State.RUNNING:
                self._uid = found.uid
                return
            # One that has ended, of a run that was killed.
            self._uid = "" if found is None else found.uid
            self.remove(cluster.watch)
        raise NotReadyError(
            f"{self._what} ends as soon as it is made",
            reason="something in the cluster deletes it, or it has ended",
            fix=f"kubectl{cluster.at} describe pod {self._name}",
        )

    def _make(self, manifest: Mapping[str, Any], user: User) -> None:
        cluster = self._cluster
        with as_file(manifest) as file:
            query = cluster.asked(create_command(cluster.options, cluster.program, file))
        if query.succeeded:
            with suppress(*UNREADABLE):
                self._uid, self._is_made = seen(query.answer).uid, True
            return
        self._uid, self._is_made = "", False
        if any(_EXISTS in line for line in query.said):
            return
        error = error_from(query.said, otherwise="no helper pod could be made", at=cluster.at)
        if isinstance(error, NotAllowedError):
            error.fix = _RESTRICTED if "PodSecurity" in error.reason and user == ROOT else _ROLE
        raise error

    def _remove_at_last(self) -> None:
        cluster = self._cluster
        try:
            self.remove(cluster.watch.aftermath(_REMOVAL))
        except RestoreError as error:
            cluster.progress.message(
                Level.WARNING,
                f"{self._what} could not be removed ({error}); it ends by itself; to remove it: "
                f"kubectl{cluster.at} delete pod {self._name}",
            )
        else:
            cluster.progress.message(Level.DETAIL, f"{self._what} is removed")

    def remove(self, watch: Watch) -> None:
        """Return when it is gone, or another one has its name.

        Raises:
            RestoreError: it is still there.
        """
        if not self._is_there(watch):
            return
        cluster, wanted = self._cluster, _options(self._uid)
        with as_file(wanted) as file:
            command = delete_pod_command(
                cluster.options, cluster.program, str(cluster.options.namespace), self._name, file
            )
            query = cluster.asked(command, watch)
        while self._is_there(watch):
            if not query.succeeded:
                raise error_from(query.said, otherwise="it was not deleted", at=cluster.at)
            cluster.pause(watch)

    def _is_there(self, watch: Watch) -> bool:
        answer = self._cluster.pod(self._name, watch)
        if answer is None or not self._uid:
            return False
        with readable():
            return seen(answer).uid == self._uid


def _options(uid: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid},
        "gracePeriodSeconds": 1,
    }


def word_for(wish: HelperPod) -> str:
    """Return what tells a reader's helper from others; those that write share one."""
    return secrets.token_hex(8) if wish.reads else ""
