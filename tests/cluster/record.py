"""What `up` writes down, so that a later `up` or `down` knows what is there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from tests.cluster.processes import Process

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Record:
    """One node's record, in a file that is replaced at every change.

    Attributes:
        file: where it stands.
        packages: the unpacked programs that the node runs with.
        instead: a directory of programs that it runs with instead of some of these.
        images: the docker archive that its images come from.
        port: the API server's port.
        complete: whether the node came up completely.
        settings: the kernel's settings from before.
        processes: all servers started, oldest first.
    """

    file: Path
    packages: str = ""
    instead: str = ""
    images: str = ""
    port: int = 0
    complete: bool = False
    settings: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path) -> Record | None:
        """Return the record of a node, None where there is none."""
        try:
            content = json.loads(file.read_text())
        except FileNotFoundError:
            return None
        return cls(
            file=file,
            packages=content["packages"],
            instead=content.get("instead", ""),
            images=content.get("images", ""),
            port=content["port"],
            complete=content["complete"],
            settings=content["settings"],
            processes=[Process(**process) for process in content["processes"]],
        )

    def write(self) -> None:
        """Put the record on disk, whole or not at all."""
        content = asdict(self)
        del content["file"]
        unfinished = self.file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(content, indent=1))
        unfinished.replace(self.file)

    def add(self, process: Process) -> None:
        """Remember a process."""
        self.processes.append(process)
        self.write()

    def find(self, name: str) -> Process | None:
        """Return the newest process of that name."""
        named = [process for process in self.processes if process.name == name]
        return named[-1] if named else None
