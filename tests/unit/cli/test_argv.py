"""pflag's grammar: what kubectl's users write means here what it means there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.cli.application import choose_command
from kubectl_restore.cli.argv import SWITCHES, Parsed, check_built, parse, parse_what_can_be
from kubectl_restore.cli.flags import BY_NAME, BY_SHORT, FLAGS, OLDER_COMMANDS, RESERVED, Scope
from kubectl_restore.errors import UsageError

# The table of the design, by what it says is built now.
BUILT = [
    "namespace",
    "container",
    "selector",
    "pod",
    "target-path",
    "force",
    "overwrite",
    "save-replaced",
    "before",
    "after",
    "receipt",
    "retries",
    "compare",
    "delete",
    "dry-run",
    "verify",
    "strict",
    "sync",
    "timeout",
    "stall-timeout",
    "progress",
    "quiet",
    "verbose",
    "yes",
    "kubectl",
    "preserve-perms",
    "no-same-owner",
    "owner",
    "chmod",
    "keep-directory-symlinks",
    "allow-missing-end",
    "salvage",
    "no-cache",
    "skip-paths",
    "include",
    "exclude",
    "strip-components",
    "transform-prefix",
    "devices",
    "skip-unsafe",
    "checksum",
    "require-checksum",
    "output",
    "jobs",
    "log-file",
    "transport",
    "compress",
    "via",
    "scale-down",
    "scale-back",
    "helper-image",
    "run-as",
    "each",
    "map",
    "per-node",
    "canary",
    "skip-missing",
    "help",
    "version",
]
OLDER = ["debug", "log-level", "log-format"]
KUBECTLS = [
    "context",
    "cluster",
    "user",
    "kubeconfig",
    "as",
    "as-group",
    "as-uid",
    "server",
    "token",
    "client-certificate",
    "client-key",
    "certificate-authority",
    "insecure-skip-tls-verify",
    "tls-server-name",
    "request-timeout",
    "cache-dir",
    "disable-compression",
    "match-server-version",
    "username",
    "password",
]
SHORTS = {
    "n": "namespace", "c": "container", "C": "container", "t": "target-path", "f": "force",
    "q": "quiet", "v": "verbose", "y": "yes", "h": "help", "d": "debug", "p": "preserve-perms",
    "s": "skip-paths", "o": "output", "j": "jobs", "l": "selector",
}  # fmt: skip


def flags(*words: str) -> list[tuple[str, str]]:
    return [(flag.name, value) for flag, value in parse(words).flags]


def fails(*words: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse(words)
    return caught.value


def test_the_table_of_flags_is_the_designs() -> None:
    assert {flag.name for flag in FLAGS} == {
        *BUILT,
        *OLDER,
        "against",
        "cleanup",
        "list",
        "extras",
        "install",
        "tree",
        *KUBECTLS,
    }
    assert {letter: flag.name for letter, flag in BY_SHORT.items()} == SHORTS


@pytest.mark.parametrize("name", [*BUILT, *KUBECTLS])
@pytest.mark.parametrize("older", [False, True])
def test_what_is_built_is_taken_in_both_spellings(name: str, *, older: bool) -> None:
    word = f"--{name}=x" if BY_NAME[name].value else f"--{name}"
    if older and name in SWITCHES:
        with pytest.raises(UsageError, match="does not replace existing files any more"):
            check_built(parse([word]), older=older)
    else:
        check_built(parse([word]), older=older)


@pytest.mark.parametrize("name", OLDER)
def test_the_older_spellings_flags_belong_to_it(name: str) -> None:
    words = [f"--{name}=x"] if BY_NAME[name].value else [f"--{name}"]
    check_built(parse(words), older=True)
    with pytest.raises(UsageError, match="older spelling"):
        check_built(parse(words), older=False)


@pytest.mark.parametrize(
    "words",
    [["-n", "x"], ["-n=x"], ["-nx"], ["--namespace", "x"], ["--namespace=x"]],
)
def test_a_value_is_given_in_five_ways(words: list[str]) -> None:
    assert flags(*words) == [("namespace", "x")]


def test_shorts_are_joined_and_the_first_with_a_value_takes_the_rest() -> None:
    assert flags("-fpt/data") == [
        ("force", "true"),
        ("preserve-perms", "true"),
        ("target-path", "/data"),
    ]
    assert flags("-fqvvt=/data") == [
        ("force", "true"), ("quiet", "true"), ("verbose", "true"), ("verbose", "true"),
        ("target-path", "/data"),
    ]  # fmt: skip
    assert flags("-ft", "/data") == [("force", "true"), ("target-path", "/data")]


@pytest.mark.parametrize("value", ["1", "t", "T", "true", "True", "TRUE"])
def test_a_switch_is_turned_on(value: str) -> None:
    assert parse([f"--force={value}"]).is_set("force")
    assert parse([f"-f={value}"]).is_set("force")


@pytest.mark.parametrize("value", ["0", "f", "F", "false", "False", "FALSE"])
def test_a_switch_is_turned_off_and_the_last_word_counts(value: str) -> None:
    assert not parse(["-f", f"--force={value}"]).is_set("force")
    assert not parse([f"-f={value}"]).is_set("force")
    assert parse([f"-f={value}", "-f"]).is_set("force")


def test_a_switch_takes_no_other_value_and_never_the_next_word() -> None:
    assert "switch" in fails("--force=maybe").what
    assert "switch" in fails("-f=maybe").what
    assert parse(["--force", "false"]).positionals == ["false"]


def test_minus_v_counts_and_starts_again_when_turned_off() -> None:
    assert parse(["-vv"]).count("verbose") == 2
    assert parse(["-v", "pod", "--verbose"]).count("verbose") == 2
    assert parse(["-vv", "--verbose=false", "-v"]).count("verbose") == 1
    assert parse([]).count("verbose") == 0


def test_two_dashes_end_the_flags() -> None:
    parsed = parse(["-f", "--", "-n", "--", "--force=false"])
    assert parsed.positionals == ["-n", "--", "--force=false"]
    assert parsed.is_set("force")
    assert parsed.places == [2, 3, 4]


def test_one_dash_is_a_word() -> None:
    assert parse(["pod", "-"]).positionals == ["pod", "-"]


def test_a_value_may_look_like_anything() -> None:
    assert flags("-n", "--", "-t", "-f") == [("namespace", "--"), ("target-path", "-f")]
    assert flags("--namespace=a=b") == [("namespace", "a=b")]
    assert flags("--namespace=") == [("namespace", "")]


@pytest.mark.parametrize("word", ["-n", "--namespace", "-fn", "--timeout"])
def test_a_missing_value_is_told(word: str) -> None:
    assert "needs a value" in fails("pod", word).what


def test_an_unknown_flag_is_told_with_the_nearest() -> None:
    error = fails("--namspace", "x")
    assert error.exit_code == 2
    assert error.what == "unknown flag: --namspace"
    assert error.fix == "did you mean --namespace?"
    assert fails("--zzzzzz").fix == "kubectl restore --help"
    assert fails("-fZ").what == "unknown flag: -Z"


def test_an_unknown_flags_value_is_not_repeated() -> None:
    error = fails("--tokne=hunter2")
    assert "hunter2" not in f"{error.what}{error.reason}{error.fix}"


# The same flags in any order and spelling.

_TAKING = [flag for flag in FLAGS if flag.value]
_SWITCHES = [flag for flag in FLAGS if not flag.value]
_values = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)
_given = st.one_of(
    st.tuples(st.sampled_from(_TAKING), _values),
    st.tuples(st.sampled_from(_SWITCHES), st.sampled_from(["true", "false"])),
)
_names = st.text("abc./-", min_size=1, max_size=6).filter(lambda word: word[0] != "-")


def spell(data: st.DataObject, name: str, shorts: str, value: str, *, switch: bool) -> list[str]:
    spellings = [[f"--{name}={value}"]]
    if not switch:
        spellings.append([f"--{name}", value])
    elif value == "true":
        spellings.append([f"--{name}"])
    for letter in shorts:
        if switch:
            spellings.append([f"-{letter}={value}"])
            if value == "true":
                spellings.append([f"-{letter}"])
        else:
            spellings.append([f"-{letter}", value])
            if value:
                spellings.append([f"-{letter}={value}"])
            if value and value[0] != "=":
                spellings.append([f"-{letter}{value}"])
    return data.draw(st.sampled_from(spellings))


@given(st.lists(_given, max_size=6), st.lists(_names, max_size=3), st.data())
def test_every_spelling_anywhere_parses_the_same(
    wanted: list[tuple[object, str]], positionals: list[str], data: st.DataObject
) -> None:
    pieces = []
    for flag, value in wanted:
        assert isinstance(flag, type(FLAGS[0]))
        pieces.append(spell(data, flag.name, flag.shorts, value, switch=not flag.value))
    for word in positionals:
        pieces.insert(data.draw(st.integers(0, len(pieces))), [word])
    words = [word for piece in pieces for word in piece]
    parsed = parse(words)
    assert parsed.flags == wanted
    assert sorted(parsed.positionals) == sorted(positionals)
    assert [words[at] for at in parsed.places] == parsed.positionals


@given(st.permutations([["-n", "x"], ["-f"], ["-t/data"], ["-c=app"], ["pod"], ["--timeout=5s"]]))
def test_the_order_does_not_matter(pieces: list[list[str]]) -> None:
    parsed = parse([word for piece in pieces for word in piece])
    assert dict(flags(*[word for piece in pieces for word in piece])) == {
        "namespace": "x", "force": "true", "target-path": "/data", "container": "app",
        "timeout": "5s",
    }  # fmt: skip
    assert parsed.positionals == ["pod"]


@given(st.lists(st.text(max_size=6), max_size=6))
def test_any_words_parse_or_are_a_usage_error(words: list[str]) -> None:
    try:
        parsed: Parsed | UsageError = parse(words)
    except UsageError as error:
        parsed = error
    if isinstance(parsed, UsageError):
        assert parsed.what
        assert parsed.reason
        assert parsed.fix
    else:
        assert [words[at] for at in parsed.places] == parsed.positionals
        assert parse_what_can_be(words) == parsed


@pytest.mark.parametrize(
    "words",
    [["--nope", "-o", "json", "a", "-n"], ["a", "--zz=1", "-ojson"], ["-Z", "a", "--output=json"],
     ["--force=maybe", "-o=json", "--", "a"]],
)  # fmt: skip
def test_what_can_be_parsed_is_parsed_around_what_cannot(words: list[str]) -> None:
    fails(*words)
    parsed = parse_what_can_be(words)
    assert (parsed.value("output"), parsed.positionals) == ("json", ["a"])


# Which command is meant.


@pytest.mark.parametrize(
    ("words", "command", "rest"),
    [
        ([], "help", []),
        (["--help"], "help", []),
        (["-h"], "help", []),
        (["--version", "-o", "json"], "version", ["--version", "-o", "json"]),
        (["version"], "version", []),
        (["pod", "b.tar"], "restore", ["pod", "b.tar"]),
        (["pod", "filesystem"], "restore", ["pod", "filesystem"]),
        (["pod/inspect", "b.tar"], "restore", ["pod/inspect", "b.tar"]),
        (["filesystem", "pod", "b.tar"], "filesystem", ["pod", "b.tar"]),
        (["-f", "filesystem", "pod", "b.tar"], "filesystem", ["-f", "pod", "b.tar"]),
        (["--", "filesystem", "pod"], "filesystem", ["--", "pod"]),
        (["-v"], "restore", ["-v"]),
    ],
)
def test_the_first_positional_decides(words: list[str], command: str, rest: list[str]) -> None:
    assert choose_command(words) == (command, rest)


@pytest.mark.parametrize(
    "name", ["filesystem", "inspect", "seal", "version", "help", *RESERVED, *OLDER_COMMANDS]
)
def test_a_value_that_is_called_like_a_command_stays_a_value(name: str) -> None:
    words = ["-n", name, "-f", name, "-c", name, "pod", "b"]
    assert choose_command(words) == (name, ["-n", name, "-f", "-c", name, "pod", "b"])
    assert choose_command(["-n", name, "pod", "b"]) == ("restore", ["-n", name, "pod", "b"])


def test_all_names_of_the_design_are_kept() -> None:
    assert set(RESERVED) == {
        "plan",
        "undo",
    }
    assert {"backup", "list", "init", "logs", "tui"} <= set(OLDER_COMMANDS)
    assert {flag.scope for flag in FLAGS} == set(Scope)
