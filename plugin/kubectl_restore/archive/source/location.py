"""Where a backup is that is no file here: an object in a store, or what a URL names.

    s3://BUCKET/KEY             the key as `aws s3` takes it: as it is, nothing in it is escaped
    https://HOST/PATH[?QUERY]   as curl takes it; a presigned URL's query is its signature

What stands in a URL before `@` or behind `?` may be a secret: a location's text, which is all that
messages, receipts, logs and caches get of it, has REDACTED there.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

STANDARD_INPUT: Final = Path("-")
S3: Final = "s3"
_URLS: Final = ("https", "http")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_ONE_SLASH: Final = re.compile(r"(s3|https?):/(?!/)(.+)", re.DOTALL | re.IGNORECASE)
"""What a slash is missing in."""
PIPED: Final = "kubectl restore POD - -t PATH"
"""How a backup that comes by a pipe is restored; plan/whole_commands.py puts in what is known."""
_GCLOUD: Final = "gcloud storage cat gs://BUCKET/KEY"
_AZ: Final = "az storage blob download -c CONTAINER -n NAME --no-progress"
_OTHER_STORES: Final = {
    "gs": _GCLOUD,
    "gcs": _GCLOUD,
    "az": _AZ,
    "azure": _AZ,
    "abfs": _AZ,
    "abfss": _AZ,
}
"""Schemes of stores that are not read, and what prints an object of theirs."""
REDACTED: Final = "REDACTED"
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
"""As loose as S3 has ever been; the store says the rest."""


@dataclass(frozen=True, slots=True)
class Location:
    """An object. `os.fspath` and `str` give its text, which has no secret in it.

    Attributes:
        scheme: `s3`, `https` or `http`.
        host: the bucket; of a URL the host, with its port.
        key: of S3 as it is; of a URL the path behind the first slash, escaped as it was given.
        user: what stands before `@` in a URL.
        query: what stands behind `?` in a URL.
    """

    scheme: str
    host: str
    key: str
    user: str = field(default="", repr=False)
    query: str = field(default="", repr=False)

    def __fspath__(self) -> str:
        """Return how it is called in messages."""
        user = f"{REDACTED}@" if self.user else ""
        query = f"?{REDACTED}" if self.query else ""
        return f"{self.scheme}://{user}{self.host}/{self.key}{query}"

    def __str__(self) -> str:
        return os.fspath(self)

    def __bytes__(self) -> bytes:
        return os.fsencode(self)

    @property
    def url(self) -> str:
        """The URL as it was given, secrets and all."""
        user = f"{self.user}@" if self.user else ""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{user}{self.host}/{self.key}{query}"

    @property
    def basic(self) -> str:
        """Name and password as HTTP's Basic sends them (RFC 7617); empty for none."""
        name, _, password = self.user.partition(":")
        if not self.user:
            return ""
        return b64encode(unquote_to_bytes(name) + b":" + unquote_to_bytes(password)).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it may be known to nobody else: the user info and the query, and their parts."""
        values = [pair.partition("=")[2] for pair in re.split("[&;]", self.query)]
        found = (self.query, *values, self.user, *self.user.partition(":")[::2], self.basic)
        return tuple(one for one in found if one)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return posixpath.basename(self.key)

    @property
    def suffix(self) -> str:
        """What the name ends in, from its last dot on; empty for nothing."""
        return posixpath.splitext(self.key)[1]

    @property
    def is_signed(self) -> bool:
        """Whether it opens this one object, and none beside it."""
        return bool(self.query)

    def with_name(self, name: str) -> Self:
        """Return another object beside it."""
        return replace(self, key=posixpath.join(posixpath.dirname(self.key), name), query="")

    @property
    def reader(self) -> str:
        """A command that prints its content."""
        if self.scheme == S3:
            return f"aws s3 cp {shlex.quote(os.fspath(self))} -"
        return f"curl -fsSL {shlex.quote(os.fspath(self))}"

    @property
    def header_reader(self) -> str:
        """A command that prints what the server says of it, by the same method as we ask."""
        if self.scheme == S3:
            bucket, key = shlex.quote(self.host), shlex.quote(self.key)
            return f"aws s3api head-object --bucket {bucket} --key {key}"
        # A presigned URL is signed for GET alone.
        return f"curl -sSL -r 0-0 -D - -o /dev/null {shlex.quote(os.fspath(self))}"


BackupName = Path | Location
"""What a user has called a backup."""


def backup_name(text: str) -> BackupName:
    """Return what a word of a command line names.

    Raises:
        UsageError: it is a URL of a kind that is not read, or names no object; or has one slash
            and is no file.
    """
    found = _SCHEME.fullmatch(text)
    if found is None:
        _require_slashes(text)
        return Path(text)
    scheme, rest = found[1].lower(), found[2]
    if scheme == S3:
        return _of_s3(text, rest)
    if scheme in _URLS:
        return _of_url(text, scheme, rest)
    if scheme in _OTHER_STORES:
        raise UsageError(
            f"a backup at {scheme}:// is not read yet",
            reason="objects are read by s3:// and https://",
            fix=f"name a signed URL of it (https://...), or: {_OTHER_STORES[scheme]} | {PIPED}",
        )
    if os.path.lexists(text):
        return Path(text)
    raise UsageError(
        f"{shown(os.fsencode(redacted(text)))} is no backup that can be read",
        reason=f"{shown(os.fsencode(scheme))}:// is none of s3://, https://, http://",
        fix="name a file, s3://BUCKET/KEY or a URL",
    )


def _require_slashes(text: str) -> None:
    found = _ONE_SLASH.fullmatch(text)
    if found is not None and not os.path.lexists(text):
        meant = redacted(f"{found[1]}://{found[2]}")
        raise UsageError(
            f"{shown(os.fsencode(redacted(text)))} is no file, and no object has such a name",
            reason=f"behind {found[1]}: stands one slash",
            fix=f"name it with two: {shown(os.fsencode(meant))}",
        )


def _of_s3(text: str, rest: str) -> Location:
    bucket, _, key = rest.partition("/")
    reason = ""
    if not _BUCKET.fullmatch(bucket):
        reason = "its bucket has no name that a bucket can have"
    elif not key or key.endswith("/"):
        reason = "no object is named behind the bucket"
    elif key.startswith("/") or any(part in {"", ".", ".."} for part in key.split("/")):
        reason = "a key with an empty part, . or .. is not read"
    elif not key.isprintable():
        reason = "its key has characters that cannot be shown"
    if reason:
        raise UsageError(
            f"{shown(os.fsencode(text))} names no backup",
            reason=reason,
            fix="s3://BUCKET/KEY; any other key by a presigned URL: aws s3 presign s3://BUCKET/KEY",
        )
    return Location(S3, bucket, key)


def _of_url(text: str, scheme: str, rest: str) -> Location:
    rest, _, _ = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    user, _, host = authority.rpartition("@")
    if not host or not path or not (text.isascii() and text.isprintable()) or " " in text:
        raise UsageError(
            f"{shown(os.fsencode(redacted(text)))} names no backup",
            reason="a URL has a host and a path, and other characters than ASCII's escaped",
            fix="https://HOST/PATH, as curl takes it",
        )
    return Location(scheme, host, path, user, query)


def redacted(word: str) -> str:
    """Return a word of a command line without the secrets of a URL, also one that lacks a slash."""
    found = _SCHEME.fullmatch(word) or _ONE_SLASH.fullmatch(word)
    if found is None or found[1].lower() == S3:
        return word
    rest, has_query, _ = re.sub(r"#.*", "", found[2], flags=re.DOTALL).partition("?")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    hidden = f"{REDACTED}@" if user and at else ""
    scheme = word[: found.start(2)]
    return f"{scheme}{hidden}{host}{slash}{path}{f'?{REDACTED}' if has_query else ''}"


def secrets_in(words: Iterable[str]) -> list[str]:
    """Return what of the words of a command line is written nowhere: see `redacted`."""
    found = []
    for word in words:
        if redacted(word) != word:
            before, _, query = word.partition("#")[0].partition("?")
            behind = before.partition(":")[2].lstrip("/")
            user, at, _ = behind.partition("/")[0].rpartition("@")
            found += [f"?{query}"] if query else []
            found += [f"{user}@"] if at else []
    return found


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return a text in which what `secrets_in` has found is REDACTED."""
    for secret in secrets:
        text = text.replace(secret, f"?{REDACTED}" if secret.startswith("?") else f"{REDACTED}@")
    return text


def reader_of(name: BackupName) -> str:
    """Return what prints a backup that is no file here: `...` for a pipe; nothing for a file."""
    if isinstance(name, Location):
        return name.reader
    return "..." if name == STANDARD_INPUT else ""
