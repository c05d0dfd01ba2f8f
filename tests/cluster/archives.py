"""Docker archives, written with tarfile."""

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
    from collections.abc import Mapping, Sequence

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

    def hide(self, path: str) -> None:
        """Take away what a lower layer has at a path."""
        folder, _, name = path.rpartition("/")
        self.text(f"{folder}/.wh.{name}", "")

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


@dataclass(frozen=True, slots=True)
class Contents:
    """What an image consists of.

    Attributes:
        name: as pods name it.
        layers: names of layers, the lowest first.
        entrypoint: what runs when a pod names no command.
    """

    name: str
    layers: tuple[str, ...]
    entrypoint: tuple[str, ...]


def pack(target: Path, layers: Mapping[str, Path], images: Sequence[Contents]) -> None:
    """Make one docker archive of several images, which may have finished layers in common."""
    machine = platform.machine()
    identities = {name: f"sha256:{_digest(path)}" for name, path in layers.items()}
    manifest: list[dict[str, object]] = []
    with tarfile.open(target, "w") as tar:
        archive = Layer(tar)
        for name, path in layers.items():
            archive.program(f"{name}.tar", path)
        for image in images:
            configuration = json.dumps(
                {
                    "architecture": _ARCHITECTURES.get(machine, machine),
                    "os": "linux",
                    "config": {"Env": [_PATH], "Entrypoint": list(image.entrypoint)},
                    "rootfs": {
                        "type": "layers",
                        "diff_ids": [identities[name] for name in image.layers],
                    },
                }
            )
            digest = hashlib.sha256(configuration.encode()).hexdigest()
            if all(entry["Config"] != f"{digest}.json" for entry in manifest):
                archive.text(f"{digest}.json", configuration)
            manifest.append(
                {
                    "Config": f"{digest}.json",
                    "RepoTags": [image.name],
                    "Layers": [f"{name}.tar" for name in image.layers],
                }
            )
        archive.text("manifest.json", json.dumps(manifest))


def open_layer(folder: Path) -> tuple[Layer, Path]:
    """Begin a layer in a new file in the folder; the caller closes its tar."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix="layer-", delete=False) as file:
        path = Path(file.name)
    return Layer(tarfile.open(path, "w", format=tarfile.GNU_FORMAT)), path


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
