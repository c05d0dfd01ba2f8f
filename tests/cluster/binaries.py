"""Programs built from Go sources: Kubernetes by the module proxy, and the sleeper."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Final

from tests.cluster import cache, command
from tests.cluster.errors import BrokenError, UnsupportedError

_HERE: Final = Path(__file__).resolve().parent
_KUBERNETES: Final = _HERE / "kubernetes"
_SLEEPER: Final = _HERE / "sleeper"
_CONTAINERD: Final = _HERE / "containerd"
_OF_CONTAINERD: Final = ("containerd", "containerd-shim-runc-v2", "ctr")
_PROGRAMS: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")
_OLDEST_GO: Final = (1, 24)
_VERSION_PACKAGE: Final = "k8s.io/component-base/version"


def kubernetes_version() -> str:
    """Return the version that go.mod requires, as in v1.34.4."""
    found = re.search(r"k8s\.io/kubernetes (v\S+)", (_KUBERNETES / "go.mod").read_text())
    if found is None:
        raise BrokenError(f"{_KUBERNETES / 'go.mod'} requires no k8s.io/kubernetes")
    return found[1]


def all_built(place: Path) -> bool:
    """Return whether nothing is left to build.

    Raises:
        UnsupportedError: something is, and there is no Go for it.
    """
    if all((place / name).is_dir() for name in (_kubernetes_entry(), _sleeper_entry())):
        return True
    _go()
    return False


def kubernetes(place: Path, log: Path) -> Path:
    """Return the directory with the four programs of Kubernetes, built on the first call."""
    packages = [f"k8s.io/kubernetes/cmd/{program}" for program in _PROGRAMS]
    return cache.entry(
        place,
        _kubernetes_entry(),
        lambda target: _build(_KUBERNETES, packages, _linker_flags(), target, log),
    )


def containerd(place: Path, log: Path) -> Path:
    """Return the directory with containerd 2, its shim and its client, built on the first call."""
    files = (_CONTAINERD / "go.mod", _CONTAINERD / "go.sum")
    packages = [f"github.com/containerd/containerd/v2/cmd/{name}" for name in _OF_CONTAINERD]
    return cache.entry(
        place,
        f"containerd-{cache.key(*files, *_OF_CONTAINERD)}",
        lambda target: _build(_CONTAINERD, packages, "-s -w", target, log),
    )


def sleeper(place: Path, log: Path) -> Path:
    """Return the path of the static program that only sleeps, built on the first call."""
    target = cache.entry(
        place,
        _sleeper_entry(),
        lambda target: _build(_SLEEPER, ["."], "-s -w", target, log),
    )
    return target / "sleeper"


def _kubernetes_entry() -> str:
    files = (_KUBERNETES / "go.mod", _KUBERNETES / "go.sum")
    return f"kubernetes-{cache.key(*files, _linker_flags(), *_PROGRAMS)}"


def _sleeper_entry() -> str:
    return f"sleeper-{cache.key(_SLEEPER / 'go.mod', _SLEEPER / 'main.go')}"


def _linker_flags() -> str:
    version = kubernetes_version()
    major, minor, *_ = version.removeprefix("v").split(".")
    stamps = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    return " ".join(
        ["-s -w", *(f"-X {_VERSION_PACKAGE}.{name}={value}" for name, value in stamps.items())]
    )


def _build(source: Path, packages: list[str], flags: str, target: Path, log: Path) -> None:
    command.run(
        [
            _go(),
            "build",
            "-p",
            str(os.cpu_count() or 2),
            "-trimpath",
            "-ldflags",
            flags,
            "-o",
            f"{target}/",
            *packages,
        ],
        log=log,
        environment={"CGO_ENABLED": "0"},
        directory=source,
    )


def _go() -> str:
    go = shutil.which("go")
    if go is None:
        raise UnsupportedError("Go is not installed (go is not on PATH)")
    said = command.ask([go, "env", "GOVERSION"]).strip()
    found = re.match(r"go(\d+)\.(\d+)", said)
    if found and (int(found[1]), int(found[2])) < _OLDEST_GO:
        raise UnsupportedError(f"Go 1.24 or newer is needed, here is {said}")
    return go
