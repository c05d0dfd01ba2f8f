"""A server of the running node, ended and started again with the same words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import processes
from tests.cluster.errors import BrokenError
from tests.cluster.record import Record

if TYPE_CHECKING:
    from tests.cluster.places import Places


def restart(places: Places, name: str) -> None:
    """End a server, and start it again; it may take some seconds until it serves.

    Args:
        places: of the node.
        name: of the server, as `up` calls it.

    Raises:
        BrokenError: there is none.
    """
    record = Record.read(places.record)
    process = record.find(name) if record is not None else None
    if record is None or process is None or not process.alive:
        raise BrokenError(f"{name} does not run")
    argv = _words(process.pid, "cmdline")
    environment = dict(word.split("=", 1) for word in _words(process.pid, "environ"))
    processes.end([process], 0)
    record.processes.remove(process)
    record.add(
        processes.start(
            name,
            argv,
            log=places.logs / f"{name}.log",
            directory=places.state,
            environment=environment,
        )
    )


def _words(pid: int, file: str) -> list[str]:
    return [word.decode() for word in Path(f"/proc/{pid}/{file}").read_bytes().split(b"\0") if word]
