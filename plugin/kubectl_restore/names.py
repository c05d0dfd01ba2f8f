"""Names of files as bytes, and the one way to show them to a person."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_PLAIN: Final = {ord("\t"): "\\t", ord("\n"): "\\n", ord("\r"): "\\r", ord("\\"): "\\\\"}


def shown(name: bytes) -> str:
    r"""Return a name as text that cannot do anything to a terminal.

    Control characters, format characters (bidirectional overrides among them) and bytes that
    are not UTF-8 come out as escapes (`\n`, `\x1b`, `\u202e`, `\xff`), as `ls --escape` would.
    The text is meant for people; it is unambiguous because a backslash is doubled.
    """
    parts: list[str] = []
    for character in name.decode("utf-8", "surrogateescape"):
        code = ord(character)
        if code in _PLAIN:
            parts.append(_PLAIN[code])
        elif 0xDC80 <= code <= 0xDCFF:
            parts.append(f"\\x{code - 0xDC00:02x}")
        elif character.isprintable():
            parts.append(character)
        elif code <= 0xFF:
            parts.append(f"\\x{code:02x}")
        elif code <= 0xFFFF:
            parts.append(f"\\u{code:04x}")
        else:
            parts.append(f"\\U{code:08x}")
    return "".join(parts)


def shown_text(text: str | bytes) -> str:
    """Return foreign text (a tool's own words) safe for a terminal, its lines kept apart.

    A backslash stays single here: tools escape names in their own ways already.
    """
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return "\n".join(
        shown(line.replace(b"\r", b"")).replace("\\\\", "\\") for line in raw.split(b"\n")
    )


def pasteable(path: Path) -> str:
    """Return a path quoted for a shell, without anything that could move a terminal."""
    raw = os.fsencode(path)
    if shown(raw) == str(path) and path.name.isprintable():
        return shlex.quote(str(path))
    # bash, zsh, ksh and busybox know $'...'; every odd byte is an escape in it.
    escaped = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\\'" else f"\\x{byte:02x}"
        for byte in raw
    )
    return f"$'{escaped}'"
