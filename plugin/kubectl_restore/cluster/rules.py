"""What kubectl's words mean, hop by hop: the one table of messages, exit codes and finality.

docs/kubectl-messages.md is generated from it. Where a row says no version it was seen with each
kubectl from 1.24 to 1.37; "sources" means that it was read in Kubernetes' sources or in public
reports, and could not be brought about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kubectl_restore.cluster.hops import Hop
from kubectl_restore.cluster.kubectl import NEWER_KUBECTL
from kubectl_restore.cluster.stated import CONFIG_VIEW, EVERYWHERE, EXEC, GET
from kubectl_restore.errors import (
    CompletedError,
    ExitCode,
    InterruptedRestoreError,
    NoContainerError,
    NoNamespaceError,
    NoPodError,
    NoShellError,
    NotAllowedError,
    NotFoundError,
    OldKubectlError,
    RestoreError,
    UsageError,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of message.

    Attributes:
        hop: who says it.
        pattern: searched for in the line, as a regular expression (compiled when a message is
            read); empty for whatever else the hop says.
        error: the error that it becomes (its class owns the exit code).
        what: what failed, for people.
        fix: what to do; `kubectl{at}` gets context and namespace where they are known, `{NAME}`
            what the pattern's group of that name has found.
        example: a line as it was seen.
        versions: of kubectl that print it; empty for all.
    """

    hop: Hop
    pattern: str
    error: type[RestoreError]
    what: str
    fix: str
    example: str
    versions: str = ""

    @property
    def code(self) -> ExitCode:
        """The exit code of the error."""
        return self.error.code

    def fix_for(self, line: str, at: str) -> str:
        """Return the fix for a line that the pattern fits.

        Args:
            line: of kubectl's.
            at: flags that lead to the cluster and the namespace, with a blank before.
        """
        found = re.search(self.pattern, line)
        fix = self.fix.replace("{at}", at)
        for name, text in ({} if found is None else found.groupdict()).items():
            fix = fix.replace(f"{{{name}}}", text)
        return fix

    @property
    def retry(self) -> bool:
        """Whether the same command may succeed a moment later."""
        return self.error.may_pass


AGAIN: Final = "run the same command again"
"""The fix of what may pass by itself."""
_PODS: Final = "kubectl{at} get pods"
_NODES: Final = "kubectl{at} get nodes, then run the same command again"
_ROLE: Final = "ask for a role with get on pods and create on pods/exec (docs/permissions.md)"
_ASK_POLICY: Final = (
    "ask who runs the cluster's policies (docs/permissions.md); a role is not what is missing"
)
_OTHER: Final = (
    "name a container with a shell that mounts the same volume (-c CONTAINER), or have one added "
    "to the pod: --via ephemeral"
)
_KUBERC: Final = "look at ~/.kube/kuberc (or where KUBERC leads), and take it out there"
_STATED: Final = "|".join(one.name for one in (*EVERYWHERE, *GET, *EXEC, *CONFIG_VIEW))
_EXEC_OF: Final = r"(exec: |exec /|exec user process|executable )"
"""What a runtime says before the reason why this very program could not be started; anything else
of it ("open /sys/fs/cgroup/...: no such file") is about a container that comes or goes."""
_SOURCES: Final = "sources"


def _rule(  # noqa: PLR0917 - one row of the table
    hop: Hop,
    pattern: str,
    error: type[RestoreError],
    what: str,
    example: str,
    fix: str = AGAIN,
    versions: str = "",
) -> Rule:
    return Rule(hop, pattern, error, what, fix, example, versions)


_C, _L, _W, _P, _S, _N, _R = (
    Hop.CLIENT, Hop.LOGIN, Hop.ROUTE, Hop.POLICY, Hop.SERVER, Hop.NODE, Hop.RUNTIME,
)  # fmt: skip
_UP: Final = "error: unable to upgrade connection: "
_SRV: Final = "Error from server"
_OCI: Final = (
    "error: Internal error occurred: error executing command in container: failed to exec in "
    "container: OCI runtime exec failed: exec failed: unable to start container process: "
)
_NO_WORD: Final = 'User "u" cannot create resource "pods/exec" in API group "" in the namespace "n"'
_DENIED: Final = "ValidatingAdmissionPolicy 'x' with binding 'y' denied request: not on Fridays"

RULES: Final[tuple[Rule, ...]] = (
    # kubectl and its configuration
    _rule(_C, r"context was not found for specified context|context \S+ does not exist"
          r'|no context exists with the name|(cluster|auth info) "[^"]*" does not exist',
          UsageError, "the kubeconfig does not have what was named",
          "Error in configuration: context was not found for specified context: X",
          "kubectl config get-contexts"),
    _rule(_C, rf"unknown flag: --({_STATED})$", OldKubectlError, "this kubectl is too old",
          "Error: unknown flag: --subresource", NEWER_KUBECTL, "before 1.24"),
    _rule(_C, r"[Uu]nknown (shorthand )?flag|^error: invalid argument", UsageError,
          "this kubectl does not know a flag", "error: unknown flag: --x",
          "kubectl version --client"),
    _rule(_C, r"error occurred while applying preferences", UsageError,
          "kubectl cannot use its kuberc",
          "error occurred while applying preferences invalid flag x for command get", _KUBERC,
          "1.34 and newer"),
    _rule(_C, r"without impersonating a user", UsageError,
          "kubectl was told a group and no user to act as",
          "error: requesting uid, groups or user-extra for u without impersonating a user",
          f"name the user too: --as USER; or {_KUBERC}"),
    _rule(_C, r"getting credentials: plugin", NotAllowedError,
          "kubectl's own policy does not allow the credential plugin",
          'Unable to connect to the server: getting credentials: plugin "sh" not allowed: policy '
          'set to "DenyAll"', "allow it: credentialPluginPolicy in ~/.kube/kuberc", "1.37"),
    _rule(_C, r"Invalid timeout value", UsageError, "--request-timeout is no duration",
          "error: Invalid timeout value. Timeout must be a single integer in seconds, or ...",
          "--request-timeout 30s"),
    _rule(_C, r"proxy: unknown scheme", UsageError,
          "this kubectl cannot go through the cluster's proxy",
          "error: proxy: unknown scheme: https",
          "use a newer kubectl, or set KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false", "1.30.0"),
    _rule(_C, r"invalid 'proxy-url'", UsageError, "the kubeconfig's proxy-url cannot be used",
          "error: invalid 'proxy-url' \"ftp://h:1\" for cluster \"c\": unsupported scheme \"ftp\", "
          "must be http, https, or socks5", "kubectl config view"),
    _rule(_C, r"", UsageError, "the kubeconfig cannot be used",
          'error: error loading config file "/path": yaml: line 1: ...', "kubectl config view"),
    # Authentication
    _rule(_L, r"standard input is (not a terminal|unavailable)|interactive mode", NotAllowedError,
          "the credential plugin wants to ask, and the backup is on its standard input",
          "Unable to connect to the server: getting credentials: exec plugin cannot support "
          "interactive mode: standard input is not a terminal",
          "log in first (kubectl{at} auth whoami), so that the plugin has something cached; or use "
          "one that asks at /dev/tty"),
    _rule(_L, r"getting credentials: |exec plugin", NotAllowedError, "the credential plugin failed",
          "Unable to connect to the server: getting credentials: exec: executable X not found",
          "run the kubeconfig's credential command by hand"),
    _rule(_L, r"", NotAllowedError, "the cluster does not know this user",
          "error: You must be logged in to the server (Unauthorized)",
          "log in again, or check: kubectl{at} auth whoami"),
    # Authorisation and admission
    _rule(_P, r"failed calling webhook", InterruptedRestoreError,
          "the API server could not ask its admission webhook",
          f'{_SRV} (InternalError): Internal error occurred: failed calling webhook "w": failed to '
          'call webhook: Post "https://...": dial tcp 10.0.0.1:443: connect: connection refused',
          "ask who runs the webhook, then run the same command again", _SOURCES),
    _rule(_P, r"^The \S+ \"[^\"]*\" is invalid", NotAllowedError,
          "a policy of the cluster does not allow an exec here",
          f'The pods "p" is invalid: : {_DENIED}', _ASK_POLICY, "1.24 to 1.34"),
    _rule(_P, r"unable to upgrade connection: .*AdmissionPolicy '", NotAllowedError,
          "a policy of the cluster does not allow an exec here",
          f'{_UP}pods "p" is forbidden: {_DENIED}', _ASK_POLICY, "1.37"),
    _rule(_P, r"AdmissionPolicy '", NotAllowedError,
          "a policy of the cluster does not allow an exec here",
          f'{_SRV} (Forbidden): pods "p" is forbidden: {_DENIED}', _ASK_POLICY, "1.24 to 1.34"),
    _rule(_P, r"admission webhook \"", NotAllowedError,
          "a policy of the cluster does not allow an exec here",
          f'{_SRV}: admission webhook "w.example" denied the request: not on Fridays', _ASK_POLICY,
          _SOURCES),
    _rule(_P, r": Forbidden$", NotAllowedError,
          "kubectl proxy, or another proxy before the cluster, does not let an exec through",
          f"{_UP}Forbidden",
          "go to the cluster without it; kubectl proxy has --reject-paths"),
    _rule(_P, r"unable to upgrade connection: ", NotAllowedError, "the cluster does not allow this",
          f'{_UP}pods "p" is forbidden: {_NO_WORD}', _ROLE, "1.37"),
    _rule(_P, r"", NotAllowedError, "the cluster does not allow this",
          f'{_SRV} (Forbidden): pods "p" is forbidden: {_NO_WORD}', _ROLE),
    # The API server
    _rule(_S, r"namespaces \"[^\"]*\" not found", NoNamespaceError, "the namespace does not exist",
          f'{_SRV} (NotFound): namespaces "x" not found', "kubectl{at} get namespaces"),
    _rule(_S, r"unable to upgrade connection: pods \"[^\"]*\" not found", NoPodError,
          "the pod does not exist any more", f'{_UP}pods "p" not found', _PODS, "1.37"),
    _rule(_S, r"pods \"[^\"]*\" not found", NoPodError, "the pod does not exist",
          f'{_SRV} (NotFound): pods "p" not found',
          f"{_PODS}\nin every namespace: {_PODS} -A"),
    _rule(_S, r"is not valid for pod", NoContainerError, "the pod has no such container",
          f"{_SRV} (BadRequest): container nope is not valid for pod p",
          "kubectl{at} get pod POD -o jsonpath='{.spec.containers[*].name}'"),
    _rule(_S, r"in a completed pod", CompletedError, "the pod has completed; nothing can run in it",
          "error: cannot exec into a container in a completed pod; current phase is Succeeded",
          f"restore into a running pod: {_PODS}"),
    _rule(_S, r"\((Gone|Expired)\)", NoPodError, "the pod is gone", f"{_SRV} (Gone): ...", _PODS,
          _SOURCES),
    _rule(_S, r"\(NotFound\): (?P<resource>[a-z]+(\.[a-z0-9.-]+)?) \"[^\"]*\" not found",
          NotFoundError, "there is no such object in the namespace",
          f'{_SRV} (NotFound): deployments.apps "web" not found',
          "kubectl{at} get {resource}\nin every namespace: kubectl{at} get {resource} -A"),
    _rule(_S, r"\(NotFound\)", NotFoundError, "the cluster does not have what was asked for",
          f"{_SRV} (NotFound): the server could not find the requested resource", _PODS),
    _rule(_S, r"\((ServiceUnavailable|Timeout|TooManyRequests)\)", InterruptedRestoreError,
          "the API server is busy",
          f"{_SRV} (ServiceUnavailable): the server is currently unable to handle the request"),
    _rule(_S, r"etcdserver: ", InterruptedRestoreError,
          "the API server's store did not answer in time",
          f"{_SRV}: etcdserver: request timed out", AGAIN, _SOURCES),
    _rule(_S, r"^Error from server: *$", InterruptedRestoreError,
          "the API server failed without a word", f"{_SRV}: "),
    _rule(_S, r"", InterruptedRestoreError, "the cluster had an internal error",
          f'{_SRV} (InternalError): an error on the server ("...") has prevented the request from '
          "succeeding"),
    # The API server to the node
    _rule(_N, r"Forbidden \(user=", NotAllowedError,
          "the pod's node does not let the API server run anything",
          f"{_UP}Forbidden (user=kube-apiserver-kubelet-client, verb=create, resource=nodes, "
          "subresource(s)=[proxy])",
          "the kubelet forbids it: ask who runs the cluster for the role "
          "system:kubelet-api-admin for that user", _SOURCES),
    _rule(_N, r"does not have a host assigned", InterruptedRestoreError,
          "the pod has no node yet", f"{_SRV} (BadRequest): pod p does not have a host assigned",
          "kubectl{at} describe pod POD, then run the same command again"),
    _rule(_N, r"error dialing backend: .*(tls: |x509: )", InterruptedRestoreError,
          "the API server cannot reach the pod's node: its certificate is not accepted",
          "Error from server: error dialing backend: remote error: tls: internal error",
          "kubectl{at} get csr (one of the node's may wait to be approved), then run the same "
          "command again", _SOURCES),
    _rule(_N, r"", InterruptedRestoreError, "the API server cannot reach the pod's node",
          f"{_SRV}: error dialing backend: dial tcp 10.0.0.2:10250: connect: connection refused",
          _NODES),
    # The runtime and the container
    _rule(_R, r'exec: "sh": executable file not found|exec: "sh": stat .*no such file'
          r'|exec "sh": executable|executable file `sh` not found', NoShellError,
          "the container has no shell",
          f'{_OCI}exec: "sh": executable file not found in $PATH: unknown', _OTHER),
    _rule(_R, rf"{_EXEC_OF}.*(not found|[Nn]o such file|[Pp]ermission denied|exec format error"
          r"|argument list too long)", NoShellError, "the container cannot run a command",
          f'{_OCI}exec: "tar": permission denied: unknown', _OTHER),
    _rule(_R, r"container not found", InterruptedRestoreError, "the container is restarting",
          f'{_UP}container not found ("c")'),
    _rule(_R, r"", InterruptedRestoreError,
          "the node could not start a command in the container, for the moment",
          f"{_OCI}error executing setns process: exit status 1: unknown", AGAIN, _SOURCES),
    # The way to the API server
    _rule(_W, r"tls: (?!.*timeout)|x509: ", UsageError,
          "the API server's certificate is not accepted",
          "Unable to connect to the server: tls: failed to verify certificate: x509: certificate "
          "signed by unknown authority",
          "check the cluster's certificate-authority in the kubeconfig"),
    _rule(_W, r"no such host|server misbehaving", InterruptedRestoreError,
          "the API server's name cannot be resolved",
          "Unable to connect to the server: dial tcp: lookup h on ...: no such host",
          "check the network, then run the same command again"),
    _rule(_W, r"was refused - did you specify the right host or port|connection refused"
          r"|no route to host|network is unreachable", InterruptedRestoreError,
          "the API server does not answer",
          "The connection to the server H:P was refused - did you specify the right host or port?",
          "check with kubectl{at} cluster-info, then run the same command again"),
    _rule(_W, r"websocket: close|connection reset by peer|broken pipe|unexpected EOF"
          r"|use of closed network|http2: ", InterruptedRestoreError, "the link was lost",
          "error: error reading from error stream: next reader: websocket: close 1006 (abnormal "
          "closure): unexpected EOF"),
    _rule(_W, r"i/o timeout|context deadline exceeded|Client\.Timeout|handshake timeout"
          r"|request canceled", InterruptedRestoreError, "the cluster did not answer in time",
          "error: error reading from error stream: next reader: read tcp ...: i/o timeout"),
    _rule(_W, r"Unable to connect to the server: EOF", InterruptedRestoreError,
          "the API server closed the connection", "Unable to connect to the server: EOF"),
    _rule(_W, r"unable to upgrade connection|error sending request|error stream",
          InterruptedRestoreError, "the exec connection could not be made or kept", f"{_UP}..."),
    _rule(_W, r"", InterruptedRestoreError, "the API server cannot be reached",
          "Unable to connect to the server: ...",
          "check with kubectl{at} cluster-info, then run the same command again"),
)  # fmt: skip


def rule_of(hop: Hop, line: str) -> Rule:
    """Return what a line means that a hop says; the last rule of each takes whatever else it is."""
    return next(rule for rule in RULES if rule.hop is hop and re.search(rule.pattern, line))
