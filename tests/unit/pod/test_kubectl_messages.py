"""Every message that was ever seen has its exit code, and is retryable or final."""

from __future__ import annotations

import pytest

from kubectl_restore.pod.kubectl_messages import RULES, error_from, find_rule

NOISE = (
    'E1122 10:00:00.000000   99 memcache.go:265] "Unhandled Error" err="couldn\'t get ..."',
    'E1122 10:00:00.000000   99 v2.go:104] "Unhandled Error" err="write tcp: broken pipe"',
)
PASSING = [
    (
        "error: error reading from error stream: next reader: websocket: close 1006 (abnormal "
        "closure): unexpected EOF"
    ),
    "error: error reading from error stream: next reader: websocket: close 1001 (going away)",
    "error: error reading from error stream: next reader: read tcp 1.2.3.4:5: i/o timeout",
    "error: unexpected EOF",
    "Unable to connect to the server: EOF",
    "Unable to connect to the server: dial tcp: lookup nowhere on 1.1.1.1:53: no such host",
    (
        "The connection to the server localhost:8080 was refused - did you specify the right host or "
        "port?"
    ),
    "Error from server (ServiceUnavailable): the server is currently unable to handle the request",
    "Error from server (Timeout): the server was unable to return a response",
    "Error from server (TooManyRequests): the server has received too many requests",
    "Error from server: etcdserver: request timed out",
    "Error from server (InternalError): error dialing backend: dial tcp 10.0.0.1:10250: refused",
    'error: unable to upgrade connection: container not found ("c")',
    "Error from server: ",
]
FINAL = {
    'Error from server (NotFound): pods "p" not found': 4,
    'Error from server (Forbidden): pods "p" is forbidden: User "u" cannot create resource '
    '"pods/exec" in API group ""': 5,
    "error: You must be logged in to the server (Unauthorized)": 5,
    "Error from server (BadRequest): container nope is not valid for pod p": 4,
    "error: cannot exec into a container in a completed pod; current phase is Succeeded": 4,
    "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed "
    "by unknown authority": 2,
    "Unable to connect to the server: getting credentials: exec: executable X not found": 5,
    "Error in configuration: context was not found for specified context: X": 2,
    "error: Internal error occurred: error executing command in container: OCI runtime exec "
    'failed: exec failed: unable to start container process: exec: "tar": executable file not found in '
    "$PATH: unknown": 7,
}


@pytest.mark.parametrize("line", PASSING)
def test_what_may_pass(line: str) -> None:
    rule, said = find_rule([*NOISE, line])
    assert rule is not None
    assert rule.retry
    assert rule.code == 8
    assert said == line


@pytest.mark.parametrize(("line", "code"), FINAL.items())
def test_what_is_final(line: str, code: int) -> None:
    rule, _ = find_rule([*NOISE, line])
    assert rule is not None
    assert not rule.retry
    assert rule.code == code
    error = error_from([*NOISE, line], otherwise="?")
    assert error.exit_code == code
    assert line[:40] in error.reason
    assert error.fix


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.example[:40])
def test_each_rules_example_is_its_own(rule: object) -> None:
    assert find_rule([rule.example])[0] is rule  # type: ignore[attr-defined]


def test_words_that_nobody_knows_may_pass_and_are_shown() -> None:
    error = error_from([*NOISE, "error: something\x1b[31m new"], otherwise="it ended")
    assert (error.exit_code, error.what) == (8, "it ended")
    assert "something\\x1b[31m new" in error.reason
    assert "kubectl said nothing" in error_from(NOISE, otherwise="it ended").reason
