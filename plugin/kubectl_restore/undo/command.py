"""The command that puts back what was saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_restore.plan.policy import Overwrite
from kubectl_restore.text import pasteable, pasteable_words

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_restore.plan.request import RestoreRequest


def undo_command(
    request: RestoreRequest, path: Path, *, devices: bool, looks_the_same: bool
) -> str:
    """Return the command that puts back what is saved in a file.

    Args:
        request: what is undone.
        path: the file.
        devices: there are FIFOs in it.
        looks_the_same: something in it has the size and time of what replaces it: only
            --overwrite always puts it back.
    """
    target, *words = request.found_again or (
        f"pod/{request.target.name}",
        "-t",
        request.target_path,
    )
    words += [f"--overwrite={Overwrite.ALWAYS}"] if looks_the_same else ["--force"]
    words += ["--devices"] if devices else []
    words += ["--chmod=D+X"] if request.searchable else []
    words += ["--keep-directory-symlinks"] if request.keep_directory_symlinks else []
    if request.container is not None and not request.found_again:
        words += ["-c", request.container]
    words += request.kubectl.to_show()
    if request.kubectl.program is not None:
        words.append(f"--kubectl={request.kubectl.program}")
    # A name that begins with a dash is no name on a command line.
    before = "./" if str(path).startswith("-") else ""
    return f"kubectl restore {target} {before}{pasteable(path)} {pasteable_words(words)}"
