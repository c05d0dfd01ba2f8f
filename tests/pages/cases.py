"""Every scene of the pages that are run."""

from __future__ import annotations

from typing import Final

from tests.pages.scenes import Scene

SCENES: Final = (Scene("docs/tutorial.md", pods=()),)
