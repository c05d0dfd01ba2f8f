"""The project's own name and version, in one place."""

from typing import Final

NAME: Final = "kubectl restore"
"""What a user types; messages and help take it from here."""

KREW_NAME: Final = "restore"
"""What krew calls the plugin; its index may ask for another name, the command stays."""

HOMEPAGE: Final = "https://kubectl-restore.example"
"""Where the project stands, and its releases below it. Whoever publishes it puts the real address
here; this one is reserved (RFC 2606) and leads nowhere."""

VERSION: Final = "0.1.0"
