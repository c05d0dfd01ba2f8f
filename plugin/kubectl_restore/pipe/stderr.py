"""A kubectl's stderr: signs of the agent are counted, words are shown or kept as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.messages import is_klog, is_kubectls_own, without_user_info
from kubectl_restore.pipe.feedback import Beat, EndOfCommand, Evidence, FeedbackParser, Voices
from kubectl_restore.pipe.sayings import ToolSayings
from kubectl_restore.progress import Level
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from kubectl_restore.pipe.sayings import Sayings
    from kubectl_restore.progress import Progress


_LONGEST_PROMPT: Final = 64 * 1024
"""Bytes that a credential plugin may say before the agent speaks; all beyond is dropped."""


class StderrReader:
    """Takes what comes on stderr.

    Attributes:
        is_talking: the agent has said hello: what comes from now on is no prompt of a plugin.
        complaints: lines that the tools of the command under way have said; not kubectl's.
        has_moved: since it was asked last, a sign has said that the tools do something.
        waits: the last sign has said that they do nothing, and one waits for a disk.
        ends: signs of commands' ends since it was asked last.
    """

    def __init__(self, token: bytes, progress: Progress, sayings: Sayings | None = None) -> None:
        """Take this exec's token, and what shows the tools' words."""
        self._feedback = FeedbackParser(token)
        self._voices = Voices()
        self._evidence = Evidence()
        self._progress = progress
        self._sayings = sayings or ToolSayings(progress.message)
        self._before = 0
        self.is_talking = False
        self.complaints = 0
        self.has_moved = False
        self.waits = False
        self.ends = 0

    def begin(self) -> None:
        """Forget what was said until now: another command begins."""
        self._sayings.end()
        self._evidence.clear()
        self.complaints = 0

    @property
    def lines(self) -> list[str]:
        """What was said since: the last lines."""
        return self._evidence.lines

    @property
    def is_flooded(self) -> bool:
        """Tell whether more was said before the agent's first word than any plugin asks."""
        return self._before > _LONGEST_PROMPT

    @property
    def count(self) -> int:
        """How many lines were said since."""
        return self._evidence.count

    def feed(self, data: bytes) -> None:
        """Take the next bytes; empty ones are the end."""
        for event in self._feedback.feed(data) if data else self._feedback.close():
            if isinstance(event, Beat):
                self.has_moved = self.has_moved or event.moved
                self.waits = event.waits
            elif isinstance(event, EndOfCommand):
                self._sayings.end()
                self.ends += 1
            else:
                self._hear(event.text)
        if not self.is_talking:
            self._before += len(data)
        if not self.is_talking and not self.is_flooded:
            prompt = self._voices.unfinished(self._feedback.unfinished)
            if prompt:
                self._progress.foreign(prompt)

    def _hear(self, line: bytes) -> None:
        self._evidence.add(line)
        self.complaints += not is_kubectls_own(line.decode("utf-8", "replace"))
        text = line.decode("utf-8", "surrogateescape")
        if not self.is_talking:
            foreign = self._voices.line(line)
            if foreign:
                if not self.is_flooded:
                    self._progress.foreign(foreign)
                return
        if is_klog(text):
            self._progress.message(Level.TRACE, shown_text(text))
        else:
            self._sayings.say(without_user_info(text) if is_kubectls_own(text) else text)
