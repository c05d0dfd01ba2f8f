"""Where a mistake is made: a directory with backups, and pods of the embedded cluster."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.contract import trees
from tests.contract.program import environment, program
from tests.normalised import normalised

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster, Pod

_LAYERS: Final = ("Error: ", "Reason: ", "Fix: ")
_FIX: Final = re.compile(r"kubectl restore .*")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code.
        said: the error's lines.
        directory: where it was run.
    """

    code: int
    said: tuple[str, ...]
    directory: str

    @property
    def text(self) -> str:
        """The lines without what is another one each time."""
        return normalised("\n".join(self.said), self.directory)

    @property
    def fix(self) -> str | None:
        """The last command of ours in the last layer; None where it has none to paste."""
        begun = [number for number, line in enumerate(self.said) if line.startswith("Fix: ")]
        lines = self.said[begun[0] :] if begun else ()
        found = [one[0] for one in map(_FIX.search, lines) if one is not None]
        return found[-1] if found and "POD" not in found[-1] else None


@dataclass(slots=True)
class Stage:
    """Set up anew for each mistake.

    Attributes:
        cluster: the embedded one.
        directory: where the command is run, with `backup.tar` in it.
        variables: of its environment.
        interrupted: the command is ended by Ctrl-C once it restores.
    """

    cluster: Cluster
    directory: Path
    variables: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    def __post_init__(self) -> None:
        """Write the backup."""
        self.directory.mkdir(exist_ok=True)
        self.write("backup.tar", trees.small())
        self.variables = {"KUBECONFIG": str(self.cluster.kubeconfig)}

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        (self.directory / name).write_bytes(content)

    def pod(self, kind: str = "debian") -> Pod:
        """Return an empty pod."""
        return self.cluster.pod(kind)

    def kubeconfig(self, **changed: object) -> None:
        """Have the command use a changed kubeconfig."""
        config = json.loads(self.cluster.kubeconfig.read_text("utf-8"))
        config |= changed
        path = self.directory / "kubeconfig"
        path.write_text(json.dumps(config), "utf-8")
        path.chmod(0o600)
        self.variables["KUBECONFIG"] = str(path)

    def run(self, words: str) -> Ended:
        """Run `kubectl restore` with these words."""
        lines: list[str] = []
        with subprocess.Popen(
            [*program(), *shlex.split(words)],
            cwd=self.directory,
            env=environment(**self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            encoding="utf-8",
            errors="surrogateescape",
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                lines.append(line.rstrip("\n"))
                if self.interrupted and "restoring" in line:
                    time.sleep(0.5)
                    os.killpg(process.pid, signal.SIGINT)
                    self.interrupted = False
        begun = [number for number, line in enumerate(lines) if line.startswith(_LAYERS[0])]
        said = tuple(lines[begun[0] :]) if begun else ()
        return Ended(process.returncode, said, str(self.directory))
