"""`kubectl restore completion SHELL`: the scripts, and the file that kubectl itself asks."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Final

from kubectl_restore.cli.completing import SHELLS
from kubectl_restore.errors import UsageError
from kubectl_restore.text import shown

if TYPE_CHECKING:
    from kubectl_restore.cli.argv import Parsed

FILE: Final = "kubectl_complete-restore"
"""What kubectl (1.26 and newer) looks for on PATH when a plugin's words are completed."""
_PLUGIN: Final = "kubectl-restore"
_MARK: Final = "# Completion of kubectl restore, made by `kubectl restore completion`."
_USAGE: Final = "kubectl restore completion bash|zsh|fish|kubectl, or --install"

_BASH: Final = """\
%s
# source <(kubectl restore completion bash)
__kubectl_restore() {
    local line directive="" words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :*) directive=${line#:} ;;
            *) COMPREPLY+=("$(printf '%%q' "${line%%%%$'\\t'*}")") ;;
        esac
    done < <(kubectl-restore __complete "${words[@]}" 2>/dev/null)
    [ $((directive & 2)) -ne 0 ] && compopt -o nospace
    [ "$directive" = 0 ] && compopt -o default
    return 0
}
complete -F __kubectl_restore kubectl-restore
"""
_ZSH: Final = """\
#compdef kubectl-restore
%s
# source <(kubectl restore completion zsh)
_kubectl_restore() {
    local line directive="" name
    local -a plain unfinished
    while IFS= read -r line; do
        case $line in
            :*) directive=${line#:} ;;
            *) plain+=("${line%%%%$'\\t'*}") ;;
        esac
    done < <(kubectl-restore __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( directive & 2 )); then compadd -S '' -a plain; else compadd -a plain; fi
    [[ $directive == 0 ]] && _files
}
compdef _kubectl_restore kubectl-restore
"""
_FISH: Final = """\
%s
# kubectl restore completion fish | source
function __kubectl_restore
    set -l words (commandline -opc) (commandline -ct)
    kubectl-restore __complete $words[2..-1] 2>/dev/null | string match -rv '^:\\d+$'
end
complete -c kubectl-restore -f -a '(__kubectl_restore)'
"""
_SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def script_for(shell: str) -> str:
    """Return what a shell, or kubectl, runs."""
    if shell in _SCRIPTS:
        return _SCRIPTS[shell] % _MARK
    return f'#!/bin/sh\n{_MARK}\nexec {_program()} __complete "$@"\n'


def _program() -> str:
    """Return the command that starts this program, for a shell."""
    found = shutil.which(_PLUGIN)
    if found:
        return shlex.quote(str(Path(found).absolute()))
    if getattr(sys, "frozen", False):
        return shlex.quote(sys.executable)
    return shlex.join([sys.executable, "-I", str(Path(sys.argv[0]).absolute())])


def completion(parsed: Parsed) -> str:
    """Do what the command line wants, and return what is printed.

    Raises:
        UsageError: no shell is named, or none that is known; or the file cannot be written.
    """
    for flag, _ in parsed.flags:
        if flag.name not in {"install", "force", "help"}:
            raise UsageError(f"--{flag.name} has no meaning for completion", reason="", fix=_USAGE)
    given = parsed.positionals
    if parsed.is_set("install") and not given:
        return _installed(replaces=parsed.is_set("force"))
    if len(given) != 1 or given[0] not in SHELLS or parsed.is_set("install"):
        raise UsageError(
            "completion takes one shell",
            reason=f"it is one of: {', '.join(SHELLS)}; given: {shlex.join(given) or 'none'}",
            fix=_USAGE,
        )
    return script_for(given[0])


def _installed(*, replaces: bool) -> str:
    """Write the file for kubectl, and return what is said about it.

    Raises:
        UsageError: another program's file stands there, or there is no place for it.
    """
    plugin = shutil.which(_PLUGIN)
    beside = [str(Path(plugin).absolute().parent)] if plugin else []
    on_path = [one for one in os.environ.get("PATH", "").split(os.pathsep) if one]
    for directory in map(Path, dict.fromkeys([*beside, *on_path])):
        if not (directory.is_absolute() and directory.is_dir() and os.access(directory, os.W_OK)):
            continue
        path = directory / FILE
        name = shown(os.fsencode(path))
        if not replaces and path.exists() and _MARK not in _text_of(path):
            raise UsageError(
                f"{name} is another program's",
                reason="it was not made by kubectl restore",
                fix="kubectl restore completion --install --force",
            )
        with suppress(OSError):
            _write(path, script_for("kubectl"))
            return f"{name} is written: kubectl 1.26 and newer completes kubectl restore by it\n"
    raise UsageError(
        f"there is no place for {FILE}",
        reason="neither the plugin's directory nor any on PATH can be written to",
        fix=f"kubectl restore completion kubectl >{FILE} && chmod +x {FILE}; then move it to a "
        "directory on PATH",
    )


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    """Write an executable at once, or not at all."""
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:
        try:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o755)
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
