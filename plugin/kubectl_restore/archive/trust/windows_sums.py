"""Lists of checksums as Windows' tools write them, made into sha256sum's lines. No I/O here.

PowerShell's `>` writes UTF-16 with a mark; `certutil -hashfile FILE SHA256` three lines, older ones
with blanks between the digits; `Get-FileHash` a table, or with `Format-List` a field a line.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_MARKS: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEX: Final = rb"[0-9a-fA-F]{64}"
_CERTUTIL: Final = re.compile(
    rb"SHA256[^\r\n]*? (?:of|von|de|di) (?:file |Datei )?([^\r\n]+?):[ \t]*\r?\n"
    rb"((?:[0-9a-fA-F]{2} ?){31}[0-9a-fA-F]{2}) *\r?\nCertUtil:[^\n]*",
)
_TABLE: Final = re.compile(
    rb"^SHA256[ \t]+(" + _HEX + rb")[ \t]+(\S[^\r\n]*?)[ \t]*\r?$", re.MULTILINE
)
_LIST: Final = re.compile(
    rb"Algorithm[ \t]*:[ \t]*SHA256[ \t]*\r?\nHash[ \t]*:[ \t]*(" + _HEX + rb")[ \t]*\r?\n"
    rb"Path[ \t]*:[ \t]*(\S[^\r\n]*?)[ \t]*\r?(?=\n|\Z)",
)


def as_lines(data: bytes) -> bytes:
    """Return what a list says as lines of sha256sum's; any other as it is.

    Names keep what stands behind their last backslash: the directories are another machine's.
    """
    text = _decoded(data)
    found = [(digits.replace(b" ", b""), name) for name, digits in _CERTUTIL.findall(text)]
    found += _TABLE.findall(text) + _LIST.findall(text)
    if not found:
        return text
    return b"".join(
        digits.lower() + b"  " + name.strip().rpartition(b"\\")[2] + b"\n" for digits, name in found
    )


def _decoded(data: bytes) -> bytes:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.removeprefix(mark)
            return text[: len(text) // 2 * 2].decode(encoding, "replace").encode()
    return data
