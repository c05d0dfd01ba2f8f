"""Run actionlint over the workflows and the example's; the first finding fails.

It is built from its Go module.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.golang import NoGoError, build  # noqa: E402 - the path comes first

ACTION: Final = "actions/restore/action.yml"
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
    words = [str(program), "-no-color", f"-shellcheck={shellcheck}", "-pyflakes="]
    with tempfile.TemporaryDirectory() as name:
        copied = _as_copied(Path(name))
        codes = [subprocess.run(words, cwd=one, check=False).returncode for one in (ROOT, copied)]
    return max(codes)


def _as_copied(directory: Path) -> Path:
    """Return a repository with examples/github where its comments say that it goes.

    actionlint reads an action only beside a workflow that uses it.
    """
    (directory / ".git").mkdir()
    for name, place in (("workflow.yml", "workflows/restore.yml"), ("action.yml", ACTION)):
        (directory / ".github" / place).parent.mkdir(parents=True)
        shutil.copy(ROOT / "examples/github" / name, directory / ".github" / place)
    return directory


if __name__ == "__main__":
    sys.exit(main())
