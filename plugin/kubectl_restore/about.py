"""The project's own name and version, in one place."""

from typing import Final

NAME: Final = "kubectl restore"
"""What a user types; messages and help take it from here."""

VERSION: Final = "0.1.0"
