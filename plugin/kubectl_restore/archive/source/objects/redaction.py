"""Secrets out of what a store says: it may repeat a request. No I/O here.

A session token that obstore fetches by itself (a pod's, a machine's) is known to nobody here; so
what is as long as one is not shown either.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, unquote_plus

from kubectl_restore.archive.source.location import REDACTED
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_ADDRESS: Final = re.compile(r"(\w+://)[^\s\"'<>,)]*")
_TOKEN: Final = re.compile(r"[\w+/=%.~-]{100,}")
_WORD: Final = 8
"""Characters of a secret that is taken out of a longer word, too: `1` stands in many."""


def harmless(text: str, secrets: Iterable[str]) -> str:
    """Return a store's words as one line, without addresses and secrets.

    Args:
        text: unescaped.
        secrets: as they stand in the request; other spellings of theirs are found, too.
    """
    forms = {form for one in secrets for form in _forms(one)}
    if forms:
        # The longest first: one may be a part of another.
        found = "|".join(map(_pattern, sorted(forms, key=len, reverse=True)))
        text = re.sub(found, REDACTED, text, flags=re.IGNORECASE)
    line = " ".join(_ADDRESS.sub(r"\1...", text).split())
    return shown_text(_TOKEN.sub("...", line))


def _forms(secret: str) -> set[str]:
    """Return a secret as it is, unquoted, and quoted anew."""
    plain = unquote(secret)
    return {secret, plain, unquote_plus(secret), quote(plain, safe="")} - {""}


def _pattern(form: str) -> str:
    exact = re.escape(form)
    return exact if len(form) >= _WORD else rf"(?<!\w){exact}(?!\w)"
