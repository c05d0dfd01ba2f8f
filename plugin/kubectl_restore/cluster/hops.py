"""Which hop speaks: how far a request of kubectl's had come when it was answered with an error.

The words of a hop further in are quoted by those further out ("error dialing backend: tls: ..."),
so the outermost ones tell: those that come first in the line.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Hop(StrEnum):
    """The hops of a request, in its order."""

    CLIENT = "kubectl and its configuration"
    LOGIN = "authentication"
    ROUTE = "the way to the API server"
    POLICY = "authorisation and admission"
    SERVER = "the API server"
    NODE = "the API server to the node"
    RUNTIME = "the runtime and the container"


# Compiled when the first message is read: most restores never need them.
_MARKS: Final[dict[Hop, str]] = {
    Hop.CLIENT: (
        r"Error in configuration|rror loading config file|invalid configuration"
        r"|couldn't get version/kind|[Uu]nknown (shorthand )?flag|^error: invalid argument"
        r"|context was not found for specified context|context \S+ does not exist"
        r'|no context exists with the name|(cluster|auth info) "[^"]*" does not exist'
        r"|error occurred while applying preferences|invalid 'proxy-url'|proxy: unknown scheme"
        r"|Invalid timeout value|without impersonating a user|current-context must exist"
        r"|unable to read (client-cert|client-key|certificate-authority)"
        r"|unable to load root certificates|could not load .* certificate"
        r"|getting credentials: plugin .*(not allowed|not permitted)"
    ),
    Hop.LOGIN: (
        r"getting credentials: |exec plugin|You must be logged in|\bUnauthorized\b"
        r"|provide credentials"
    ),
    Hop.POLICY: (
        r"\(Forbidden\)(?!: Forbidden \(user=)|is forbidden: |admission webhook \""
        r"|AdmissionPolicy '|failed calling webhook|^The \S+ \"[^\"]*\" is invalid: "
        r"|: Forbidden$"
    ),
    Hop.SERVER: (
        r"\((ServiceUnavailable|Timeout|TooManyRequests|Gone|Expired)\)|etcdserver: "
        r'|(pods|namespaces) "[^"]*" not found|is not valid for pod|in a completed pod'
        r"|could not find the requested resource|doesn't have a resource type"
    ),
    Hop.NODE: (
        r"error dialing backend|Forbidden \(user=|nodes \"[^\"]*\" not found"
        r"|no preferred addresses found|does not have a host assigned|No agent available"
        r"|error trying to reach service"
    ),
    Hop.RUNTIME: (
        r"OCI runtime|error executing command in container|failed to exec in container"
        r"|container not found|cannot exec in a |rpc error: code|no running task"
        r"|container is not created or running|executable file not found|exec format error"
        r"|CONTAINER_EXITED"
    ),
    Hop.ROUTE: (
        r"The connection to the server|dial tcp|websocket: |connection reset by peer|broken pipe"
        r"|unexpected EOF|i/o timeout|context deadline exceeded|Client\.Timeout|handshake timeout"
        r"|request canceled|no such host|server misbehaving|connection refused|no route to host"
        r"|network is unreachable|tls: |x509: |use of closed network|http2: |proxyconnect"
    ),
}
_FRAMES: Final = (
    ((r"^Unable to connect to the server"), Hop.ROUTE),
    ((r"^Error from server|^(error: )?Internal error occurred"), Hop.SERVER),
    ((r"unable to upgrade connection|error sending request|error stream"), Hop.ROUTE),
)
"""What stands around the words of any hop; it tells where nothing else does."""


def hop_of(line: str) -> Hop | None:
    """Return which hop speaks in a line of kubectl's; None where no words of it are known."""
    found = [
        (match.start(), order, hop)
        for order, (hop, marks) in enumerate(_MARKS.items())
        if (match := re.search(marks, line))
    ]
    if found:
        return min(found)[2]
    return next((hop for frame, hop in _FRAMES if re.search(frame, line)), None)
