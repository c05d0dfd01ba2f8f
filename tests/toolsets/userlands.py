"""What a container has in its PATH: userlands, each tool taken away, and sets of real images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.cluster import pods as node_pods
from tests.rust import COREUTILS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CHECKSUMS: Final = ("cksum", "md5sum", "sha1sum", "sha256sum")
TOOLS: Final = (*COREUTILS, "find", "grep", "gzip", "tar")
"""All that the agent calls, but for what every shell here has by itself (kill, printf, test)."""
_IMAGE: Final = "restore.test/tools:latest"
_GNU: Final = "/usr/bin"
_BUSYBOX: Final = "/usr/lib/tools/busybox"
_NEW_BUSYBOX: Final = "/usr/lib/tools/new/busybox"
_TOYBOX: Final = "/usr/lib/tools/toybox"
_REPO_INFO: Final = "docker-library/repo-info, repos"


@dataclass(frozen=True, slots=True)
class Userland:
    """A row of the matrix.

    Attributes:
        name: what the row is called; a pod is called like it.
        table: what its table is called.
        tools: what its PATH leads to.
        source: where a real image's tools are known from.
    """

    name: str
    table: str
    tools: Mapping[str, str]
    source: str = ""

    @property
    def pod(self) -> node_pods.Pod:
        """The pod that has it, and nothing else in its PATH."""
        kind = "".join(one if one.isalnum() else "-" for one in f"{self.table}-{self.name}".lower())
        first = ("/bin/sleep", "100000000")
        container = node_pods.Container("app", _IMAGE, command=first, tools=self.tools)
        return node_pods.Pod(kind.strip("-").replace("--", "-"), (container,))


def _gnu(tools: Iterable[str], shell: str = "dash") -> dict[str, str]:
    return {"sh": f"{_GNU}/{shell}"} | {name: f"{_GNU}/{name}" for name in tools}


def _of_one(program: str, tools: Iterable[str], shell: str) -> dict[str, str]:
    return {"sh": shell} | dict.fromkeys(tools, program)


def _without(table: str, tools: Mapping[str, str], always: Iterable[str] = ()) -> list[Userland]:
    """Return a userland as it is, and with each of its tools taken away, and all for checksums."""
    left = {name: program for name, program in tools.items() if name not in set(always)}
    rows = [Userland("nothing", table, left)]
    groups: list[tuple[str, ...]] = [(one,) for one in TOOLS if one in left]
    for some in [*groups, _CHECKSUMS]:
        rest = {name: program for name, program in left.items() if name not in some}
        rows.append(Userland(", ".join(some), table, rest))
    return rows


GNU: Final = "GNU"
NO_TAR: Final = "GNU without tar"
BUSYBOX: Final = "busybox"
IMAGES: Final = "images"
_NO_TAR_NO_FIND: Final = [name for name in TOOLS if name not in {"find", "gzip", "tar"}]
USERLANDS: Final = (
    *_without(GNU, _gnu(TOOLS)),
    *_without(NO_TAR, _gnu(TOOLS), ["tar"]),
    # busybox's own shell would run its own tools, whatever stands in PATH.
    *_without(BUSYBOX, _of_one(_BUSYBOX, TOOLS, f"{_GNU}/dash")),
    Userland(
        "amazonlinux:2023",
        IMAGES,
        _gnu(_NO_TAR_NO_FIND, "bash"),
        f"bash, coreutils-single, grep: {_REPO_INFO}/amazonlinux/local/2023.md at 583515f; no "
        "findutils: amazonlinux/amazon-linux-2023, issue 355",
    ),
    Userland(
        "ubi9-minimal",
        IMAGES,
        _gnu(_NO_TAR_NO_FIND, "bash"),
        "bash, coreutils-single, grep: from memory of its package list; that tar, gzip and "
        "findutils have to be installed: many public Dockerfiles (`microdnf install tar gzip "
        "findutils`)",
    ),
    Userland(
        "ubi9-micro",
        IMAGES,
        _gnu(COREUTILS, "bash"),
        "bash, coreutils-single: the list of an installation in fatherlinux/ubi-micro, issue 5 "
        "(UBI 8); for 9 from memory of its package list",
    ),
    Userland(
        "oraclelinux:9-slim",
        IMAGES,
        _gnu([name for name in TOOLS if name != "gzip"], "bash"),
        "bash, coreutils-single, findutils, grep, tar, no gzip: "
        f"{_REPO_INFO}/oraclelinux/local/9-slim.md at 032dfd8",
    ),
    Userland(
        "wolfi-base",
        IMAGES,
        _of_one(_NEW_BUSYBOX, TOOLS, _NEW_BUSYBOX),
        "busybox 1.38, all tools of ours on in its configuration: wolfi-dev/os, wolfi-base.yaml "
        "and busybox/busyboxconfig at 8190a16",
    ),
    Userland(
        "photon:5.0",
        IMAGES,
        _of_one(_TOYBOX, [name for name in TOOLS if name not in {"dd", "tr"}], f"{_GNU}/bash"),
        f"bash, toybox: {_REPO_INFO}/photon/local/latest.md at 72e4be7 (photon 4.0); no dd and no "
        "tr in it: vmware/photon, SPECS/toybox/config-toybox at 08016b3",
    ),
    Userland(
        "debian:bookworm-slim",
        IMAGES,
        _gnu(TOOLS),
        "dash, coreutils, findutils, grep, gzip, tar are `Essential: yes` in Debian",
    ),
    Userland(
        "alpine:3.22",
        IMAGES,
        _of_one(_NEW_BUSYBOX, TOOLS, _NEW_BUSYBOX),
        f"busybox 1.37, its ash as sh: {_REPO_INFO}/alpine/local/3.22.md at 7859ce4",
    ),
)
