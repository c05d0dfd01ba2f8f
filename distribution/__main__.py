"""`make dist`: build all that users install into dist/."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from distribution.archive import pack
from distribution.checksums import write_checksums
from distribution.frozen import freeze
from distribution.inventory import take_inventory
from distribution.licences import licence_texts
from distribution.manifest import manifest
from distribution.platforms import this_platform
from distribution.sbom import sbom_text
from distribution.source import ROOT, copy_source
from distribution.wheel import build_wheel
from kubectl_restore.about import KREW_NAME, VERSION

if TYPE_CHECKING:
    from distribution.source import Source


def main() -> None:
    """Build the archive, the wheel and their checksums."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="default: dist")
    into = parser.parse_args().into.absolute()
    into.mkdir(parents=True, exist_ok=True)
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="kubectl-restore-") as name:
        work = Path(name).resolve()
        source = copy_source(work / "source")
        program = _program(source, work)
        _replace(program, into / program.name)
        archive = into / f"{_stem()}_{'_'.join(this_platform())}.tar.gz"
        pack(program, archive, epoch=source.epoch)
        wheel = build_wheel(source, work / "wheel")
        shutil.copyfile(wheel, into / wheel.name)
    # Other platforms' archives of the same version may have been put beside ours.
    sums = write_checksums(into)
    krew = into / f"{KREW_NAME}.yaml"
    krew.write_text(manifest(into.glob(f"{_stem()}_*.tar.gz")), "utf-8")
    for path in (archive, into / wheel.name, sums, krew):
        print(f"{path.stat().st_size:>12,} {path}")


def _stem() -> str:
    return f"kubectl-restore_v{VERSION}"


def _program(source: Source, work: Path) -> Path:
    """Build the directory that is packed."""
    frozen = freeze(source, work)
    inventory = take_inventory(frozen)
    shutil.copyfile(source.root / "LICENSE", frozen.directory / "LICENSE")
    shutil.copyfile(source.root / "docs/kubectl-restore.1", frozen.directory / "kubectl-restore.1")
    licences = licence_texts(inventory)
    (frozen.directory / "THIRD_PARTY_LICENSES").write_text(licences, "utf-8")
    sbom = sbom_text(source, inventory, VERSION)
    (frozen.directory / "sbom.cdx.json").write_text(sbom, "utf-8")
    return frozen.directory


def _replace(program: Path, target: Path) -> None:
    """Leave the unpacked program too, for tests and benchmarks."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(program, target, symlinks=True)


if __name__ == "__main__":
    main()
