"""What is done about each member of a backup, in two bytes for each."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Final

from kubectl_restore.container.survey import Standing
from kubectl_restore.plan.operation import Action, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kubectl_restore.archive.members.member import Member

_ACTIONS: Final = tuple(Action)
_CODES: Final = {action: code for code, action in enumerate(_ACTIONS, 1)}
"""0 stands for the target itself, about which nothing is done."""
_MOST_REASONS: Final = 255
_KINDS: Final = (None, *Standing)
_STANDING: Final = {kind: code for code, kind in enumerate(Standing, 1)}


class Decided:
    """The decisions about members, by number."""

    def __init__(self, count: int) -> None:
        """Decide nothing yet about `count` members."""
        self._actions = bytearray(count)
        self._reasons = bytearray(count)
        self._texts: list[str] = [""]
        self._forceable: set[int] = set()
        self._stands = bytearray(count)

    def decide(self, number: int, operation: Operation) -> None:
        """Note what is done about a member.

        Raises:
            ValueError: there are too many different reasons.
        """
        self._actions[number] = _CODES[operation.action]
        if operation.reason:
            self._reasons[number] = self._numbered(operation.reason)
        if operation.needs_force:
            self._forceable.add(number)
        if operation.stands is not None:
            self._stands[number] = _STANDING[operation.stands]

    def decide_all(
        self, numbers: Sequence[int], action: Action, stands: Standing | None = None
    ) -> None:
        """Note that the same is done about some members, whose numbers rise, without a reason."""
        code, standing = _CODES[action], 0 if stands is None else _STANDING[stands]
        if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
            own = slice(numbers[0], numbers[-1] + 1)
            self._actions[own] = bytes((code,)) * len(numbers)
            self._stands[own] = bytes((standing,)) * len(numbers)
            return
        for number in numbers:
            self._actions[number] = code
            self._stands[number] = standing

    def _numbered(self, reason: str) -> int:
        try:
            return self._texts.index(reason)
        except ValueError:
            if len(self._texts) > _MOST_REASONS:
                raise ValueError("a reason has to be one of a few") from None
            self._texts.append(reason)
            return len(self._texts) - 1

    def action(self, number: int) -> Action | None:
        """Return what is done about a member; None for the target itself."""
        code = self._actions[number]
        return _ACTIONS[code - 1] if code else None

    def operation(self, number: int, member: Member) -> Operation | None:
        """Return what is done about a member; None for the target itself."""
        action = self.action(number)
        if action is None:
            return None
        return Operation(
            member.path,
            action,
            member,
            self._texts[self._reasons[number]],
            number in self._forceable,
            _KINDS[self._stands[number]],
        )

    def numbers(self, actions: Iterable[Action]) -> Iterator[int]:
        """Return the members about which one of these is done, in their order."""
        codes = {_CODES[one] for one in actions}
        wanted = self._actions.translate(bytes(code in codes for code in range(256)))
        return compress(range(len(wanted)), wanted)

    def counts(self, numbers: Iterable[int] | None = None) -> Counter[Action]:
        """Return how many members each is done about: of these, or of all."""
        if numbers is None:
            counts = {action: self._actions.count(code) for action, code in _CODES.items()}
            return Counter(counts)
        codes = Counter(map(self._actions.__getitem__, numbers))
        return Counter({action: codes[code] for action, code in _CODES.items()})

    def reasons(self, action: Action) -> Counter[str]:
        """Return how many members it is done about for which reason."""
        found: Counter[str] = Counter()
        if len(self._texts) == 1:
            return found
        pairs = Counter(zip(self._actions, self._reasons, strict=True))
        for (code, reason), count in pairs.items():
            if code == _CODES[action] and reason:
                found[self._texts[reason]] += count
        return found
