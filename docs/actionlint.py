"""Run actionlint over the workflows; the first finding fails. It is built from its Go module."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.golang import NoGoError, build  # noqa: E402 - the path comes first

PACKAGE: Final = "github.com/rhysd/actionlint/cmd/actionlint"


def main() -> int:
    """Check them all; without Go none is checked, and in CI that fails."""
    try:
        program = build(ROOT / "tests/workflows", PACKAGE) / "actionlint"
    except NoGoError as error:
        sys.stderr.write(f"the workflows were not looked at: {error}\n")
        return 1 if os.environ.get("CI") else 0
    # The locked shellcheck reads the commands; what else this machine has decides nothing.
    shellcheck = Path(sys.executable).with_name("shellcheck")
    return subprocess.run(
        [program, "-no-color", f"-shellcheck={shellcheck}", "-pyflakes="], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
