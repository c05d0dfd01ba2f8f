"""What comes of a command to the agent, and what is still due of the one under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_RECEIVED_WHOLE: Final = 0
_OUT_OF_STEP: Final = 9
"""What no agent says."""
ENDS: Final = 2
"""Ends of a command: a record on stdout, and a sign on stderr."""


@dataclass(slots=True)
class Answer:
    """What came of one command.

    Attributes:
        records: the records in between, as (word, rest), where nobody else took them.
        consumer: the exit code of the tool that took the payload; None when there was none.
        received: the agent's word on the payload: 0 whole, 1 given up, 2 stream ended, 3 and 4
            out of step.
        lines: what the tools said on stderr (the last 200 lines).
        said: how many lines they said.
    """

    records: list[tuple[bytes, bytes]] = field(default_factory=list)
    consumer: int | None = None
    received: int | None = None
    lines: list[str] = field(default_factory=list)
    said: int = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether the agent took the payload from its first to its last byte."""
        return self.received == _RECEIVED_WHOLE

    def joined(self, other: Answer) -> Answer:
        """Return the answer to two streams that were sent side by side: of each the worse."""
        return Answer(
            records=self.records + other.records,
            consumer=None
            if None in {self.consumer, other.consumer}
            else self.consumer or other.consumer,
            received=None
            if self.received is None or other.received is None
            else max(self.received, other.received),
            lines=self.lines + other.lines,
            said=self.said + other.said,
        )

    @classmethod
    def of_nothing(cls) -> Answer:
        """Return the answer to a stream that had nothing to bring."""
        return cls(consumer=0, received=_RECEIVED_WHOLE)


@dataclass(slots=True)
class Call:
    """The command under way.

    Attributes:
        answer: what has come of it.
        ends_due: ends of commands that have not come yet, `ENDS` for each.
        on_record: given each record's word and rest; returns False for one that it does not know.
        on_acknowledged: told the payload bytes that the pod has taken so far.
        sink: takes bytes of files that the pod sends.
        data_due: how many of these are still to come.
        is_question: nothing of the backup is written, so nobody waits long for a disk that works.
    """

    answer: Answer = field(default_factory=Answer)
    ends_due: int = 0
    on_record: Callable[[bytes, bytes], bool] | None = None
    on_acknowledged: Callable[[int], None] | None = None
    sink: Callable[[bytes], None] | None = None
    data_due: int = 0
    is_question: bool = False

    def received(self, word: bytes) -> None:
        """Take the agent's word on a payload; of several the worst counts."""
        code = int(word) if word.isdigit() else _OUT_OF_STEP
        self.answer.received = max(code, self.answer.received or 0)
        self.ends_due -= 1

    def take(self, word: bytes, rest: bytes) -> None:
        """Take a record that belongs to the answer."""
        if self.on_record is None or not self.on_record(word, rest):
            self.answer.records.append((word, rest))

    def take_data(self, data: bytes) -> None:
        """Take some of the bytes that were asked for."""
        self.data_due -= len(data)
        if self.sink is not None:
            self.sink(data)
