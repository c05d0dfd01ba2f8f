"""System calls that pods refuse, or pretend to do: what volumes do, without the volumes.

A seccomp profile of the pod (on the real node) or a filter of our own (on the embedded cluster)
answers a family of calls with an error, or with 0: then nothing is done, and success reported.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FAMILIES: Final = {
    "chown": ("chown", "fchown", "lchown", "fchownat"),
    "chmod": ("chmod", "fchmod", "fchmodat", "fchmodat2"),
    "utime": ("utimensat", "futimesat", "utimes", "utime"),
    "link": ("link", "linkat"),
    "symlink": ("symlink", "symlinkat"),
    "access": ("faccessat2",),
    "statfs": ("statfs", "fstatfs"),
}
ANSWERS: Final = {
    "EPERM": errno.EPERM,
    "EINVAL": errno.EINVAL,
    "EOPNOTSUPP": errno.EOPNOTSUPP,
    "ignored": 0,
}
PROFILES: Final = "restore.test"
"""The folder of the profiles, below the kubelet's `seccomp`."""


@dataclass(frozen=True, slots=True)
class Refusing:
    """A kind of pod, on both clusters.

    Attributes:
        name: its name, and the pod's.
        tar: the kind of pod whose image it has.
        refused: what its calls answer.
    """

    name: str
    tar: str
    refused: Mapping[str, str]


_ATTRIBUTES: Final = ("chown", "chmod", "utime")
REFUSING: Final = (
    *(
        Refusing(f"{tar}-{word}", tar, dict.fromkeys(families, answer))
        for tar in ("debian", "busybox", "bsdtar", "toybox")
        for word, families, answer in (
            ("keeps-nothing", _ATTRIBUTES, "EPERM"),
            ("pretends", _ATTRIBUTES, "ignored"),
            ("no-links", ("link", "symlink"), "EPERM"),
        )
    ),
    Refusing("debian-no-access", "debian", {"access": "EPERM"}),
)
"""Those that the contract suite has; the matrix of docs/volumes.md makes its own."""


_DRAWN: Final = 4


def _drawn() -> tuple[Refusing, ...]:
    """Return a few cells of the matrix, drawn by RESTORE_SEED; RESTORE_CELLS names others.

    A cell is `CALLS-ANSWER-TAR`, as in `chmod-EPERM-toybox`.
    """
    tars = ("debian", "busybox", "bsdtar", "toybox")
    every = [
        f"{family}-{answer}-{tar}" for family in FAMILIES for answer in ANSWERS for tar in tars
    ]
    chance = random.Random(os.environ.get("RESTORE_SEED", "1"))  # noqa: S311 - repeatable
    named = os.environ.get("RESTORE_CELLS")
    cells = named.split(",") if named else chance.sample(every, _DRAWN)
    found = (cell.split("-") for cell in cells)
    return tuple(
        Refusing(f"drawn-{family}-{answer}-{tar}".lower(), tar, {family: answer})
        for family, answer, tar in found
    )


DRAWN: Final = _drawn()
"""What the suite on the embedded cluster has besides."""
_NUMBERS: Final = {
    "x86_64": {
        "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260,
        "chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452,
        "utimensat": 280, "futimesat": 261, "utimes": 235, "utime": 132,
        "link": 86, "linkat": 265, "symlink": 88, "symlinkat": 266,
        "faccessat2": 439, "statfs": 137, "fstatfs": 138,
    },
    "aarch64": {
        "fchown": 55, "fchownat": 54, "fchmod": 52, "fchmodat": 53, "fchmodat2": 452,
        "utimensat": 88, "linkat": 37, "symlinkat": 36, "faccessat2": 439,
        "statfs": 43, "fstatfs": 44,
    },
}  # fmt: skip
"""linux/unistd.h"""


def profile_name(refused: Mapping[str, str]) -> str:
    """Return what a profile is called that answers these families so, below the folder."""
    return "-".join(f"{family}-{answer}" for family, answer in sorted(refused.items())) + ".json"


def profile(refused: Mapping[str, str]) -> str:
    """Return a seccomp profile in containerd's form.

    Args:
        refused: the answer to each family.
    """
    calls: list[dict[str, Any]] = [
        {
            "names": list(FAMILIES[family]),
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": ANSWERS[answer],
        }
        for family, answer in sorted(refused.items())
    ]
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": calls})


def write_profiles(folder: Path, *every: Mapping[str, str]) -> None:
    """Write profiles where a kubelet looks for them.

    Args:
        folder: the kubelet's `seccomp`.
        every: what each profile refuses.
    """
    place = folder / PROFILES
    place.mkdir(parents=True, exist_ok=True)
    for refused in every:
        (place / profile_name(refused)).write_text(profile(refused))


def answers_of(refused: Mapping[str, str]) -> list[tuple[int, int]]:
    """Return the numbers of this machine's calls, each with its answer."""
    numbers = _NUMBERS.get(platform.machine(), {})
    return [
        (numbers[name], ANSWERS[answer])
        for family, answer in sorted(refused.items())
        for name in FAMILIES[family]
        if name in numbers
    ]


_LOAD_NUMBER: Final = (0x20, 0, 0, 0)
"""BPF_LD | BPF_W | BPF_ABS: seccomp_data.nr."""
_IF_EQUAL: Final = 0x15
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_NO_NEW_PRIVILEGES: Final = 38
_SET_SECCOMP: Final = 22
_FILTER: Final = 2


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def refuse(answers: list[tuple[int, int]]) -> None:
    """Answer calls of this process, and of all that it becomes, by itself.

    Raises:
        OSError: the kernel does not take the filter.
    """
    lines = [_LOAD_NUMBER]
    for number, answer in answers:
        lines += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | answer)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    program = _Program(
        len(lines), (_Instruction * len(lines))(*(_Instruction(*one) for one in lines))
    )
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((_NO_NEW_PRIVILEGES, 1, 0), (_SET_SECCOMP, _FILTER, ctypes.byref(program))):
        if libc.prctl(*words, 0, 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"prctl: {os.strerror(number)}")
