"""Errors of a restore name whole commands, with what is known of the target by then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.errors import RestoreError
from kubectl_restore.plan.whole_commands import with_whole_commands

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from kubectl_restore.plan.request import RestoreRequest


class WholeCommands:
    """Puts what is known into the fix of the error that ends its block.

    Attributes:
        request: as it is known so far.
    """

    def __init__(self, request: RestoreRequest) -> None:
        """Know what the user has said."""
        self.request = request

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, RestoreError):
            error.fix = with_whole_commands(
                error.fix,
                self.request.command,
                self.request.backup,
                by_content=self.request.command_to_go_on("--compare=checksum"),
            )
