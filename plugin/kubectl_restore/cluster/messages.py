"""What kubectl's own words mean: the one table of messages, exit codes and retryability.

Measured with kubectl 1.24 to 1.37 against a real API server and a stand-in.
docs/kubectl-messages.md is generated from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kubectl_restore.cluster.kubectl import NEWER_KUBECTL
from kubectl_restore.cluster.stated import CONFIG_VIEW, EVERYWHERE, EXEC, GET
from kubectl_restore.errors import (
    ExitCode,
    InterruptedRestoreError,
    NotAllowedError,
    OldKubectlError,
    PodCannotError,
    RestoreError,
    TargetError,
    UsageError,
)
from kubectl_restore.text import shown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of message.

    Attributes:
        pattern: searched for in the line, as a regular expression.
        error: the error that it becomes (its class owns the exit code).
        retry: True when the same command may succeed a moment later.
        what: what failed, for people.
        fix: what to do; `{get_pods}` and the like are not expanded: plain words.
        example: a line as it was seen.
    """

    pattern: re.Pattern[str]
    error: type[RestoreError]
    retry: bool
    what: str
    fix: str
    example: str

    @property
    def code(self) -> ExitCode:
        """The exit code of the error."""
        return self.error.code


AGAIN: Final = "run the same command again"
"""The fix of what may pass by itself."""


def _rule(
    pattern: str, error: type[RestoreError], what: str, example: str, fix: str, *, retry: bool
) -> Rule:
    return Rule(re.compile(pattern), error, retry, what, fix, example)


def _final(pattern: str, error: type[RestoreError], what: str, example: str, fix: str) -> Rule:
    return _rule(pattern, error, what, example, fix, retry=False)


def _passing(pattern: str, what: str, example: str, fix: str = AGAIN) -> Rule:
    return _rule(pattern, InterruptedRestoreError, what, example, fix, retry=True)


_STATED: Final = "|".join(one.name for one in (*EVERYWHERE, *GET, *EXEC, *CONFIG_VIEW))

RULES: Final[tuple[Rule, ...]] = (
    # Final ones first: some of them carry words that a later, broader rule would take.
    _final(
        r"^Error from server \(NotFound\): namespaces ",
        TargetError,
        "the namespace does not exist",
        'Error from server (NotFound): namespaces "x" not found',
        "kubectl get namespaces",
    ),
    _final(
        r"^Error from server \(NotFound\): pods ",
        TargetError,
        "the pod does not exist",
        'Error from server (NotFound): pods "p" not found',
        "kubectl get pods, and -n NAMESPACE for another namespace",
    ),
    _final(
        # kubectl 1.37 (1.34 did not yet) drops the status and reason of a refused exec.
        r"unable to upgrade connection: pods \"[^\"]*\" not found",
        TargetError,
        "the pod does not exist any more",
        'error: unable to upgrade connection: pods "p" not found',
        "kubectl get pods",
    ),
    _final(
        r"^Error from server \(NotFound\)",
        TargetError,
        "the cluster does not have what was asked for",
        "Error from server (NotFound): the server could not find the requested resource",
        "kubectl get pods",
    ),
    _final(
        r"^Error from server \(Gone\)|^Error from server \(Expired\)",
        TargetError,
        "the pod is gone",
        "Error from server (Gone): ...",
        "kubectl get pods",
    ),
    _final(
        r"^Error from server \(Forbidden\)",
        NotAllowedError,
        "the cluster does not allow this",
        'Error from server (Forbidden): pods "p" is forbidden: User "u" cannot create resource '
        '"pods/exec" in API group "" in the namespace "n"',
        "ask for a role with get on pods and create on pods/exec (docs/permissions.md)",
    ),
    _final(
        r"unable to upgrade connection: .* is forbidden: ",
        NotAllowedError,
        "the cluster does not allow this",
        'error: unable to upgrade connection: pods "p" is forbidden: User "u" cannot create '
        'resource "pods/exec" in API group "" in the namespace "n"',
        "ask for a role with get on pods and create on pods/exec (docs/permissions.md)",
    ),
    _final(
        r"You must be logged in to the server|^Error from server \(Unauthorized\)"
        r"|unable to upgrade connection: Unauthorized",
        NotAllowedError,
        "the cluster does not know this user",
        "error: You must be logged in to the server (Unauthorized)",
        "log in again, or check: kubectl auth whoami",
    ),
    _final(
        r"container \S+ is not valid for pod",
        TargetError,
        "the pod has no such container",
        "Error from server (BadRequest): container nope is not valid for pod p",
        "kubectl get pod POD -o jsonpath='{.spec.containers[*].name}'",
    ),
    _final(
        r"cannot exec (into|in) a container in a completed pod",
        TargetError,
        "the pod has completed; nothing can run in it",
        "error: cannot exec into a container in a completed pod; current phase is Succeeded",
        "restore into a running pod: kubectl get pods",
    ),
    _final(
        r'exec: "sh": executable file not found|exec: "sh": stat sh: no such file'
        r'|exec "sh": executable',
        PodCannotError,
        "the container has no shell",
        "error: Internal error occurred: ... OCI runtime exec failed: exec failed: unable to start "
        'container process: exec: "sh": executable file not found in $PATH: unknown',
        "name a container with sh and tar: -c CONTAINER",
    ),
    _final(
        r"executable file not found in \$PATH|OCI runtime exec failed",
        PodCannotError,
        "the container cannot run a command",
        "error: Internal error occurred: ... OCI runtime exec failed: exec failed: unable to start "
        'container process: exec: "tar": executable file not found in $PATH: unknown',
        "name a container with sh and tar: -c CONTAINER",
    ),
    _final(
        r"tls: |x509: ",
        UsageError,
        "the API server's certificate is not accepted",
        "Unable to connect to the server: tls: failed to verify certificate: x509: certificate "
        "signed by unknown authority",
        "check the cluster's certificate-authority in the kubeconfig",
    ),
    _final(
        r"getting credentials: ",
        NotAllowedError,
        "the credential plugin failed",
        "Unable to connect to the server: getting credentials: exec: executable X not found",
        "run the kubeconfig's credential command by hand",
    ),
    _final(
        r"context was not found for specified context|context \S+ does not exist"
        r'|no context exists with the name|cluster "[^"]*" does not exist'
        r'|auth info "[^"]*" does not exist',
        UsageError,
        "the kubeconfig does not have what was named",
        "Error in configuration: context was not found for specified context: X",
        "kubectl config get-contexts",
    ),
    _final(
        r"[Ee]rror loading config file|invalid configuration|couldn't get version/kind",
        UsageError,
        "the kubeconfig cannot be used",
        'error: error loading config file "/path": yaml: line 1: ...',
        "kubectl config view",
    ),
    _final(
        rf"unknown flag: --({_STATED})$",
        OldKubectlError,
        "this kubectl is too old",
        "Error: unknown flag: --subresource",
        NEWER_KUBECTL,
    ),
    _final(
        r"^[Ee]rror: unknown (shorthand )?flag|^error: invalid argument|^unknown flag",
        UsageError,
        "this kubectl does not know a flag",
        "error: unknown flag: --x",
        "kubectl version --client",
    ),
    # Passing ones.
    _passing(
        r"unable to upgrade connection: container not found",
        "the container is restarting",
        'error: unable to upgrade connection: container not found ("c")',
    ),
    _passing(
        r"websocket: close|connection reset by peer|broken pipe|unexpected EOF"
        r"|use of closed network",
        "the link was lost",
        "error: error reading from error stream: next reader: websocket: close 1006 (abnormal "
        "closure): unexpected EOF",
    ),
    _passing(
        r"i/o timeout|context deadline exceeded|Client\.Timeout|TLS handshake timeout"
        r"|request canceled",
        "the cluster did not answer in time",
        "error: error reading from error stream: next reader: read tcp ...: i/o timeout",
    ),
    _passing(
        r"Unable to connect to the server: EOF",
        "the API server closed the connection",
        "Unable to connect to the server: EOF",
    ),
    _passing(
        r"no such host|server misbehaving",
        "the API server's name cannot be resolved",
        "Unable to connect to the server: dial tcp: lookup h on ...: no such host",
        "check the network, then run the same command again",
    ),
    _passing(
        r"was refused - did you specify the right host or port|connection refused|no route to host"
        r"|network is unreachable",
        "the API server does not answer",
        "The connection to the server H:P was refused - did you specify the right host or port?",
        "check with kubectl cluster-info, then run the same command again",
    ),
    _passing(
        r"^Error from server \((ServiceUnavailable|Timeout|TooManyRequests)\)",
        "the API server is busy",
        "Error from server (ServiceUnavailable): the server is currently unable to handle the "
        "request",
    ),
    _passing(
        r"etcdserver: ",
        "the API server's store did not answer in time",
        "Error from server: etcdserver: request timed out",
    ),
    _passing(
        r"error dialing backend",
        "the API server cannot reach the pod's node",
        "Error from server (InternalError): error dialing backend: ...",
    ),
    _passing(
        r"^Error from server \(InternalError\)|^error: Internal error occurred"
        r"|^Internal error occurred",
        "the cluster had an internal error",
        'Error from server (InternalError): an error on the server ("...") has prevented the '
        "request from succeeding",
    ),
    _passing(
        r"^Error from server: *$",
        "the API server failed without a word",
        "Error from server: ",
    ),
    _passing(
        r"unable to upgrade connection|error sending request|error stream",
        "the exec connection could not be made or kept",
        "error: unable to upgrade connection: ...",
    ),
    _passing(
        r"Unable to connect to the server",
        "the API server cannot be reached",
        "Unable to connect to the server: ...",
        "check with kubectl cluster-info, then run the same command again",
    ),
)

# klog: severity letter, MMDD, time, process, file:line] - noise around kubectl's real message.
_KLOG: Final = re.compile(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ ")
_USER_INFO: Final = re.compile(r'(://|host:port pair: ")[^\n"]*@')
"""Who one is, in an address that kubectl repeats; it leaves out the password only where it can."""
_REMOTE_EXIT: Final = re.compile(r"^command terminated with exit code (\d+)$")
_HINT: Final = re.compile(r"^See 'kubectl[^']* --help' for usage\.\s*$")
"""What follows a complaint about a flag."""
_OWN: Final = re.compile(
    # kubectl before 1.24 has cobra report a flag, with a capital.
    r"^(error: |Error: unknown (shorthand )?flag|Error from server|Error in configuration"
    r"|Unable to connect to the server|The connection to the server"
    r"|command terminated with exit code |Internal error occurred)"
)


def is_klog(line: str) -> bool:
    """Tell kubectl's log lines (`E1122 ... "Unhandled Error"`, `memcache.go`) from its messages."""
    return _KLOG.match(line) is not None


def is_kubectls_own(line: str) -> bool:
    """Tell kubectl's own messages from what a credential plugin or a tool in the pod says."""
    return any(one.match(line) for one in (_OWN, _KLOG, _HINT))


def without_user_info(line: str) -> str:
    """Return kubectl's words without a name and a password that stand in an address."""
    return _USER_INFO.sub(r"\1REDACTED@", line)


def find_rule(lines: Iterable[str]) -> tuple[Rule | None, str]:
    """Classify by the last line that is not noise.

    Returns:
        The rule, or None where no rule knows the line; and the line (empty when there is none).
    """
    telling = [
        line.rstrip("\r\n")
        for line in lines
        if line.strip() and not any(one.match(line) for one in (_KLOG, _REMOTE_EXIT, _HINT))
    ]
    own = [line for line in telling if _OWN.match(line)] or telling
    if not own:
        return None, ""
    last = own[-1]
    for rule in RULES:
        if rule.pattern.search(last):
            return rule, last
    return None, last


def _evidence(lines: Iterable[str], line: str) -> str:
    """Return what is known of why kubectl ended: its words, or at least its last noise."""
    if line:
        return f"kubectl said: {shown_text(without_user_info(line))}"
    noise = [one.rstrip("\r\n") for one in lines if _REMOTE_EXIT.match(one)]
    return f"kubectl said: {shown_text(noise[-1])}" if noise else "kubectl said nothing"


def error_from(lines: Sequence[str], *, otherwise: str) -> RestoreError:
    """Return the error that kubectl's words mean; one that may be retried where nothing is known.

    Args:
        lines: what kubectl wrote to stderr, in order.
        otherwise: what failed, in words, for messages that no rule knows.
    """
    rule, line = find_rule(lines)
    evidence = _evidence(lines, line)
    if rule is None:
        return InterruptedRestoreError(otherwise, reason=evidence, fix=AGAIN)
    return rule.error(rule.what, reason=evidence, fix=rule.fix)
