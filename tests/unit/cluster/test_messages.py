"""kubectl's words: each has an exit code, and may pass or is final."""

from __future__ import annotations

import pytest

from kubectl_restore.cluster.kubectl import leading
from kubectl_restore.cluster.messages import (
    RULES,
    Rule,
    error_from,
    find_rule,
    is_klog,
    is_kubectls_own,
)
from kubectl_restore.errors import ExitCode, InterruptedRestoreError, OldKubectlError

# As measured: what may be retried ...
PASSING = [
    (
        "error: error reading from error stream: next reader: websocket: close 1006 "
        "(abnormal closure): "
        "unexpected EOF"
    ),
    "error: error reading from error stream: next reader: websocket: close 1001 (going away)",
    (
        "error: error reading from error stream: next reader: read tcp 127.0.0.1:1->127.0.0.1:2: "
        "i/o timeout"
    ),
    "error: unexpected EOF",
    "Unable to connect to the server: EOF",
    "Unable to connect to the server: dial tcp: lookup h on 10.0.0.1:53: no such host",
    (
        "The connection to the server 127.0.0.1:6443 was refused - did you specify the "
        "right host or "
        "port?"
    ),
    "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
    "Error from server (Timeout): the server was unable to return a response in the time allotted",
    "Error from server (TooManyRequests): the server has received too many requests",
    "Error from server: etcdserver: request timed out",
    "Error from server (InternalError): error dialing backend: dial tcp 10.0.0.2:10250: connect",
    'error: unable to upgrade connection: container not found ("c")',
    "Error from server: ",
]
# ... and what is final.
FINAL = [
    ('Error from server (NotFound): pods "p" not found', ExitCode.TARGET),
    ('Error from server (NotFound): namespaces "x" not found', ExitCode.TARGET),
    (
        (
            'Error from server (Forbidden): pods "p" is forbidden: User "u" cannot create resource '
            '"pods/exec" in API group "" in the namespace "n"'
        ),
        ExitCode.NOT_ALLOWED,
    ),
    ("error: You must be logged in to the server (Unauthorized)", ExitCode.NOT_ALLOWED),
    ("Error from server (BadRequest): container nope is not valid for pod p", ExitCode.TARGET),
    (
        "error: cannot exec into a container in a completed pod; current phase is Succeeded",
        ExitCode.TARGET,
    ),
    (
        (
            "Unable to connect to the server: tls: failed to verify certificate: x509: certificate "
            "signed by unknown authority"
        ),
        ExitCode.USAGE,
    ),
    (
        "Unable to connect to the server: getting credentials: exec: executable X not found",
        ExitCode.NOT_ALLOWED,
    ),
    ('error: unable to upgrade connection: pods "p" not found', ExitCode.TARGET),
    ("error: unable to upgrade connection: Unauthorized", ExitCode.NOT_ALLOWED),
    (
        (
            'error: unable to upgrade connection: pods "p" is forbidden: User "u" cannot create '
            'resource "pods/exec" in API group "" in the namespace "n"'
        ),
        ExitCode.NOT_ALLOWED,
    ),
    (
        "Error in configuration: context was not found for specified context: X",
        ExitCode.USAGE,
    ),
    (
        (
            "error: Internal error occurred: error executing command in container: failed to "
            "exec in "
            "container: OCI runtime exec failed: exec failed: unable to start container process: "
            'exec: "tar": executable file not found in $PATH: unknown'
        ),
        ExitCode.POD_CANNOT,
    ),
    (
        (
            "error: Internal error occurred: error executing command in container: failed to "
            "exec in "
            "container: OCI runtime exec failed: exec failed: unable to start container process: "
            'exec: "sh": executable file not found in $PATH: unknown'
        ),
        ExitCode.POD_CANNOT,
    ),
]
NOISE = [
    'E1122 05:06:07.123456   12345 v2.go:129] "Unhandled Error" err="next reader: EOF"',
    (
        "E1122 05:06:07.123456   12345 memcache.go:265] couldn't get current server API "
        "group list: "
        "the server has asked for the client to provide credentials"
    ),
    "I1122 05:06:07.123456   12345 round_trippers.go:553] GET https://h/api 401 Unauthorized",
    "",
    "command terminated with exit code 1",
]


def rule_of(*lines: str) -> Rule:
    rule, _ = find_rule(lines)
    assert rule is not None, lines
    return rule


@pytest.mark.parametrize("line", PASSING)
def test_what_may_pass(line: str) -> None:
    rule = rule_of(line)
    assert rule.retry
    assert rule.code == ExitCode.INTERRUPTED


@pytest.mark.parametrize(("line", "code"), FINAL)
def test_what_is_final(line: str, code: ExitCode) -> None:
    rule = rule_of(line)
    assert not rule.retry
    assert rule.code == code


@pytest.mark.parametrize("word", ["error", "Error"])
def test_an_unknown_flag_is_heard_in_both_spellings(word: str) -> None:
    hint = "See 'kubectl get --help' for usage."
    assert is_kubectls_own(hint)
    assert rule_of(f"{word}: unknown flag: --x", hint).code == ExitCode.USAGE
    old = rule_of(f"{word}: unknown flag: --subresource", hint)
    assert old.error is OldKubectlError
    assert old.code == ExitCode.USAGE


@pytest.mark.parametrize("line", [*PASSING, *(line for line, _ in FINAL)])
def test_noise_around_it_does_not_matter(line: str) -> None:
    expected = rule_of(line)
    assert rule_of(*NOISE, line) is expected
    assert rule_of(*NOISE, line + "\r\n", *NOISE) is expected
    # A credential plugin's last words are not kubectl's.
    assert rule_of("Opening the browser", line, "goodbye") is expected


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example[:60])
def test_a_rules_own_example_maps_to_it(rule: Rule) -> None:
    assert rule_of(rule.example) is rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example[:60])
def test_a_rule_gives_an_error_in_three_layers(rule: Rule) -> None:
    error = error_from([*NOISE, rule.example], otherwise="something failed")
    assert type(error) is rule.error
    assert error.exit_code == rule.code
    assert error.what == rule.what
    assert error.reason == f"kubectl said: {rule.example}"
    assert error.fix
    assert rule.retry == (rule.error is InterruptedRestoreError)


@pytest.mark.parametrize("line", [*PASSING, *(line for line, _ in FINAL), *NOISE[:3], NOISE[4]])
def test_kubectls_own_words_are_known_as_its_own(line: str) -> None:
    assert is_kubectls_own(line)


@pytest.mark.parametrize("line", ["Password: ", "Error: no token", "errors: 3", "E1 x", "tar: x"])
def test_other_words_are_not_kubectls(line: str) -> None:
    assert not is_kubectls_own(line)
    assert not is_klog(line)


@pytest.mark.parametrize("line", NOISE[:3])
def test_log_lines_are_known(line: str) -> None:
    assert is_klog(line)


def test_nothing_that_tells_anything() -> None:
    assert find_rule([]) == (None, "")
    assert find_rule(NOISE) == (None, "")
    error = error_from(NOISE, otherwise="something failed")
    assert (error.what, error.reason) == (
        "something failed",
        "kubectl said: command terminated with exit code 1",
    )
    error = error_from(NOISE[:1], otherwise="something failed")
    assert error.reason == "kubectl said nothing"
    assert error.exit_code == ExitCode.INTERRUPTED


def test_a_message_that_no_rule_knows_may_be_tried_again() -> None:
    rule, line = find_rule(["error: the moon is full"])
    assert (rule, line) == (None, "error: the moon is full")
    error = error_from(["error: the \x1b[2Jmoon"], otherwise="something failed")
    assert error.exit_code == ExitCode.INTERRUPTED
    assert error.reason == r"kubectl said: error: the \x1b[2Jmoon"


def test_the_last_message_decides() -> None:
    assert rule_of(PASSING[0], FINAL[0][0]).code == ExitCode.TARGET
    assert rule_of(FINAL[0][0], PASSING[0]).retry


OCI = (
    "error: Internal error occurred: error executing command in container: failed to exec in "
    "container: OCI runtime exec failed: exec failed: "
)
DIALING = "Error from server: error dialing backend: "
VAP = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: "


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        # What a hop further in has said, quoted by one further out.
        (f"{DIALING}remote error: tls: internal error", 8, "get csr"),
        (f"{DIALING}tls: failed to verify certificate: x509: unknown authority", 8, "get csr"),
        (f"{DIALING}dial tcp 10.0.0.2:10250: connect: connection refused", 8, "get nodes"),
        (f"{DIALING}dial tcp: lookup node-1 on 10.0.0.3:53: no such host", 8, "get nodes"),
        (f"{DIALING}dial tcp 10.0.0.2:10250: i/o timeout", 8, "get nodes"),
        (f"{DIALING}No agent available", 8, "get nodes"),
        (f'Error from server (Forbidden): pods "p" is forbidden: {VAP}no such host', 5, "polic"),
        (f'The pods "p" is invalid: : {VAP}exec: "sh": executable file not found', 5, "polic"),
        (f'error: unable to upgrade connection: pods "p" is forbidden: {VAP}x509: ', 5, "polic"),
        ('Error from server: admission webhook "w" denied the request: tls: no', 5, "polic"),
        ('error: unable to upgrade connection: admission webhook "w" denied the', 5, "polic"),
        (
            ('Error from server (InternalError): failed calling webhook "w"'
            ': failed to call webhook: Post "https://x": x509: expired'),
            8,
            "webhook",
        ),
        ("error: unable to upgrade connection: Forbidden", 5, "proxy"),
        (
            ("error: unable to upgrade connection: Forbidden (user=apiserver, verb=create, "
            "resource=nodes, subresource(s)=[proxy])"),
            5,
            "kubelet",
        ),
        (
            ("Error from server (Forbidden): Forbidden (user=apiserver, verb=create, "
            "resource=nodes, subresource=proxy)"),
            5,
            "kubelet",
        ),
        ('Error from server (NotFound): nodes "n" not found', 8, "get nodes"),
        ("Error from server (BadRequest): pod p does not have a host assigned", 8, "describe pod"),
        # The runtime: what stays so, and what passes.
        (f'{OCI}unable to start container process: exec: "sh": permission denied', 7, "-c"),
        (f"{OCI}unable to start container process: exec /bin/sh: exec format error", 7, "-c"),
        (f"{OCI}unable to start container process: exec /bin/sh: argument list too long", 7, "-c"),
        (f'{OCI}unable to start container process: exec: "sh": stat sh: no such file', 7, "-c"),
        (f"{OCI}unable to start container process: error executing setns process", 8, "again"),
        (f"{OCI}cannot exec in a stopped container: unknown", 8, "again"),
        (f"{OCI}unable to start container process: open /sys/x: no such file", 8, "again"),
        (f"{OCI}write init-p: broken pipe: unknown", 8, "again"),
        (("error: Internal error occurred: error executing command in container: container is not "
         "created or running"), 8, "again"),
        # Ours.
        ("error: Invalid timeout value. Timeout must be a single integer in seconds", 2, "timeout"),
        ("error: proxy: unknown scheme: https", 2, "newer kubectl"),
        ("error occurred while applying preferences invalid flag x for command get", 2, "kuberc"),
        (
            ('Unable to connect to the server: getting credentials: plugin path "/bin/sh" is not '
            "permitted by the credential plugin allowlist"),
            5,
            "kuberc",
        ),
        (
            ("Unable to connect to the server: getting credentials: exec plugin cannot support "
            "interactive mode: standard input is not a terminal"),
            5,
            "log in first",
        ),
    ],
)  # fmt: skip
def test_where_the_words_come_from_decides_first(line: str, code: int, words: str) -> None:
    error = error_from([line], otherwise="something failed")
    assert (error.exit_code, error.may_pass) == (code, code == ExitCode.INTERRUPTED)
    assert words in error.fix + error.what
    assert line in error.reason


@pytest.mark.parametrize(
    "note",
    [
        ('kuberc: ignoring strict decoding error in /h/.kube/kuberc: unknown field "newField"'),
        (
            "kuberc: no preferences loaded from /h/.kube/kuberc: no valid preferences found in "
            "/h/.kube/kuberc, use --v=5 to see details"
        ),
        "kuberc: no preferences loaded from /h/.kube/kuberc: read /h/.kube/kuberc: is a directory",
    ],
)
def test_a_note_without_a_newline_hides_no_message(note: str) -> None:
    for rule in RULES:
        found, said = find_rule([*NOISE, note + rule.example])
        assert found is rule
        assert said == rule.example
    assert (
        find_rule([f"{note}E1122 05:06:07.123456   12345 x.go:1] y", FINAL[0][0]])[1] == FINAL[0][0]
    )


def test_a_policys_words_are_told_in_full_whatever_they_look_like() -> None:
    first = 'Error from server (Forbidden): admission webhook "w" denied the request: no:'
    more = ["", "error: unknown flag: --x", 'Error from server (NotFound): pods "p" not found']
    error = error_from([*NOISE, first, *more], otherwise="something failed")
    assert error.exit_code == ExitCode.NOT_ALLOWED
    for line in (first, *more):
        assert line in error.reason


def test_a_fix_leads_where_the_restore_went() -> None:
    command = [
        "/k",
        "--context=",
        "--server=",
        "--context=a b",
        "--namespace=n",
        "exec",
        "--",
        "--context=c",
    ]
    at = leading(command)
    assert at == " '--context=a b' --namespace=n"
    error = error_from([FINAL[0][0]], otherwise="something failed", at=at)
    assert error.fix.split("\n") == [
        "kubectl '--context=a b' --namespace=n get pods",
        "in every namespace: kubectl '--context=a b' --namespace=n get pods -A",
    ]


@pytest.mark.parametrize(
    "resource", ["deployments.apps", "statefulsets.apps", "services", "persistentvolumeclaims"]
)
def test_of_what_is_missing_its_kind_is_listed(resource: str) -> None:
    line = f'Error from server (NotFound): {resource} "web" not found'
    error = error_from([line], otherwise="something failed", at=" -n prod")
    assert error.exit_code == ExitCode.TARGET
    first, _, second = error.fix.partition("\n")
    assert first == f"kubectl -n prod get {resource}"
    assert second.endswith(f": kubectl -n prod get {resource} -A")
