"""The project's own name and version, in one place."""

from typing import Final

NAME: Final = "kubectl restore"
"""What a user types; messages and help take it from here."""

KREW_NAME: Final = "restore"
"""What krew calls the plugin, and makes its command of. Its index may ask for another; the manifest
then says how to have the usual command too."""

HOMEPAGE: Final = "https://kubectl-restore.example"
"""Where the project stands, and its releases below it. Whoever publishes it puts the real address
here; this one is reserved (RFC 2606) and leads nowhere."""

VERSION: Final = "0.1.0"
