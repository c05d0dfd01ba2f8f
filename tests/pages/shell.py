"""One shell in which the commands of a scene are run one after the other, as a person would."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType


class Shell:
    """A shell that keeps its variables and its directory from one command to the next.

    Its commands have no terminal and an empty standard input, and say everything to one pipe.
    """

    def __init__(
        self, words: Sequence[str], directory: Path, environment: Mapping[str, str]
    ) -> None:
        """Start it; what `words` say before the first command is returned by that."""
        self._mark = f"<{secrets.token_hex(8)}>"
        self._code = 0
        self._process = subprocess.Popen(
            words,
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            encoding="utf-8",
            errors="backslashreplace",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.communicate()

    def run(self, command: str) -> tuple[int, str]:
        """Run a command and return its exit code, and what it said without the last line break.

        Raises:
            EOFError: the shell has ended; with what was said before.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # `$?` is the last command's, as a person has it.
        script = f"{{ (exit {self._code})\n{command}\n}} </dev/null\n"
        self._process.stdin.write(f"{script}printf '\\n%s %s\\n' '{self._mark}' \"$?\"\n")
        self._process.stdin.flush()
        said: list[str] = []
        for line in self._process.stdout:
            if line.startswith(self._mark):
                self._code = int(line.split()[1])
                return self._code, "".join(said).removesuffix("\n").rstrip("\n")
            said.append(line)
        raise EOFError("".join(said))
