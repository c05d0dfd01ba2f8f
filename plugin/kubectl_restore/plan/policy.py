"""What the user allows to happen to what stands there already, and how it is judged."""

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


class Comparison(StrEnum):
    """`--compare`: when a file that stands there has the backup's content."""

    METADATA = "metadata"
    """Kind, size and modification time are the backup's."""
    CHECKSUM = "checksum"
    """Its checksum is the backup's; the modification time does not matter."""


class Verification(StrEnum):
    """`--verify`: what is compared when everything has arrived."""

    SIZE = "size"
    """Kind, size, mode, owner and modification time."""
    CHECKSUM = "checksum"
    """Contents, too: the pod's checksums are held against ours."""
    NONE = "none"
    """Nothing; that the container's tar took everything and did not complain has to do."""


class Extras(StrEnum):
    """`verify --extras`: what stands beside the backup in its own directories."""

    IGNORE = "ignore"
    """It is not named."""
    REPORT = "report"
    """It is named; the pod may be as the backup all the same."""
    FAIL = "fail"
    """It is a difference as any other."""


class Salvage(StrEnum):
    """What is restored of a damaged backup."""

    NO = "no"
    WHOLE = "whole"
    """The members that are wholly there."""
    PARTIAL = "partial"
    """Beginnings of files too, under names that say so."""


class ScaleBack(StrEnum):
    """`--scale-back`: when the pods that were scaled down are wanted again."""

    SUCCESS = "success"
    """When everything is restored and proved."""
    ALWAYS = "always"
    """However the restore ends, unless another one goes on."""
