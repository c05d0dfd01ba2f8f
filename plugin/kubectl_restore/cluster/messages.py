"""What kubectl's own words mean: which hop speaks (hops.py), and what it says (rules.py).

Here is told which of all the words on stderr are the message: log lines, a plugin's words and notes
about a kuberc stand around it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.hops import Hop, hop_of
from kubectl_restore.cluster.rules import AGAIN, RULES, Rule, rule_of
from kubectl_restore.errors import InterruptedRestoreError, RestoreError
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "AGAIN",
    "RULES",
    "Rule",
    "error_from",
    "find_rule",
    "is_klog",
    "is_kubectls_own",
    "is_policys",
    "without_user_info",
]

# klog: severity letter, MMDD, time, process, file:line] - noise around kubectl's real message.
_KLOG: Final = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ ")
_USER_INFO: Final = re.compile(r'(://|host:port pair: ")[^\n"]*@')
"""Who one is, in an address that kubectl repeats; it leaves out the password only where it can."""
_REMOTE_EXIT: Final = re.compile(r"^command terminated with exit code (\d+)$")
_HINT: Final = re.compile(r"^See 'kubectl[^']* --help' for usage\.\s*$")
"""What follows a complaint about a flag."""
_BEGINNINGS: Final = (
    r"error: |Error: unknown (shorthand )?flag|Error from server|Error in configuration"
    r"|Unable to connect to the server|The connection to the server"
    r"|command terminated with exit code |Internal error occurred"
    r"|error occurred while applying preferences|The \S+ \"[^\"]*\" is invalid: "
)
# kubectl before 1.24 has cobra report a flag, with a capital.
_OWN: Final = re.compile(rf"^({_BEGINNINGS})")
_NOTE: Final = re.compile(rf"^kuberc: .*?(?<=\S)(?=({_BEGINNINGS}|[IWEF]\d{{4}} ))")
"""A note about a kuberc has no newline: what kubectl says next is glued to it."""


def is_klog(line: str) -> bool:
    """Tell kubectl's log lines (`E1122 ... "Unhandled Error"`, `memcache.go`) from its messages."""
    return _KLOG.match(line) is not None


def is_policys(line: str) -> bool:
    """Tell the first line of what a policy of the cluster says; any number may follow it."""
    return _OWN.match(line) is not None and hop_of(line) is Hop.POLICY


def is_kubectls_own(line: str) -> bool:
    """Tell kubectl's own messages from what a credential plugin or a tool in the pod says."""
    return any(one.match(line) for one in (_OWN, _KLOG, _HINT))


def without_user_info(line: str) -> str:
    """Return kubectl's words without a name and a password that stand in an address."""
    return _USER_INFO.sub(r"\1REDACTED@", line)


def find_rule(lines: Iterable[str]) -> tuple[Rule | None, str]:
    """Classify kubectl's message among the lines.

    Returns:
        The rule, or None where no rule knows it; and the message (empty when there is none).
    """
    telling = [
        line
        for line in map(_without_note, lines)
        if line.strip() and not any(one.match(line) for one in (_KLOG, _REMOTE_EXIT, _HINT))
    ]
    own = [number for number, line in enumerate(telling) if _OWN.match(line)]
    if not telling:
        return None, ""
    # A policy's words may have many lines, and any of them may look like a message.
    policies = [number for number in own if is_policys(telling[number])]
    if policies:
        said = telling[policies[0]]
        return rule_of(Hop.POLICY, said), "\n".join(telling[policies[0] :])
    said = telling[own[-1] if own else -1]
    hop = hop_of(said)
    return (None if hop is None else rule_of(hop, said)), said


def _without_note(line: str) -> str:
    return _NOTE.sub("", line.rstrip("\r\n"))


def _evidence(lines: Iterable[str], message: str) -> str:
    """Return what is known of why kubectl ended: its words, or at least its last noise."""
    if message:
        return f"kubectl said: {shown_text(without_user_info(message))}"
    noise = [one.rstrip("\r\n") for one in lines if _REMOTE_EXIT.match(one)]
    return f"kubectl said: {shown_text(noise[-1])}" if noise else "kubectl said nothing"


def error_from(lines: Sequence[str], *, otherwise: str, at: str = "") -> RestoreError:
    """Return the error that kubectl's words mean; one that may be retried where nothing is known.

    Args:
        lines: what kubectl wrote to stderr, in order.
        otherwise: what failed, in words, for messages that no rule knows.
        at: flags that lead to the cluster and the namespace, for the fix, with a blank before.
    """
    rule, message = find_rule(lines)
    evidence = _evidence(lines, message)
    if rule is None:
        return InterruptedRestoreError(otherwise, reason=evidence, fix=AGAIN)
    return rule.error(rule.what, reason=evidence, fix=rule.fix_for(message, at))
