"""Makes archives by all programs that are here, as root: python -m tests.archives.make CORPUS.

What is made goes over what stands there; what is not made stays. Programs of Debian, npm's in
$NODE_MODULES, Go and Rust are used; the names of those that are missing are said.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.archives.make.answer import EXTRACT, extracted
from tests.archives.make.tree import make_awkward, make_plain

HERE: Final = Path(__file__).resolve().parent
_SCRIPTS: Final = ("tars.sh", "languages.sh", "packages.sh")
_LARGEST: Final = 64 * 1024
"""Bytes of an archive, compressed."""


def main() -> None:
    """Make all that can be made; write down how, and what GNU tar makes of it."""
    corpus = Path(sys.argv[1]).resolve()
    corpus.mkdir(exist_ok=True)
    manifest = corpus / "MANIFEST.json"
    known = json.loads(manifest.read_text()) if manifest.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        plain, awkward, out = place / "plain", place / "awkward", place / "out"
        for one in (plain, awkward, out):
            one.mkdir()
        make_plain(plain)
        make_awkward(awkward)
        for script in sys.argv[2:] or _SCRIPTS:
            subprocess.run(["sh", HERE / script, plain, awkward, out], check=False)
        for how in sorted(out.glob("*.how")):
            archive = how.with_suffix("")
            packed = lzma.compress(archive.read_bytes(), preset=9)
            if len(packed) > _LARGEST:
                print(f"{archive.name}: {len(packed)} bytes are too many", file=sys.stderr)
                continue
            answer, said = extracted(archive)
            (corpus / f"{archive.name}.xz").write_bytes(packed)
            (corpus / f"{archive.name}.txt").write_text(answer)
            program, version, command, code = how.read_text().splitlines()
            known[archive.name] = {
                **known.get(archive.name, {}),
                "program": program,
                "version": version,
                "how": command,
                "left_something_out": code != "0",
                "gnu_tar_said": said.replace(str(place), "PLACE"),
            }
    manifest.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")
    print(f"{len(known)} archives; extracted by {' '.join(EXTRACT)}")


main()
