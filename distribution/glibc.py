"""The oldest GNU C library that the Linux archives run on."""

from typing import Final

OLDEST: Final = (2, 35)
"""What the build machine's libpython needs (the wheels are content with 2.17). Documents are
made from this, and tests/frozen holds the program to it."""
