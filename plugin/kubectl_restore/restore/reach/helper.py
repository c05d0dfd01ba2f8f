"""A helper pod made, waited for, and removed on every way out.

It is made under its claim's name, so that of two runs one makes it and the other one waits for it;
who of them writes is decided by the lease in it, as in any pod.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final, Self

from kubectl_restore.cluster.helper_pod import (
    ROOT,
    HelperPod,
    Seen,
    State,
    User,
    seen,
)
from kubectl_restore.cluster.kubectl import create_command, delete_pod_command
from kubectl_restore.cluster.messages import error_from
from kubectl_restore.errors import NotAllowedError, NotReadyError, RestoreError, TakenError
from kubectl_restore.progress import Level
from kubectl_restore.restore.reach.starting import as_file, readable
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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
_LIMITED: Final = " usage per "
"""Of a LimitRange that admits none of our resources (plugin/pkg/admission/limitranger)."""
_BOUNDS: Final = ("exceeded quota", "failed quota", _LIMITED)


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
        cluster, users = self._cluster, wish.users(owners)
        for _ in range(_TRIES):
            user = self._make(wish, users, word)
            if self._is_made:
                cluster.progress.message(
                    Level.INFO,
                    f"{self._what} is made: {wish.image} as user {user.uid}, with claim "
                    f"{wish.claim} at {wish.mount}; it is removed in the end",
                )
            else:
                self._require_fit(wish, users)
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

    def _make(self, wish: HelperPod, users: Sequence[User], word: str) -> User:
        """Make it as the first user whom the cluster admits, or find that it is there.

        Raises:
            RestoreError: it may not be made.
        """
        self._uid, self._is_made = "", False
        refusal: RestoreError | None = None
        for user in users:
            manifest = wish.manifest(user, self._cluster.lifetime, word)
            said = self._create(manifest)
            if any(_LIMITED in line for line in said):
                # What the namespace lets a container have it then gets by itself (LimitRange).
                del manifest["spec"]["containers"][0]["resources"]
                said = self._create(manifest)
            if not said or any(_EXISTS in line for line in said):
                return user
            error = self._refused(said, user)
            if not isinstance(error, NotAllowedError):
                raise error
            refusal = refusal or error
        assert refusal is not None  # noqa: S101 - there is a user
        raise refusal

    def _create(self, manifest: Mapping[str, Any]) -> list[str]:
        """Return what kubectl says against it; nothing where it is made."""
        cluster = self._cluster
        with as_file(manifest) as file:
            query = cluster.asked(create_command(cluster.options, cluster.program, file))
        if not query.succeeded:
            return query.said or ["kubectl said nothing"]
        with readable():
            self._uid, self._is_made = seen(query.answer).uid, True
        return []

    def _refused(self, said: list[str], user: User) -> RestoreError:
        at = self._cluster.at
        error = error_from(said, otherwise="no helper pod could be made", at=at)
        if isinstance(error, NotAllowedError):
            error.fix = _ROLE
            if "PodSecurity" in error.reason and user == ROOT:
                error.fix = _RESTRICTED
            elif any(one in error.reason for one in _BOUNDS):
                error.fix = f"kubectl{at} describe resourcequota,limitrange"
        return error

    def _require_fit(self, wish: HelperPod, users: Sequence[User]) -> None:
        """Return when the pod that is there already is what would be made; see `require_fit`."""
        answer = self._cluster.pod(self._name)
        if answer is not None:
            with readable():
                found = seen(answer)
            if found.state is not State.ENDED or not found.runs:
                require_fit(self._name, found, wish, users, self._cluster.at)

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


def require_fit(name: str, found: Seen, wish: HelperPod, users: Sequence[User], at: str) -> None:
    """Return when a pod that is there is one of ours, with the claim, and as it is wanted.

    Raises:
        TakenError: it is not. It is left as it is.
    """
    wanted = [wish.runs(user) for user in users]
    if not found.runs or wish.claim not in found.claims:
        raise TakenError(
            f"pod {name} has the name of a helper pod of claim {wish.claim}, and is none",
            reason="kubectl restore has not made it, or it has another claim; it is left as it is",
            fix=f"see what it is: kubectl{at} describe pod {name}",
        )
    if found.runs not in wanted:
        raise TakenError(
            f"helper pod {name} of an earlier run is there, and is not what is wanted now",
            reason=f"it runs {shown_text(found.runs)}; wanted: {shown_text(' or '.join(wanted))}",
            fix=f"the same command with the earlier one's --run-as and --helper-image; or remove "
            f"it first: kubectl restore status{at} --cleanup",
        )


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
