"""Mounts of FUSE that answer late, or never: volumes whose server is far away, or gone."""

from __future__ import annotations

import ctypes
import os
import struct
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# include/uapi/linux/fuse.h, protocol 7.31.
_HEADER: Final = struct.Struct("<IIQQIIII")
_ANSWER: Final = struct.Struct("<IiQ")
_ATTRIBUTES: Final = struct.Struct("<QQQQQQIIIIIIIIII")
_LOOKUP, _GETATTR, _INIT = 1, 3, 26
_UNKNOWN: Final = -38
_DETACH: Final = 2
_LONG: Final = 10_000
"""Seconds for which the kernel remembers an answer."""
_DIRECTORY, _FILE = 0o40755, 0o100644


@contextmanager
def unanswered(directory: Path) -> Iterator[None]:
    """Mount something there that never answers: who looks at it waits for ever.

    As of NFS, nothing but a signal that ends it at once ends that. A test is skipped where nothing
    may be mounted.
    """
    with _mounted(directory):
        yield


@contextmanager
def answered_late(directory: Path, *, seconds: float) -> Iterator[None]:
    """Mount a directory there that has a file of every name, and takes its time for each."""
    with _mounted(directory) as device:
        threading.Thread(target=_serve, args=(device, seconds), daemon=True).start()
        yield


@contextmanager
def _mounted(directory: Path) -> Iterator[int]:
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"no FUSE: {error}")
    directory.mkdir(exist_ok=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    system = ctypes.CDLL(None, use_errno=True)
    place = bytes(directory)
    if system.mount(b"late", place, b"fuse", 0, options.encode()):
        os.close(device)
        pytest.skip(f"nothing may be mounted: {os.strerror(ctypes.get_errno())}")
    try:
        yield device
    finally:
        # Who still waits is told that it is gone.
        system.umount2(place, _DETACH)
        os.close(device)


def _serve(device: int, seconds: float) -> None:
    with suppress(OSError):
        while True:
            request = os.read(device, 1 << 20)
            _, code, unique, node, *_ = _HEADER.unpack_from(request)
            answer = _answer(code, node, seconds)
            if answer is None:
                os.write(device, _ANSWER.pack(_ANSWER.size, _UNKNOWN, unique))
            else:
                os.write(device, _ANSWER.pack(_ANSWER.size + len(answer), 0, unique) + answer)


def _answer(code: int, node: int, seconds: float) -> bytes | None:
    if code == _INIT:
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 0, 0, 1 << 16, 1, 0, 0, 0)
    if code == _LOOKUP:
        time.sleep(seconds)
        inode = time.monotonic_ns()
        return struct.pack("<QQQQII", inode, 0, _LONG, _LONG, 0, 0) + _attributes(inode, _FILE)
    if code == _GETATTR:
        return struct.pack("<QII", _LONG, 0, 0) + _attributes(node, _DIRECTORY)
    return None


def _attributes(inode: int, mode: int) -> bytes:
    return _ATTRIBUTES.pack(inode, 9, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
