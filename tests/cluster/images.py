"""The images that the test pods run, made here because there is no registry.

An image is a row in IMAGES: a name, and the functions that fill its layers, the lowest first.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests import rust
from tests.cluster import archives, cache, command, debian
from tests.cluster.errors import BrokenError
from tests.cluster.packages import Programs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tests.cluster.archives import Layer
    from tests.cluster.debian import Tree

PAUSE: Final = "restore.test/pause:latest"

_OLDER: Final = "bullseye"
_NEWER: Final = "trixie"
_UUTILS: Final = "uutils"
_USERS: Final = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/tmp:/bin/sh\n"
_GROUPS: Final = "root:x:0:\napp:x:1000:\n"
_SINGLE: Final = ("usr/bin/bsdcat", "usr/bin/bsdcpio", "usr/bin/bsdtar", "usr/bin/toybox")
"""Programs of the Debian tree that only images of their own have."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What images are made of.

    Attributes:
        programs: the unpacked Debian packages.
        sleeper: the static program that only sleeps.
        tree: an installed Debian.
        others: what could be had of programs that a machine may lack: busybox by the other
            releases of Debian that have it, and uutils' programs.
    """

    programs: Programs
    sleeper: Path
    tree: Tree
    others: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def gather(cls, place: Path, programs: Programs, sleeper: Path, log: Path) -> Sources:
        """Return all sources, fetched on the first call."""
        others = {}
        for release in (_OLDER, _NEWER):
            try:
                root = debian.package(place, release, "busybox-static", programs, log)
                others[release] = Programs(root).busybox
            except BrokenError as problem:
                reason = str(problem).splitlines()[-1].strip()
                print(f"node: no busybox of Debian {release}: {reason}", file=sys.stderr)
        try:
            others[_UUTILS] = rust.build()
        except (rust.NoRustError, subprocess.CalledProcessError) as problem:
            print(f"node: no uutils: {problem}", file=sys.stderr)
        return cls(programs, sleeper, debian.tree(place, programs, log), others)


@dataclass(frozen=True, slots=True)
class Image:
    """One image.

    Attributes:
        name: as pods name it.
        layers: each writes a layer; layers of the same function are one.
        entrypoint: what runs when a pod names no command.
        needs: which of the others it needs; without that there is no such image.
    """

    name: str
    layers: tuple[Callable[[Layer, Sources], None], ...]
    entrypoint: tuple[str, ...]
    needs: str = ""


def archive_of_all(place: Path, sources: Sources) -> Path:
    """Return the docker archive of all images, made on the first call."""
    determined = cache.key(
        Path(__file__).resolve(),
        Path(archives.__file__).resolve(),
        sources.programs.root.name,
        sources.sleeper.parent.name,
        sources.tree.root.parent.name,
        *(str(path) for path in sources.others.values()),
    )
    name = f"images-{determined}"
    return cache.entry(place, name, lambda target: _make(target, sources)) / "images.tar"


def _make(target: Path, sources: Sources) -> None:
    images = [image for image in IMAGES if not image.needs or image.needs in sources.others]
    layers: dict[str, Path] = {}
    for fill in {fill: None for image in images for fill in image.layers}:
        layer, layers[_name(fill)] = archives.open_layer(target)
        with layer.tar:
            fill(layer, sources)
    contents = [
        archives.Contents(image.name, tuple(map(_name, image.layers)), image.entrypoint)
        for image in images
    ]
    archives.pack(target / "images.tar", layers, contents)
    for path in layers.values():
        path.unlink()


def _name(fill: Callable[[Layer, Sources], None]) -> str:
    return fill.__name__.strip("_")


def _users(layer: Layer) -> None:
    """Add what every root directory has that is made by hand."""
    for folder in ("bin", "etc", "root", "data"):
        layer.directory(folder)
    layer.directory("tmp", 0o1777)
    layer.text("etc/passwd", _USERS)
    layer.text("etc/group", _GROUPS)


def _applets(layer: Layer, program: Path, without: Collection[str] = ()) -> None:
    """Add a busybox outside PATH, with a link for each of its programs where it belongs."""
    applets = command.ask([str(program), "--list-full"]).split()
    folders = {str(parent) for applet in applets for parent in Path(applet).parents} - {".", "bin"}
    for folder in sorted({*folders, "usr/lib", "usr/lib/busybox"}):
        layer.directory(folder)
    layer.program("usr/lib/busybox/busybox", program)
    for applet in applets:
        if Path(applet).name not in without:
            layer.link(applet, "/usr/lib/busybox/busybox")


def _dynamic(layer: Layer, tree: Tree, program: str, path: str) -> None:
    """Add a program of the Debian tree, with the shared libraries that it needs."""
    layer.program(path, tree.file(program))
    for library in tree.libraries(program):
        layer.program(library.lstrip("/"), tree.file(library))


def _busybox(layer: Layer, sources: Sources) -> None:
    _users(layer)
    _applets(layer, sources.programs.busybox)


def _older_busybox(layer: Layer, sources: Sources) -> None:
    _users(layer)
    _applets(layer, sources.others[_OLDER])


def _newer_busybox(layer: Layer, sources: Sources) -> None:
    _users(layer)
    _applets(layer, sources.others[_NEWER])


def _busybox_nodd(layer: Layer, sources: Sources) -> None:
    # busybox's own shell would run its own dd, whatever stands in PATH.
    _users(layer)
    _applets(layer, sources.programs.busybox, {"ash", "busybox", "dd", "hush", "sh"})
    _dynamic(layer, sources.tree, "/bin/dash", "bin/sh")


def _toybox(layer: Layer, sources: Sources) -> None:
    _users(layer)
    _dynamic(layer, sources.tree, "/usr/bin/toybox", "bin/toybox")
    _dynamic(layer, sources.tree, "/bin/dash", "bin/sh")
    chroot = [command.find("chroot"), str(sources.tree.root), "/usr/bin/toybox"]
    for name in command.ask(chroot).split():
        if name not in {"dd", "sh", "toybox"}:
            layer.link(f"bin/{name}", "/bin/toybox")


def _debian(layer: Layer, sources: Sources) -> None:
    layer.tree(sources.tree.root, _SINGLE)
    layer.directory("data")


def _bsdtar(layer: Layer, sources: Sources) -> None:
    layer.program("usr/bin/tar", sources.tree.file("/usr/bin/bsdtar"))


def _nodd(layer: Layer, _sources: Sources) -> None:
    layer.hide("usr/bin/dd")


def _notar(layer: Layer, _sources: Sources) -> None:
    layer.hide("usr/bin/tar")


def _notar_busybox(layer: Layer, sources: Sources) -> None:
    # busybox's own shell would run its own tar, whatever stands in PATH.
    _users(layer)
    _applets(layer, sources.programs.busybox, {"ash", "busybox", "hush", "sh", "tar"})
    _dynamic(layer, sources.tree, "/bin/dash", "bin/sh")


def _lean(layer: Layer, _sources: Sources) -> None:
    for name in ("df", "find", "grep", "gzip", "id", "mktemp", "readlink", "stat", "xargs"):
        layer.hide(f"usr/bin/{name}")


def _uutils(layer: Layer, sources: Sources) -> None:
    layer.directory("usr/lib/uutils")
    for program in ("coreutils", *rust.FINDUTILS):
        layer.program(f"usr/lib/uutils/{program}", sources.others[_UUTILS] / program)
    for name in rust.COREUTILS:
        layer.link(f"usr/bin/{name}", "/usr/lib/uutils/coreutils")
    for name in rust.FINDUTILS:
        layer.link(f"usr/bin/{name}", f"/usr/lib/uutils/{name}")


def _others(layer: Layer, sources: Sources) -> None:
    """Add further userlands outside PATH, for containers whose PATH leads elsewhere."""
    for folder in ("usr/lib/tools", "usr/lib/tools/new"):
        layer.directory(folder)
    _dynamic(layer, sources.tree, "/usr/bin/toybox", "usr/lib/tools/toybox")
    layer.program("usr/lib/tools/busybox", sources.programs.busybox)
    layer.program("usr/lib/tools/new/busybox", sources.others[_NEWER])


def _bash(layer: Layer, _sources: Sources) -> None:
    layer.link("usr/bin/sh", "bash")


def _tar(layer: Layer, sources: Sources) -> None:
    _users(layer)
    _dynamic(layer, sources.tree, "/bin/tar", "bin/tar")
    layer.program("sleeper", sources.sleeper)


def _static(layer: Layer, sources: Sources) -> None:
    layer.program("sleeper", sources.sleeper)


IMAGES: Final = (
    Image("restore.test/busybox:latest", (_busybox,), ("/bin/sh",)),
    Image("restore.test/busybox-old:latest", (_older_busybox,), ("/bin/sh",), _OLDER),
    Image("restore.test/busybox-new:latest", (_newer_busybox,), ("/bin/sh",), _NEWER),
    Image("restore.test/busybox-nodd:latest", (_busybox_nodd,), ("/bin/sh",)),
    Image("restore.test/toybox:latest", (_toybox,), ("/bin/sh",)),
    Image("restore.test/debian:latest", (_debian,), ("/bin/bash",)),
    Image("restore.test/bsdtar:latest", (_debian, _bsdtar), ("/bin/bash",)),
    Image("restore.test/nodd:latest", (_debian, _nodd), ("/bin/bash",)),
    Image("restore.test/notar:latest", (_debian, _notar), ("/bin/bash",)),
    Image("restore.test/notar-busybox:latest", (_notar_busybox,), ("/bin/sh",)),
    Image("restore.test/lean:latest", (_debian, _lean), ("/bin/bash",)),
    Image("restore.test/tools:latest", (_debian, _others), ("/bin/bash",), _NEWER),
    Image("restore.test/uutils-new:latest", (_debian, _uutils), ("/bin/bash",), _UUTILS),
    Image("restore.test/bash-sh:latest", (_debian, _bash), ("/bin/bash",)),
    Image("restore.test/tar-only:latest", (_tar,), ("/sleeper",)),
    Image("restore.test/static:latest", (_static,), ("/sleeper",)),
    Image(PAUSE, (_static,), ("/sleeper",)),
)
