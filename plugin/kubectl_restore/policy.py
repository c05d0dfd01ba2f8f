"""What the user allows to happen to what stands there already."""

from __future__ import annotations

from enum import StrEnum


class Overwrite(StrEnum):
    """`--overwrite`: what becomes of a path at which something else stands than the backup has.

    What is the same already is kept by all of them but `ALWAYS`.
    """

    REFUSE = "refuse"
    """It is in the way: nothing is changed at all."""
    IF_CHANGED = "if-changed"
    """It is replaced (`--force`)."""
    IF_NEWER = "if-newer"
    """It is replaced where the backup's modification time is later, else it stays."""
    NEVER = "never"
    """It stays."""
    ALWAYS = "always"
    """Everything is sent again."""
