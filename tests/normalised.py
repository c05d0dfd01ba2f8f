"""What a command said, without what is another one each time."""

from __future__ import annotations

import re
from typing import Final

_CHANGING: Final = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:6443"),
    (re.compile(r"(error reading from error stream: next reader: ).*"), r"\1..."),
    (re.compile(r" --(context=(embedded|prod-eu)|namespace=default)"), ""),
    (re.compile(r"\b[\d.]+ (B|KiB|MiB)\b"), r"N \1"),
    (re.compile(r"\b\d+ (bytes|members?)\b"), r"N \1"),
    (re.compile(r"\b\d+ %"), "N %"),
    (re.compile(r"\b(\d+d)?(\d+h)?(\d+m)?\d+(\.\d+)?s\b"), "Ns"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z| UTC)?"), "TIME"),
)
"""What is another one each time. Whether context and namespace are stated depends on how soon the
cluster has answered."""


def normalised(text: str, directory: str) -> str:
    """Return the text without it, and with another name for the directory it was said in."""
    text = text.replace(directory, "/home/me")
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text
