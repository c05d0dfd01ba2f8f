"""Thirty mistakes and more, each as a step that sets it up and the words that make it."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.contract import trees

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mistakes.stage import Stage

_MIB: Final = 1 << 20
_POLICY: Final = (
    'admission webhook "exec.example" denied the request: no exec into production on Fridays'
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One of them.

    Attributes:
        name: what was done wrong.
        words: behind `kubectl restore`.
        code: the exit code.
        set_up: what is prepared.
        mended: the exit code of the command in the fix, once the cause is as `mend` leaves it;
            None where only a real node has what it needs (ephemeral containers: tests/e2e).
        mend: takes the cause away, where the fix is not enough by itself.
        changes: the pod may hold some of the backup afterwards.
    """

    name: str
    words: str
    code: int
    set_up: Callable[[Stage], object] = lambda stage: stage.pod()
    mended: int | None = 0
    mend: Callable[[Stage], object] = lambda _: None
    changes: bool = False


def _faults(**faults: object) -> Callable[[Stage], object]:
    def set_up(stage: Stage) -> None:
        pod = stage.pod()
        assert pod.cluster.embedded is not None
        for name, value in faults.items():
            setattr(pod.cluster.embedded.pod(pod.name).faults, name, value)

    return set_up


def _behave(stage: Stage) -> None:
    assert stage.cluster.embedded is not None
    stage.cluster.embedded.pod("debian").faults.clear()


def _file(name: str, content: Callable[[], bytes]) -> Callable[[Stage], object]:
    def set_up(stage: Stage) -> None:
        stage.pod()
        stage.write(name, content())

    return set_up


def _kubeconfig(**changed: object) -> Callable[[Stage], object]:
    def set_up(stage: Stage) -> None:
        stage.pod()
        stage.kubeconfig(**changed)

    return set_up


def _standing(stage: Stage) -> None:
    pod = stage.pod()
    pod.run("sh", "-c", f"mkdir {pod.path}/app && echo mine >{pod.path}/app/config.yaml")
    # How much newer it is than the backup's stands in the message.
    pod.run("touch", "-d", f"@{trees.MTIME + 7500}", f"{pod.path}/app/config.yaml")


def _slow(stage: Stage) -> None:
    _faults(drain=2 * _MIB)(stage)
    stage.write("large.tar", trees.of_size(16 * _MIB, files=16))


def _slower(stage: Stage) -> None:
    _slow(stage)
    # Longer than any machine takes to begin.
    _faults(drain=_MIB // 2)(stage)


def _interrupted(stage: Stage) -> None:
    _slow(stage)
    stage.interrupted = True


def _cut(stage: Stage) -> None:
    _faults(drop_after=3 * _MIB)(stage)
    stage.write("large.tar", trees.of_size(16 * _MIB, files=16))


def _frozen(stage: Stage) -> None:
    _faults(freeze_after=3 * _MIB)(stage)
    stage.write("large.tar", trees.of_size(16 * _MIB, files=16))


def _set(stage: Stage) -> None:
    assert stage.cluster.embedded is not None
    names = [stage.pod(kind).name for kind in ("busybox", "debian")]
    pods = [stage.cluster.embedded.pod(name) for name in names]
    stage.cluster.embedded.workloads.add("statefulsets", "db", pods, replicas=2)


def _zip() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("app/config.yaml", "hello\n")
    return made.getvalue()


def _flipped() -> bytes:
    packed = bytearray(gzip.compress(trees.of_size(_MIB, files=4)))
    packed[len(packed) // 2] ^= 1
    return bytes(packed)


def _escaping() -> bytes:
    archive = trees.Archive()
    archive.add("../../etc/passwd", b"x\n")
    return archive.finish()


_ELSEWHERE: Final = {"name": "embedded", "cluster": {"server": "https://127.0.0.1:1"}}

MISTAKES: Final = (
    Mistake("The pod's name is wrong", "debain backup.tar -t /data", 4),
    Mistake("The namespace is wrong", "debian backup.tar -t /data -n prod", 4),
    Mistake("The context is wrong", "debian backup.tar -t /data --context prod", 2),
    Mistake("The container's name is wrong", "two backup.tar -t /data -c web", 4,
            lambda stage: stage.pod("two")),
    Mistake("The directory is wrong", "debian backup.tar -t /dta", 4),
    Mistake("The target path is relative", "debian backup.tar -t data", 2),
    Mistake("Pod and backup are swapped", "backup.tar debian -t /data", 2),
    Mistake("No pod is named", "backup.tar -t /data", 2),
    Mistake("A workload has several pods", "sts/db backup.tar -t /data", 4, _set),
    Mistake("A flag has a typo", "debian backup.tar -t /data --dryrun", 2),
    Mistake("tar's -C is given", "debian backup.tar -C /data", 2),
    Mistake("There is no such backup", "debian bakup.tar -t /data", 3),
    Mistake("A directory is named instead of a backup", "debian . -t /data", 3),
    Mistake("The backup is empty", "debian empty.tar -t /data", 3,
            _file("empty.tar", lambda: b"")),
    Mistake("The backup is something else", "debian backup.zip -t /data", 3,
            _file("backup.zip", _zip)),
    Mistake("The backup is encrypted", "debian backup.tar.age -t /data", 3,
            _file("backup.tar.age", lambda: b"age-encryption.org/v1\n-> X25519 x\n" + bytes(99))),
    Mistake("The backup is the second part of a split one", "debian backup.tar.gz.01 -t /data", 3,
            _file("backup.tar.gz.01", lambda: gzip.compress(trees.of_size(_MIB))[_MIB // 2 :])),
    Mistake("The backup is cut", "debian cut.tar.gz -t /data", 3,
            _file("cut.tar.gz", lambda: gzip.compress(trees.of_size(_MIB))[:-1000]), mended=10),
    Mistake("The backup is damaged", "debian bad.tar.gz -t /data", 3,
            _file("bad.tar.gz", _flipped), mended=10),
    Mistake("The backup is not the one whose checksum is known",
            f"debian backup.tar -t /data --checksum sha256:{'0' * 64}", 3),
    Mistake("The backup would write outside the target", "debian evil.tar -t /data", 3,
            _file("evil.tar", _escaping)),
    Mistake("Something stands there already", "debian backup.tar -t /data", 6, _standing),
    Mistake("The user may not", "debian backup.tar -t /data", 5, _faults(exec_answer=403),
            mend=_behave),
    Mistake("A policy forbids it", "debian backup.tar -t /data", 5,
            _faults(exec_words=(403, _POLICY)), mend=_behave),
    Mistake("The login has expired", "debian backup.tar -t /data", 5, _faults(get_answer=401),
            mend=_behave),
    Mistake("The pod has not started", "debian backup.tar -t /data", 4,
            _faults(status={"phase": "Pending"}), mended=None),
    Mistake("The pod has completed", "completed backup.tar -t /data", 4,
            lambda stage: stage.pod("completed")),
    Mistake("The container has no shell", "static backup.tar -t /data", 7,
            lambda stage: stage.pod("static"), mended=None),
    Mistake("The target is read-only", "nonroot-busybox backup.tar -t /etc", 7,
            lambda stage: stage.pod("nonroot-busybox")),
    Mistake("There is no kubectl", "debian backup.tar -t /data --kubectl /opt/kubectl", 2),
    Mistake("The cluster does not answer", "debian backup.tar -t /data --retries 0", 8,
            _kubeconfig(clusters=[_ELSEWHERE])),
    Mistake("The cluster hangs", "debian backup.tar -t /data --timeout 3s", 8, _faults(hang=True),
            mend=_behave),
    Mistake("Ctrl-C", "debian large.tar -t /data", 130, _interrupted, mend=_behave, changes=True),
    Mistake("The time is too short", "debian large.tar -t /data --timeout 12s", 8, _slower,
            mend=_behave, changes=True),
    Mistake("The link is cut", "debian large.tar -t /data --retries 0", 8, _cut, mend=_behave,
            changes=True),
    Mistake("The link stands still", "debian large.tar -t /data --retries 0 --stall-timeout 10s", 8,
            _frozen, mend=_behave, changes=True),
    Mistake("This machine's disk is full",
            "debian backup.tar -t /data --force --save-replaced /dev/full", 2, _standing),
)  # fmt: skip
