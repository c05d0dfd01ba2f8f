"""What a file is by its first bytes: a compression that is read, or no backup, and what then."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Compression(StrEnum):
    """The packings that are read."""

    NONE = "none"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    ZSTD = "zstd"
    LZ4 = "lz4"


MAGIC: Final = {
    Compression.GZIP: b"\x1f\x8b",
    Compression.BZIP2: b"BZh",
    Compression.XZ: b"\xfd7zXZ\x00",
    Compression.ZSTD: b"\x28\xb5\x2f\xfd",
    Compression.LZ4: b"\x04\x22\x4d\x18",
}
"""How each member or frame of a compression begins."""


@dataclass(frozen=True, slots=True)
class FileType:
    """What something seems to be.

    Attributes:
        words: a clause for "the backup is ...".
        unpack: the program that decompresses it to stdout; empty where there is none.
        fix: how to come to a backup from it, `{path}` for the file; empty where nothing is known.
            What stands behind `<` may be a pipe as well.
        program: whose repository it is a part of; empty for none.
    """

    words: str
    unpack: str = ""
    fix: str = ""
    program: str = ""


_BORG: Final = "borg export-tar REPOSITORY::ARCHIVE backup.tar  # then restore backup.tar"
KOPIA: Final = "kopia snapshot restore SNAPSHOT unpacked && tar -cf backup.tar -C unpacked ."
_UNZIP: Final = "unzip -d unpacked -- {path} && tar -cf backup.tar -C unpacked ."
_SQL: Final = (
    "kubectl exec -i POD -- psql < {path}  # psql, mysql or sqlite3 FILE: the database's own client"
)
_SHOW: Final = "head -c 500 < {path}  # shows how it begins; then name a tar archive"


_PACKED: Final = "&& tar -cf backup.tar -C unpacked .  # then restore backup.tar"
_CPIO: Final = FileType(
    "a cpio archive", fix=f"mkdir unpacked && (cd unpacked && cpio -idm) < {{path}} {_PACKED}"
)
_PGP: Final = FileType(
    "encrypted or signed by PGP", fix="gpg -d < {path} > backup.tar  # then restore backup.tar"
)
_AGE: Final = FileType(
    "encrypted by age", fix="age -d -i KEY < {path} > backup.tar  # then restore backup.tar"
)
_OPENSSL: Final = (
    "openssl enc -d -aes-256-cbc -pbkdf2 < {path} > backup.tar"
    "  # with the cipher that it was made with; then restore backup.tar"
)


_LEVELS: Final = (b"\x01", b"\x5e", b"\x9c", b"\xda")
"""How zlib's header goes on without a dictionary (RFC 1950, FLEVEL and FCHECK)."""
_ZPAQ: Final = FileType("a zpaq archive", fix=f"zpaq x {{path}} -to unpacked/ {_PACKED}")
BROTLI: Final = FileType("brotli-compressed, by its name", "brotli -dc")
"""Nothing in such a file says so (RFC 7932)."""
_MAGIC: Final = (
    (b"\x1f\x8b", FileType("gzip-compressed", "gzip -dc")),
    *((b"\x78" + level, FileType("zlib-compressed (.zz)", "pigz -dc")) for level in _LEVELS),
    (b"BZ3v1", FileType("bzip3-compressed", "bzip3 -dc")),
    (
        b"!<arch>\ndebian-binary",
        FileType(
            "a Debian package",
            fix="dpkg-deb --fsys-tarfile {path} > backup.tar  # then restore backup.tar",
        ),
    ),
    (
        b"\xed\xab\xee\xdb",
        FileType(
            "an RPM package",
            fix="mkdir unpacked && rpm2cpio {path} | (cd unpacked && cpio -idm) " + _PACKED,
        ),
    ),
    (b"\xc7\x71", _CPIO),
    (b"\x71\xc7", _CPIO),
    (
        b"XBSTCK01",
        FileType(
            "a stream of xtrabackup's (xbstream)",
            fix=f"mkdir unpacked && xbstream -x -C unpacked < {{path}} {_PACKED}",
        ),
    ),
    (b"\x85\x01\x0c\x03", _PGP),
    (b"\x85\x02\x0c\x03", _PGP),
    (b"\x8c\x0d\x04", _PGP),
    (b"-----BEGIN AGE ENCRYPTED", _AGE),
    (b"\xfd7zXZ\x00", FileType("xz-compressed", "xz -dc")),
    (b"BZh", FileType("bzip2-compressed", "bzip2 -dc")),
    (b"\x28\xb5\x2f\xfd", FileType("zstd-compressed", "zstd -dc")),
    (b"\x04\x22\x4d\x18", FileType("lz4-compressed", "lz4 -dc")),
    (b"\x02\x21\x4c\x18", FileType("compressed by lz4 in its legacy format (lz4 -l)", "lz4 -dc")),
    (b"\x1f\x9d", FileType("compressed by compress (.Z)", "gzip -dc")),
    (b"7kSt\xa01\x83\xd3", _ZPAQ),
    (b"zPQ", _ZPAQ),
    (b"LRZI", FileType("lrzip-compressed", "lrzcat")),
    (b"LZIP", FileType("lzip-compressed", "lzip -dc")),
    (b"\x89LZO\x00", FileType("lzop-compressed", "lzop -dc")),
    (b"\x5d\x00\x00", FileType("lzma-compressed", "xz --format=lzma -dc")),
    (b"PK\x03\x04", FileType("a zip archive", fix=_UNZIP)),
    (b"PK\x07\x08", FileType("a part of a zip archive", fix="zip -F {path} --out whole.zip")),
    (b"PK\x05\x06", FileType("an empty zip archive")),
    (b"7z\xbc\xaf\x27\x1c", FileType("a 7z archive", fix=f"7z x -ounpacked {{path}} {_PACKED}")),
    (b"Rar!", FileType("a RAR archive", fix=f"unrar x {{path}} unpacked/ {_PACKED}")),
    (b"07070", _CPIO),
    (b"!<arch>\n", FileType("an ar archive (a .deb?)")),
    (
        b"hsqs",
        FileType("a squashfs image", fix="sqfs2tar {path} > backup.tar  # then restore backup.tar"),
    ),
    (b"SQLite format 3\x00", FileType("an SQLite database")),
    (
        b"PGDMP",
        FileType(
            "a PostgreSQL dump (for pg_restore)",
            fix="kubectl exec -i POD -- pg_restore -d DATABASE < {path}",
        ),
    ),
    (
        b"\x6d\xe2\x99\x81",
        FileType("a MongoDB dump", fix="kubectl exec -i POD -- mongorestore --archive < {path}"),
    ),
    (b"REDIS0", FileType("a Redis dump (RDB)")),
    (b"\x7fELF", FileType("a program")),
    (b"%PDF-", FileType("a PDF document")),
    (b"BORG_SEG", FileType("a part of a borg repository", fix=_BORG, program="borg")),
    (b"Salted__", FileType("encrypted by openssl", fix=_OPENSSL)),
    (b"age-encryption.org/", _AGE),
    (b"-----BEGIN PGP", _PGP),
    (b"version https://git-lfs", FileType("a Git LFS pointer, not the file itself")),
)
_TEXTS: Final = (
    ((b"<!doctype html", b"<html"), FileType("a web page (of an error or a login?)")),
    ((b"<?xml",), FileType("an XML document (of an error?)")),
    (
        (
            b"-- ",
            b"--\n",
            b"/*",
            b"create ",
            b"insert ",
            b"begin;",
            b"set ",
            b"use ",
            b"drop ",
            b"pragma ",
        ),
        FileType("SQL text (a dump of a database)", fix=_SQL),
    ),
)
_LINE: Final = rb"(?:[#;].*\n|[^\S\n]*\n)*"
"""Comments and empty lines that may come first."""
_SHAPES: Final = (
    (
        rb"\{\s*\"tool\":\s*\"https://github.com/kopia/kopia\"",
        FileType("a part of a kopia repository", fix=KOPIA, program="kopia"),
    ),
    (
        _LINE + rb"\[repository\][^\S\n]*\n(?:.*\n)*?(?:segments_per_dir|append_only|id) *=",
        FileType("the configuration of a borg repository", fix=_BORG, program="borg"),
    ),
    (
        _LINE
        + rb"(?:---.*\n)?"
        + _LINE
        + rb"(?:apiversion|kind): *\S|\{\s*\"(?:apiversion|kind)\":",
        FileType("a manifest of Kubernetes", fix="kubectl apply -f - < {path}"),
    ),
    (
        rb"\\?[0-9a-f]{64} [ *]\S|sha256 ?\(.+\) ?=",
        FileType("a list of checksums", fix="name the backup that they are about"),
    ),
    (
        _LINE
        + rb"\[(?!(?:true|false|null)\])[a-z][^][{},\n]*\][^\S\n]*(?:\n|\Z)"
        + _LINE
        + rb"(?:[^=:\n\"]+[=:]|\[|\Z)",
        FileType("an INI file (settings)", fix=_SHOW),
    ),
    (rb"[{[]", FileType("JSON text (of an error?)", fix=_SHOW)),
    (
        _LINE
        + rb"(?:%yaml\b|---\s*(?:#.*)?\n|(?:- )?[\w.-]+:(?: .*)?\n\s*(?:- )?[\w.-]+:(?:\s|\Z))",
        FileType("YAML text", fix=_SHOW),
    ),
)
"""Text that is known by more than how it begins."""
_PRINTABLE: Final = string.printable.encode("ascii")


def _is_lzma(head: bytes) -> bool:
    """Tell whether a file may begin as lzma's do: properties, a dictionary, a size (no magic)."""
    dictionary, size = (int.from_bytes(head[at:to], "little") for at, to in ((1, 5), (5, 13)))
    is_usual = dictionary >= _SMALLEST_LZMA and dictionary & (dictionary - 1) == 0
    has_size = size == (1 << 64) - 1 or 0 < size < _LARGEST_LZMA
    return len(head) > _LZMA_HEADER and 0 < head[0] < _PROPERTIES and is_usual and has_size


_SMALLEST_LZMA: Final = 1 << 12
_LARGEST_LZMA: Final = 1 << 40
_LZMA_HEADER: Final = 13
_PROPERTIES: Final = 225
"""What a file in lzma's own format begins with is below (lzma specification)."""


def identify(head: bytes) -> FileType | None:
    """Tell what a file that begins so looks like; None when nothing fits."""
    for magic, look in _MAGIC:
        if head.startswith(magic):
            return look
    if _is_lzma(head):
        return FileType("lzma-compressed", "xz --format=lzma -dc")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not text or head.translate(None, _PRINTABLE + bytes(range(0x80, 0x100))):
        return None
    for beginnings, look in _TEXTS:
        if text.startswith(beginnings):
            return look
    for shape, look in _SHAPES:
        if re.match(shape, text):
            return look
    return None if head.translate(None, _PRINTABLE) else FileType("a text file")
