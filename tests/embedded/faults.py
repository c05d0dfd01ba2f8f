"""How the cluster misbehaves on request; each as seen on real ones (docs/architecture.md)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tests.embedded.status import message_for


@dataclass(slots=True)
class Faults:
    """What goes wrong; a test sets and clears the fields while the cluster runs.

    Attributes:
        drop_after: bytes of stdin after which the connection is cut.
        freeze_after: bytes of stdin after which nothing moves any more and nothing is closed.
        no_status: the WebSocket is closed without a status.
        end_after: bytes of stdin after which the process is killed.
        truncate_after: bytes of stdin after which the process sees an end of input.
        stdout_after: bytes of stdout after which the rest is dropped, without a word.
        never_ends: neither the end of stdin nor that of the process is passed on.
        drain: bytes a second that the process gets at most.
        get_answer: an HTTP status for every request about a pod.
        exec_answer: an HTTP status for exec.
        exec_words: an HTTP status and a message for exec.
        exec_times: so often exec is answered so, then it works; None for always.
        status: what the Pod object says of its state instead of the truth.
        hang: requests about pods are not answered.
        renewed: when an exec is asked for, the pod has just been made again under its name.
        stdin_follows_stdout: stdin ends when the process closes its stdout, as in containerd.
    """

    drop_after: int | None = None
    freeze_after: int | None = None
    no_status: bool = False
    end_after: int | None = None
    truncate_after: int | None = None
    stdout_after: int | None = None
    never_ends: bool = False
    drain: int | None = None
    get_answer: int | None = None
    exec_answer: int | None = None
    exec_words: tuple[int, str] | None = None
    exec_times: int | None = None
    status: dict[str, object] | None = None
    hang: bool = False
    renewed: bool = False
    stdin_follows_stdout: bool = True

    def words_for_exec(self, pod: str) -> tuple[int, str] | None:
        """Return the status and the message that an exec is refused with; None to let it begin."""
        if self.exec_answer is not None:
            return self.exec_answer, message_for(self.exec_answer, pod)
        if self.exec_words is None or self.exec_times == 0:
            return None
        if self.exec_times is not None:
            self.exec_times -= 1
        return self.exec_words

    def clear(self) -> None:
        """Behave."""
        for field in fields(Faults):
            setattr(self, field.name, field.default)
