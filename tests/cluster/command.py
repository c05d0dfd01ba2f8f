"""Running a program to its end, with what it says kept in a log."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tests.cluster.errors import BrokenError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_GRACE: Final = 5.0
_running: Final[set[subprocess.Popen[bytes]]] = set()


def find(program: str) -> str:
    """Return the path of a program of the system.

    Raises:
        UnsupportedError: the machine does not have it.
    """
    found = shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if found is None:
        raise UnsupportedError(f"{program} is not installed")
    return found


def run(
    argv: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> None:
    """Run a program, its output appended to the log.

    Raises:
        BrokenError: it failed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        sink.write(f"$ {' '.join(argv)}\n".encode())
        sink.flush()
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env=None if environment is None else {**os.environ, **environment},
            cwd=directory,
            start_new_session=True,
        )
        _running.add(child)
        try:
            code = child.wait()
        except BaseException:
            _end(child)
            raise
        finally:
            _running.discard(child)
    if code != 0:
        raise BrokenError(f"{' '.join(argv[:3])} ... ended with {code}", log)


def end_running() -> None:
    """End what other threads are running, so that they need not be waited for."""
    for child in list(_running):
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE)
            return


def ask(argv: Sequence[str]) -> str:
    """Run a program and return what it prints.

    Raises:
        BrokenError: it failed.
    """
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BrokenError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout
