"""The same package as a wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from distribution.source import Source


def build_wheel(source: Source, into: Path) -> Path:
    """Build it with the locked setuptools of this environment, without the network.

    Raises:
        subprocess.CalledProcessError: it cannot be built; what was said is on stderr.
    """
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(into)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(source.epoch), "PYTHONHASHSEED": "0"}
    subprocess.run([*command, str(source.root)], env=environment, check=True)
    (wheel,) = into.glob("*.whl")
    return wheel
