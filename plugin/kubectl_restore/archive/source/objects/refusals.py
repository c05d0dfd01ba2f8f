"""What it means when a store, or the way to it, says no. No I/O here.

object_store's errors are text: its own words, the request's address (with a signature in it), and
the store's answer. Of it little is shown: the status, and the store's `<Code>` and `<Message>`,
without the secrets that it may repeat (redaction.py).
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, replace
from html import unescape
from typing import TYPE_CHECKING, Final

from kubectl_restore.archive.source.location import PIPED, S3
from kubectl_restore.archive.source.objects.profile import no_credentials
from kubectl_restore.archive.source.objects.redaction import harmless
from kubectl_restore.errors import (
    BackupError,
    InterruptedRestoreError,
    NotAllowedError,
    RestoreError,
    UsageError,
)
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kubectl_restore.archive.source.location import Location

_STATUS: Final = re.compile(r"status code: (\d{3})(?: ([A-Z][A-Za-z ]*))?")
_CODE: Final = re.compile(r"<Code>([^<]{1,100})</Code>")
_MESSAGE: Final = re.compile(r"<Message>([^<]{1,500})</Message>")
_WORDS: Final = re.compile(r'(?:message|error): "([^"]{1,200})"')
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_KEYS: Final = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "InvalidSecurity",
        "AuthFailure",
        "MissingSecurityHeader",
    }
)
_REGION: Final = frozenset(
    {"PermanentRedirect", "IllegalLocationConstraintException", "TemporaryRedirect"}
)
_METADATA: Final = ("169.254.169.254", "fd00:ec2::254")
"""Where a machine of Amazon's is asked for credentials, when there are no others."""
_NOT_NOW: Final = ("408", "429", "500", "502", "503", "504")


@dataclass(frozen=True, slots=True)
class _Said:
    """What a store or the network said.

    Attributes:
        text: all of it; never shown.
        status: of HTTP; empty for none.
        code: the store's own word; empty for none.
        shown: what of it is shown.
    """

    text: str
    status: str
    code: str
    shown: str


def refusal(error: Exception, location: Location, secrets: Iterable[str] = ()) -> RestoreError:
    """Return what an error of obstore's means for a backup, in our words.

    Args:
        error: obstore's.
        location: of the object that was asked for.
        secrets: that the store may know besides the location's own.
    """
    said = _read(str(error), (*secrets, *location.secrets))
    for meaning in (_of_the_way, _of_credentials, _of_the_place, _of_the_server):
        found = meaning(said, location)
        if found is not None:
            return found
    return InterruptedRestoreError(
        f"{_called(location)} could not be read", reason=said.shown, fix=_LATER
    )


def is_missing(error: Exception) -> bool:
    """Tell whether an object is not there."""
    return _read(str(error)).status == "404"


def is_denied(error: Exception) -> bool:
    """Tell whether an object is not there, or is kept from us: stores may not tell which."""
    return _read(str(error)).status in {"401", "403"}


_LATER: Final = "see that the store can be reached from here, then run the same command again"


def _read(text: str, secrets: Iterable[str] = ()) -> _Said:
    status = _STATUS.search(text)
    code, message = _CODE.search(text), _MESSAGE.search(text)
    parts = []
    if status:
        parts.append(f"the server answered {status[1]} {(status[2] or '').strip()}".rstrip())
    if code:
        words = f"{code[1]}: {message[1]}" if message else code[1]
        parts.append(harmless(unescape(words), secrets))
    if not parts:
        found = _WORDS.findall(text)
        first = text.partition("\n")[0].rpartition(" - ")[2]
        parts = [harmless(unescape(found[-1] if found else first), secrets)]
    return _Said(text, status[1] if status else "", code[1] if code else "", ", ".join(parts))


def _called(location: Location) -> str:
    return shown(os.fsencode(location))


def _of_the_way(said: _Said, location: Location) -> RestoreError | None:
    """Say what keeps us from the server."""
    is_s3 = location.scheme == S3
    asked_last = (*_METADATA, "Failed to get AWS credentials")
    if is_s3 and any(one in said.text for one in asked_last):
        return no_credentials(location.host, said.shown)
    if "InvalidCertificate" in said.text or "certificate" in said.text.partition("\n")[0]:
        return UsageError(
            f"the server of {_called(location)} cannot be trusted",
            reason=f"its certificate was not accepted ({_certificate(said.text)})",
            fix="export AWS_CA_BUNDLE=FILE  # the PEM certificates of who has signed it",
        )
    if "BadScheme" in said.text:
        return UsageError(
            f"{_called(location)} would be read without TLS",
            reason="the address has the scheme http, or none"
            if is_s3
            else "its server sends on to an address of http://",
            fix="export AWS_ENDPOINT_URL=https://HOST" if is_s3 else _showing_headers(location),
        )
    if not said.status and ("kind: Connect" in said.text or "kind: Timeout" in said.text):
        return InterruptedRestoreError(
            f"the server of {_called(location)} cannot be reached", reason=said.shown, fix=_LATER
        )
    return None


def _certificate(text: str) -> str:
    found = re.search(r"InvalidCertificate\(\s*(\w+)", text)
    return found[1] if found else "TLS"


def _of_credentials(said: _Said, location: Location) -> RestoreError | None:
    """Say what is wrong with who asks."""
    if said.code in _EXPIRED or (said.status == "403" and "has expired" in said.text):
        is_link = location.scheme != S3
        return NotAllowedError(
            f"the {'link' if is_link else 'credentials'} to {_called(location)} "
            f"{'has' if is_link else 'have'} expired",
            reason=said.shown,
            fix="have the link made anew: aws s3 presign s3://BUCKET/KEY --expires-in 43200"
            if is_link
            else "log in again (aws sso login), then run the same command again",
        )
    if location.scheme != S3 and said.status == "401":
        return _not_let_in(said, location)
    if location.scheme != S3 and said.code in _KEYS:
        return NotAllowedError(
            f"the server does not accept the link to {_called(location)}",
            reason=said.shown,
            fix=_fix_of_a_link(location),
        )
    if said.code in _KEYS or said.status == "401":
        return NotAllowedError(
            f"the store does not accept the credentials for {_called(location)}",
            reason=said.shown,
            fix="aws sts get-caller-identity  # says whose they are; AWS_ENDPOINT_URL says of which"
            " store",
        )
    if said.code == "RequestTimeTooSkewed":
        return NotAllowedError(
            f"the store does not accept the time of this machine for {_called(location)}",
            reason=said.shown,
            fix="set the clock: timedatectl set-ntp true",
        )
    return None


def _not_let_in(said: _Said, location: Location) -> RestoreError:
    """Return what a 401 means for a URL."""
    if location.user:
        plain = shlex.quote(os.fspath(replace(location, user="")))
        return NotAllowedError(
            f"the server does not accept the name and password of {_called(location)}",
            reason=f"{said.shown}; they were sent to {shown(os.fsencode(location.host))} only, and "
            "to no server that it sends on to",
            fix=f"curl -sSL -r 0-0 -D - -o /dev/null -u NAME {plain}"
            "  # asks for the password, and shows what the server answers",
        )
    if location.is_signed:
        return NotAllowedError(
            f"the server does not accept the link to {_called(location)}",
            reason=said.shown,
            fix=_fix_of_a_link(location),
        )
    place = f"{location.host}/{location.key}"
    return NotAllowedError(
        f"the server of {_called(location)} wants to know who you are",
        reason=said.shown,
        fix=f"name it with them: {location.scheme}://NAME:PASSWORD@{shown(os.fsencode(place))}\n"
        f"or, where the server wants something else, see what: {_showing_headers(location)}",
    )


def _fix_of_a_link(location: Location) -> str:
    if location.is_signed:
        return "see whether the link is whole (quoted for the shell), and made for this object"
    return _showing_headers(location)


def _showing_headers(location: Location) -> str:
    return f"{location.header_reader}  # shows what the server answers"


def _of_the_place(said: _Said, location: Location) -> RestoreError | None:
    """Say what is wrong with where the object is, or with what it is."""
    is_s3 = location.scheme == S3
    if (
        "without LOCATION" in said.text
        or said.code in _REGION
        or (said.code == "AuthorizationHeaderMalformed" and "region" in said.text)
    ):
        return _elsewhere(said, location)
    if said.code == "InvalidObjectState":
        return BackupError(
            f"{_called(location)} is archived, and cannot be read before it is brought back",
            reason=said.shown,
            fix=f"aws s3api restore-object --bucket {shlex.quote(location.host)} --key "
            f"{shlex.quote(location.key)} --restore-request Days=2  # takes minutes to two days"
            if is_s3
            else "have the object brought back from its archive (aws s3api restore-object)",
        )
    if said.code == "NoSuchBucket" and is_s3:
        return BackupError(
            f"there is no bucket {shown(os.fsencode(location.host))}",
            reason=said.shown,
            fix="aws s3 ls  # lists yours; AWS_ENDPOINT_URL says of which store",
        )
    if said.status in {"404", "405", "410"}:
        return BackupError(
            f"the backup {_called(location)} does not exist",
            reason=said.shown,
            fix=f"aws s3 ls {shlex.quote(os.fspath(location).rpartition('/')[0] + '/')}"
            if is_s3
            else _showing_headers(location),
        )
    if said.status == "403":
        return NotAllowedError(
            f"the backup {_called(location)} may not be read by you, or does not exist",
            reason=said.shown,
            fix="s3:GetObject is needed for it (and s3:ListBucket, for the store to say what is not"
            " there); aws sts get-caller-identity says who you are"
            if is_s3
            else _fix_of_a_link(location),
        )
    return None


def _elsewhere(said: _Said, location: Location) -> RestoreError:
    if location.scheme != S3:
        return BackupError(
            f"{_called(location)} is no longer there",
            reason=said.shown,
            fix="name the URL that it has now",
        )
    right = re.search(r"expecting &?(?:apos;|#39;|')?([a-z]{2}(?:-[a-z]+)+-\d)", said.text)
    host = f"{location.host}.s3.amazonaws.com"
    return UsageError(
        f"the bucket {shown(os.fsencode(location.host))} is in another region",
        reason=said.shown,
        fix=f"export AWS_REGION={right[1]}"
        if right
        else f"curl -sI https://{shlex.quote(host)} | grep -i x-amz-bucket-region  # says in which"
        "; then: export AWS_REGION=REGION",
    )


def _of_the_server(said: _Said, location: Location) -> RestoreError | None:
    """Say what the server does otherwise than it should."""
    if "Range request not supported" in said.text:
        return BackupError(
            f"the server of {_called(location)} sends whole files only",
            reason="it does not answer requests for a part of one (HTTP ranges), and a backup is "
            "read in parts",
            fix=f"{location.reader} | {PIPED}",
        )
    if said.status == "416":
        return BackupError(
            f"the backup {_called(location)} is empty (0 bytes)",
            reason=said.shown,
            fix="name the object that has the backup",
        )
    if said.status in _NOT_NOW:
        return InterruptedRestoreError(
            f"the server of {_called(location)} does not answer now", reason=said.shown, fix=_LATER
        )
    if said.status:
        return BackupError(
            f"the server refuses to send {_called(location)}",
            reason=said.shown,
            fix=_showing_headers(location),
        )
    return None
