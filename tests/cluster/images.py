"""The images that the test pods run, made here because there is no registry.

A new kind of pod needs a function that fills a layer, and a row in IMAGES.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.cluster import archives, cache, command

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cluster.archives import Layer
    from tests.cluster.packages import Programs

DEBIAN_RELEASE: Final = "bookworm"
PAUSE: Final = "restore.test/pause:latest"

_MIRROR: Final = "http://deb.debian.org/debian"
_USERS: Final = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/tmp:/bin/sh\n"
_GROUPS: Final = "root:x:0:\napp:x:1000:\n"
_DEBIAN_WITHOUT: Final = (
    "dev",
    "proc",
    "sys",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
)


@dataclass(frozen=True, slots=True)
class Sources:
    """What images are made of.

    Attributes:
        programs: the unpacked Debian packages.
        sleeper: the static program that only sleeps.
        scratch: where a large tree may stand for a while.
        log: where commands write.
    """

    programs: Programs
    sleeper: Path
    scratch: Path
    log: Path


@dataclass(frozen=True, slots=True)
class Image:
    """One image.

    Attributes:
        name: as pods name it.
        fill: writes its only layer.
        entrypoint: what runs when a pod names no command.
    """

    name: str
    fill: Callable[[Layer, Sources], None]
    entrypoint: tuple[str, ...]


def archives_of_all(place: Path, sources: Sources) -> list[Path]:
    """Return the docker archives of all images, made on the first call."""
    determined = cache.key(
        Path(__file__).resolve(),
        Path(archives.__file__).resolve(),
        str(sources.programs.root.name),
        str(sources.sleeper.parent.name),
    )
    folder = cache.entry(place, f"images-{determined}", lambda target: _make(target, sources))
    return sorted(folder.glob("*.tar"))


def _make(target: Path, sources: Sources) -> None:
    for image in IMAGES:
        layer, path = archives.open_layer(target)
        with layer.tar:
            image.fill(layer, sources)
        short = image.name.rpartition("/")[2].partition(":")[0]
        archives.pack(path, target / f"{short}.tar", name=image.name, entrypoint=image.entrypoint)
        path.unlink()


def _busybox(layer: Layer, sources: Sources) -> None:
    busybox = sources.programs.busybox
    applets = command.ask([str(busybox), "--list-full"]).split()
    folders = {str(parent) for applet in applets for parent in Path(applet).parents} - {"."}
    for folder in sorted({*folders, "etc", "root", "data"}):
        layer.directory(folder)
    layer.directory("tmp", 0o1777)
    layer.text("etc/passwd", _USERS)
    layer.text("etc/group", _GROUPS)
    layer.program("bin/busybox", busybox)
    for applet in applets:
        if applet != "bin/busybox":
            layer.link(applet, "/bin/busybox")


def _debian(layer: Layer, sources: Sources) -> None:
    programs = sources.programs
    keyring = programs.root / "usr/share/keyrings/debian-archive-keyring.gpg"
    with tempfile.TemporaryDirectory(dir=sources.scratch) as folder:
        # A new root directory belongs to everybody, as `/` does, unlike a temporary directory.
        root = Path(folder) / "root"
        root.mkdir()
        command.run(
            [
                # debootstrap mounts /proc; here it cannot stay behind, whatever happens.
                command.find("unshare"),
                "--mount",
                programs.find("debootstrap"),
                "--variant=minbase",
                f"--keyring={keyring}",
                DEBIAN_RELEASE,
                str(root),
                _MIRROR,
            ],
            log=sources.log,
            environment={
                "DEBOOTSTRAP_DIR": str(programs.root / "usr/share/debootstrap"),
                "PATH": programs.path,
            },
        )
        layer.tree(root, _DEBIAN_WITHOUT)
    for empty in ("dev", "proc", "sys", "data", "var/log", "var/lib/apt/lists"):
        layer.directory(empty)


def _static(layer: Layer, sources: Sources) -> None:
    layer.program("sleeper", sources.sleeper)


IMAGES: Final = (
    Image("restore.test/busybox:latest", _busybox, ("/bin/sh",)),
    Image("restore.test/debian:latest", _debian, ("/bin/bash",)),
    Image("restore.test/static:latest", _static, ("/sleeper",)),
    Image(PAUSE, _static, ("/sleeper",)),
)
