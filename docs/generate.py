"""Write the documents that are made from the code; `--check` fails when one is stale."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "plugin"))

from kubectl_restore.cli.help_text import help_of, help_text  # noqa: E402 - the path comes first
from kubectl_restore.cluster.hops import Hop  # noqa: E402
from kubectl_restore.cluster.rules import RULES, Rule  # noqa: E402
from kubectl_restore.errors import CAUSES, MEANING  # noqa: E402

sys.path.insert(0, str(ROOT))
from distribution.glibc import OLDEST  # noqa: E402
from docs.man import manual_page  # noqa: E402
from docs.picture import picture  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

_MADE: Final = "<!-- made by docs/generate.py; do not edit -->\n"


def cli() -> str:
    """Return the command line reference."""
    others = "".join(
        f"\n## {command}\n\n```text\n{help_of(command)}```\n"
        for command in ("verify", "diff", "inspect", "seal", "status", "completion")
    )
    return f"{_MADE}# Command line\n\n```text\n{help_text()}```\n{others}"


def exit_codes() -> str:
    """Return the register of exit codes."""
    rows = "".join(f"| {code.value} | {meaning} |\n" for code, meaning in MEANING.items())
    causes = "".join(f"| `{word}` | {meaning} |\n" for word, meaning in CAUSES.items())
    return (
        f"{_MADE}# Exit codes\n\nThe register is a contract: a code keeps its meaning. Scripts "
        f"that only want to know should test for non-zero.\n\n| code | meaning |\n|---|---|\n{rows}"
        "\n## Exit code 4\n\nWhich of its causes it is stands in brackets behind the error, and as "
        f"`cause` in the [JSON line](json.md). The words stay.\n\n| cause | |\n|---|---|\n{causes}"
        "\n## Exit code 7 beside a command of yours\n\n`--before` and `--after` "
        "([hooks.md](hooks.md)) have the pod do something. Where it cannot, that is exit code 7, "
        "as for `--sync`: after a failing `--before` nothing was changed; after a failing "
        "`--after` everything is restored and proved, which the error says first, and in `-o json` "
        "a `summary` stands before the `exit_error`. A command whose end did not come is exit code "
        "8.\n"
    )


def _fix(rule: Rule) -> str:
    """Return the fix for a rule's example, on one line."""
    return "; ".join(rule.fix_for(rule.example, "").split("\n"))


def kubectl_messages() -> str:
    """Return what kubectl's messages become."""
    parts = []
    for hop in Hop:
        rows = "".join(
            f"| `{_cell(rule.example)}` | {rule.what} | {rule.code.value} | "
            f"{'may pass' if rule.retry else 'final'} | {_cell(_fix(rule))} | "
            f"{rule.versions or 'all'} |\n"
            for rule in RULES
            if rule.hop is hop
        )
        parts.append(
            f"\n## {hop[0].upper()}{hop[1:]}\n\n| kubectl says | means | exit | | fix | kubectl |\n"
            f"|---|---|---|---|---|---|\n{rows}"
        )
    return (
        f"{_MADE}# kubectl's messages\n\nWhat kubectl says, and what it becomes. Where the words "
        "come from is asked first: the outermost words of a message tell which hop speaks, for "
        "they quote those further in. Then the first row of that hop that fits is taken; the last "
        "one of each takes whatever else it says. Log lines, a credential plugin's words and "
        "kuberc's notes are no messages. A message that no row knows is exit 8. The last column: "
        '"all" was seen with kubectl 1.24 to 1.37, "sources" was read in Kubernetes\' sources or '
        "in public reports, and could not be brought about. In a fix, `kubectl` gets the context "
        f"and the namespace that were found.\n{''.join(parts)}"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def installing() -> str:
    """Return how to install it; only the line about the C library is made."""
    text = (ROOT / "docs/installing.md").read_text("utf-8")
    start, end = "<!-- made by docs/generate.py: glibc -->\n", "<!-- end -->\n"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    oldest = ".".join(str(part) for part in OLDEST)
    made = (
        f"The Linux program needs glibc {oldest} or newer (`ldd --version` says which is there).\n"
    )
    return before + start + made + end + after


DOCUMENTS: Final[dict[str, Callable[[], str]]] = {
    "docs/cli.md": cli,
    "docs/exit-codes.md": exit_codes,
    "docs/installing.md": installing,
    "docs/kubectl-messages.md": kubectl_messages,
    "docs/kubectl-restore.1": manual_page,
    "docs/picture.svg": picture,
}


def main() -> int:
    """Write or check every document."""
    check = "--check" in sys.argv[1:]
    stale = 0
    for name, make in DOCUMENTS.items():
        path, text = ROOT / name, make()
        old = path.read_text("utf-8") if path.exists() else ""
        if old == text:
            continue
        stale += 1
        if check:
            lines = difflib.unified_diff(old.splitlines(), text.splitlines(), name, "made now")
            print("\n".join(lines))
        else:
            path.write_text(text, "utf-8")
            print(f"wrote {name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
