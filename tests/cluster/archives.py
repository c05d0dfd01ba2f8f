"""Docker archives of one layer, written with tarfile."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that is being written."""

    tar: tarfile.TarFile

    def directory(self, path: str, mode: int = 0o755) -> None:
        """Add a directory."""
        member = tarfile.TarInfo(path)
        member.type = tarfile.DIRTYPE
        member.mode = mode
        self.tar.addfile(member)

    def text(self, path: str, content: str) -> None:
        """Add a small file."""
        member = tarfile.TarInfo(path)
        member.size = len(content.encode())
        self.tar.addfile(member, io.BytesIO(content.encode()))

    def program(self, path: str, source: Path) -> None:
        """Add a program."""
        member = tarfile.TarInfo(path)
        member.size = source.stat().st_size
        member.mode = 0o755
        with source.open("rb") as file:
            self.tar.addfile(member, file)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        member = tarfile.TarInfo(path)
        member.type = tarfile.SYMTYPE
        member.linkname = target
        self.tar.addfile(member)

    def tree(self, root: Path, without: Sequence[str] = ()) -> None:
        """Add all that is below a directory, but for devices and what is named."""
        left_out = [PurePosixPath(path) for path in without]

        def accepted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
            path = PurePosixPath(member.name)
            if member.isdev() or any(path.is_relative_to(prefix) for prefix in left_out):
                return None
            return member

        for child in sorted(root.iterdir()):
            self.tar.add(child, arcname=child.name, filter=accepted)


def pack(layer: Path, target: Path, *, name: str, entrypoint: Sequence[str]) -> None:
    """Make a docker archive of a finished layer."""
    machine = platform.machine()
    configuration = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": {"Env": [_PATH], "Entrypoint": list(entrypoint)},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(layer)}"]},
        }
    )
    digest = hashlib.sha256(configuration.encode()).hexdigest()
    manifest = [{"Config": f"{digest}.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(target, "w") as tar:
        archive = Layer(tar)
        archive.text(f"{digest}.json", configuration)
        archive.text("manifest.json", json.dumps(manifest))
        archive.program("layer.tar", layer)


def open_layer(folder: Path) -> tuple[Layer, Path]:
    """Begin a layer in a new file in the folder; the caller closes its tar."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix="layer-", delete=False) as file:
        path = Path(file.name)
    return Layer(tarfile.open(path, "w", format=tarfile.GNU_FORMAT)), path


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
