"""From words to a request: what is refused, and what is passed on."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kubectl_restore.archive.select.rename import Mapping
from kubectl_restore.archive.select.selection import Selection
from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.durations import parse_duration
from kubectl_restore.cli.manner import Manner, read_manner
from kubectl_restore.cli.reading import read_request
from kubectl_restore.errors import UsageError
from kubectl_restore.plan.policy import Overwrite, ScaleBack

if TYPE_CHECKING:
    from kubectl_restore.plan.request import RestoreRequest


def request(*words: str, older: bool = False) -> RestoreRequest:
    return read_request(parse(words), words, older=older)


def manner(*words: str, older: bool = False) -> Manner:
    return read_manner(parse(words), older=older)


def refused(*words: str, older: bool = False) -> UsageError:
    def read() -> None:
        read_manner(parse(words), older=older)
        read_request(parse(words), words, older=older)

    with pytest.raises(UsageError) as caught:
        read()
    assert caught.value.exit_code == 2
    assert caught.value.what
    assert caught.value.reason
    assert caught.value.fix
    return caught.value


def test_commands_beside_a_restore_are_taken_as_they_are() -> None:
    made = request("pod", "b.tar", "--before", "a && 'b'\n.\n", "--after=-x $HOME")
    assert (made.before, made.after) == ("a && 'b'\n.\n", "-x $HOME")
    said = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {made.command_with()}"], capture_output=True, check=True
    ).stdout.decode()
    assert said.split("\0")[-3:-1] == ["a && 'b'\n.\n", "--after=-x $HOME"]
    assert (request("pod", "b.tar").before, request("pod", "b.tar").after) == (None, None)


@pytest.mark.parametrize("name", ["before", "after"])
@pytest.mark.parametrize("command", ["", " \n"])
def test_an_empty_command_is_no_command(name: str, command: str) -> None:
    assert f"--{name} wants a command" in refused("pod", "b.tar", f"--{name}={command}").what


def test_a_workload_is_scaled_down_where_that_was_asked_for() -> None:
    made = request("deploy/web", "b.tar", "-t", "/srv")
    assert (made.scale_down, made.scale_back) == (False, ScaleBack.SUCCESS)
    made = request("sts/db", "b.tar", "--pod=db-1", "--scale-down", "--scale-back", "always")
    assert (made.scale_down, made.scale_back) == (True, ScaleBack.ALWAYS)
    assert request("pvc/data", "b.tar", "--scale-down", "--via=helper").scale_down


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("pod", "--scale-down"), "--scale-down does not go with pod/pod"),
        (("ds/log", "--scale-down"), "--scale-down does not go with daemonset/log"),
        (("deploy/web", "--scale-down", "--pod=web-1"), "--pod does not go with --scale-down"),
        (("deploy/web", "--scale-down", "--before=x"), "--before does not go with --scale-down"),
        (("deploy/web", "--scale-down", "--after=x"), "--after does not go with --scale-down"),
        (("pvc/data", "--scale-down", "--via=exec"), "--via exec does not go with"),
        (("deploy/web", "--scale-down", "--via=ephemeral"), "--via ephemeral does not go with"),
        (("deploy/web", "--scale-back=always"), "--scale-back needs --scale-down"),
        (("deploy/web", "--scale-down", "--scale-back=never"), "--scale-back"),
    ],
)
def test_what_does_not_go_with_scaling_down(words: tuple[str, ...], what: str) -> None:
    target, *flags = words
    assert what in refused(target, "b.tar", *flags).what


def test_where_what_is_replaced_is_saved() -> None:
    assert request("pod", "b.tar").save_replaced is None
    words = ("pod", "b.tar", "--save-replaced", "before.tar", "-n", "prod")
    made = request(*words)
    assert made.save_replaced == Path("before.tar")
    assert made.command_with("--force") == shlex.join(["kubectl", "restore", *words, "--force"])
    again = "kubectl restore pod b.tar -n prod --force"
    assert made.command_to_go_on() == again
    joined = request("pod", "b.tar", "--save-replaced=before.tar", "-n", "prod", "--force")
    assert joined.command_to_go_on() == again


@pytest.mark.parametrize("name", ["", "-"])
def test_what_is_replaced_is_saved_in_a_file(name: str) -> None:
    assert "no file's name" in refused("pod", "b.tar", f"--save-replaced={name}").reason


# Where to


@pytest.mark.parametrize(
    ("given_path", "path"),
    [
        ("/", "/"), ("//", "/"), ("/data", "/data"), ("/data/", "/data"), ("//data//x/", "/data/x"),
        ("/data/./x/.", "/data/x"), ("/a b", "/a b"), ("/...", "/..."), ("/..a", "/..a"),
        ("/é", "/é"),
    ],
)  # fmt: skip
def test_a_target_path_is_made_plain(given_path: str, path: str) -> None:
    assert request("pod", "b.tar", "-t", given_path).target_path == path


def test_without_a_target_path_it_is_the_root() -> None:
    assert request("pod", "b.tar").target_path == "/"


@pytest.mark.parametrize(
    "path",
    ["data", "./data", "", " /data", "~", "/data/..", "/../x", "/a/../b", "/a\nb", "/\x1b[2J",
     "/a\x00b", "/a\u202eb", "/\udcff"],
)  # fmt: skip
def test_other_target_paths_are_refused_before_any_contact(path: str) -> None:
    error = refused("pod", "b.tar", f"--target-path={path}")
    assert error.what.startswith("-t ")
    assert error.what.isprintable()


@given(st.text(max_size=20))
def test_a_target_path_that_is_taken_is_absolute_and_clean(text: str) -> None:
    try:
        path = request("pod", "b.tar", f"-t={text}").target_path
    except UsageError:
        return
    assert path.startswith("/")
    assert path == "/" or not path.endswith("/")
    assert not {"..", "."} & set(path.split("/"))
    assert path.isprintable()


# How long


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400), ("1.5s", 1.5), ("250ms", 0.25),
        ("45", 45), ("0", None), ("0s", None), ("0h0m", None),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: float | None) -> None:
    assert parse_duration(text, "--timeout") == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s",
        "10x",
        "-5s",
        "1m 30s",
        "ten",
        "1,5s",
        "1e3s",
        "s10",
        "10d",
        "9" * 400,
        "9" * 30 + "h",
    ],
)
def test_what_is_no_duration(text: str) -> None:
    for name in ("timeout", "stall-timeout"):
        assert refused("pod", "b.tar", f"--{name}={text}").what.startswith(f"--{name}: ")


def test_default_durations_and_no_limits() -> None:
    assert manner("pod", "b.tar").timeout == 600
    assert request("pod", "b.tar").stall_timeout == 60
    assert manner("pod", "b.tar", "--timeout=0").timeout is None
    assert request("pod", "b.tar", "--stall-timeout", "0").stall_timeout is None


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_the_parts_of_a_duration_add_up(hours: int, minutes: int, seconds: int) -> None:
    total = hours * 3600 + minutes * 60 + seconds
    assert parse_duration(f"{hours}h{minutes}m{seconds}s", "--timeout") == (total or None)


# Pod and backup


@pytest.mark.parametrize(
    ("words", "missing"),
    [([], "a pod and a backup are missing"), (["pod"], "a backup is missing"), (["-f"], "a pod")],
)
def test_what_is_missing_is_named(words: list[str], missing: str) -> None:
    assert refused(*words).what.startswith(missing)


@pytest.mark.parametrize(
    ("backup", "fix"),
    [
        ("my b.tar", "sha256sum -- 'my b.tar'"),
        ("s3://bucket/k.tar", "aws s3 cp s3://bucket/k.tar - | sha256sum"),
    ],
)
def test_what_prints_a_checksum_names_the_backup(backup: str, fix: str) -> None:
    assert refused("pod", backup, "--checksum=sha256:zz").fix == fix


def test_too_many_words_are_shown_as_they_were_given() -> None:
    error = refused("pod", "b c.tar", "d")
    assert error.what == "too many arguments"
    assert "pod 'b c.tar' d" in error.reason


@pytest.mark.parametrize("command", ["verify", "diff"])
def test_who_only_looks_and_swaps_is_shown_how_to_look(command: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_request(parse(["b.tar", "db-0", "-t", "/d"]), [], older=False, compares=command)
    assert caught.value.fix == f"kubectl restore {command} db-0 b.tar --target-path=/d"


@pytest.mark.parametrize("name", ["b.tar", "b.tgz", "b.tar.gz", "dir/b.tar.zst"])
@pytest.mark.parametrize("older", [False, True])
def test_backup_before_pod_is_noticed_and_the_right_order_works(name: str, *, older: bool) -> None:
    error = refused(name, "db-0", "-ft", "/my data", "-n=x", older=older)
    assert error.what == "the pod comes first, then the backup"
    words = shlex.split(error.fix)
    assert words[:2] == ["kubectl", "restore"]
    if older:
        assert words.pop(2) == "filesystem"
    mended = request(*words[2:], older=older)
    assert mended.target.name == "db-0"
    assert mended.backup == Path(name)
    assert mended.target_path == "/my data"
    assert mended.kubectl.namespace == "x"
    assert mended.overwrite is Overwrite.IF_CHANGED


def test_backup_before_pod_is_noticed_by_the_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dump").touch()
    assert refused("dump", "db-0").fix == "kubectl restore db-0 dump"
    # A pod that is called like a file, and a backup that is there: as given.
    Path("other").touch()
    assert request("dump", "other").target.name == "dump"


def test_the_right_order_repeats_no_secret() -> None:
    error = refused("b.tar", "db-0", "--token=hunter2", "--password", "hunter3")
    assert "hunter" not in f"{error.what}{error.reason}{error.fix}"
    assert "--token=REDACTED" in error.fix


@pytest.mark.parametrize("pod", ["x" * 5000, "a\0b", "/root/" + "y" * 300, "Ünknown", "-"])
def test_a_pod_that_is_none_is_a_usage_error_whatever_the_file_system_says(pod: str) -> None:
    refused(pod, "backup")


def test_standard_input_has_to_be_piped(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, encoding="utf-8") as nothing:  # noqa: PTH123 - no terminal, and open
        monkeypatch.setattr(sys, "stdin", nothing)
        assert request("pod", "-").is_piped
        assert not request("pod", "./-").is_piped
    monkeypatch.setattr(sys, "stdin", None)
    assert "no backup on standard input" in refused("pod", "-").what


@pytest.mark.parametrize(
    "pod", ["cronjob/web", "pv/x", "node/n", "UPPER", "a_b", "", "sts/", "sts/a/b"]
)
def test_other_targets_are_refused(pod: str) -> None:
    refused(pod, "b.tar")


@pytest.mark.parametrize("pod", ["db-0", "pod/db-0", "pods/db-0", "po/db-0"])
def test_a_pods_name_with_and_without_its_type(pod: str) -> None:
    assert request(pod, "b.tar").target.name == "db-0"


@pytest.mark.parametrize(
    ("word", "named", "path"),
    [
        ("deploy/web", "deployment/web", "/"),
        ("deployments.apps/web:/srv", "deployment/web", "/srv"),
        ("sts/db:/data/", "statefulset/db", "/data"),
        ("deploy.apps/web", "deployment/web", "/"),
        ("services/db", "service/db", "/"),
        ("db-0:/data", "pod/db-0", "/data"),
        ("pvc/data", "persistentvolumeclaim/data", "/"),
    ],
)
def test_what_has_pods_is_a_target_and_a_path_may_stand_behind_it(
    word: str, named: str, path: str
) -> None:
    read = request(word, "b.tar")
    assert (str(read.target), read.target_path, read.is_placed) == (named, path, path != "/")


def test_a_target_is_named_once() -> None:
    assert "named twice" in refused("db-0:/data", "b.tar", "-t", "/data").what
    assert "--pod chooses one" in refused("db-0", "b.tar", "--pod", "db-0").what
    assert request("sts/db", "b.tar", "--pod", "db-0").target.pod == "db-0"
    assert "cannot be a pod's name" in refused("sts/db", "b.tar", "--pod", "-x").what
    assert refused("prod/db-0:/data", "b.tar").fix.endswith("restore db-0:/data BACKUP -n prod")


# kubectl


def test_kubectls_own_flags_are_passed_through_as_given() -> None:
    made = request(
        "pod", "b.tar", "--as", "me", "--as-group=a", "--as-group=b", "--insecure-skip-tls-verify",
        "--kubeconfig=/k", "--context", "there", "-n", "prod", "--server=https://h", "-c", "app",
        "--kubectl=/usr/bin/kubectl", "--disable-compression=false",
    )  # fmt: skip
    assert made.kubectl.common() == [
        "--as=me", "--as-group=a", "--as-group=b", "--insecure-skip-tls-verify=true",
        "--kubeconfig=/k", "--server=https://h", "--disable-compression=false", "--context=there",
        "--namespace=prod",
    ]  # fmt: skip
    assert made.kubectl.program == "/usr/bin/kubectl"
    assert made.container == "app"


def test_the_namespace_is_the_contexts_but_default_in_the_older_spelling() -> None:
    assert request("pod", "b.tar").kubectl.namespace is None
    assert request("pod", "b.tar", older=True).kubectl.namespace == "default"
    assert request("pod", "b.tar", "-n", "x", older=True).kubectl.namespace == "x"


def test_a_secret_goes_to_kubectl_and_nowhere_else() -> None:
    made = request("pod", "b.tar", "--token=hunter2", "--password", "hunter3")
    assert {"--token=hunter2", "--password=hunter3"} <= set(made.kubectl.common())
    assert made.command == (
        "kubectl", "restore", "pod", "b.tar", "--token=REDACTED", "--password", "REDACTED",
    )  # fmt: skip


@given(
    secret=st.text(min_size=4, max_size=12).filter(str.strip),
    name=st.sampled_from(["token", "password"]),
    joined=st.booleans(),
)
def test_no_secret_stays_in_the_command(*, secret: str, name: str, joined: bool) -> None:
    words = [f"--{name}={secret}"] if joined else [f"--{name}", secret]
    rest = ("pod", "b.tar", "-t", "/data")
    assume(
        all(secret not in word for word in ("kubectl", "restore", "REDACTED", *rest, *words[:-1]))
    )
    assume(secret not in f"--{name}=")
    made = request(*rest, *words)
    assert all(secret not in word for word in made.command)


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("address", ["https://me:hunt@er/2 @h:6443", "me:hunter@h:6443"])
def test_an_address_goes_to_kubectl_with_the_password_and_nowhere_else(
    address: str, *, joined: bool
) -> None:
    words = [f"--server={address}"] if joined else ["--server", address]
    made = request("pod", "b.tar", *words)
    assert made.kubectl.common() == [f"--server={address}"]
    for said in (shlex.join(made.command), made.command_with("--force"), made.command_to_go_on()):
        assert "hunt" not in said
        assert "REDACTED@h:6443" in said
    assert "hunt" not in refused("b.tar", "db-0", *words).fix


def test_the_command_can_be_said_again() -> None:
    words = ("pod", "b.tar", "-ft/data", "--timeout", "5s")
    assert request(*words).command == ("kubectl", "restore", *words)
    assert request(*words).overwrite is Overwrite.IF_CHANGED
    assert request(*words, "--force=false").overwrite is Overwrite.REFUSE


# How it is shown


def test_the_manner_of_showing() -> None:
    assert manner() == Manner(timeout=600.0)
    assert manner("-q").quiet
    assert [manner(*words).verbosity for words in ([], ["-v"], ["-vv"], ["-vvv"])] == [0, 1, 2, 2]
    for kind in ("auto", "live", "plain", "none", "json"):
        assert manner(f"--progress={kind}").progress == kind
    error = refused("pod", "b.tar", "--progress=loud")
    assert "auto, live, plain, none, json" in error.reason


def test_text_or_json() -> None:
    assert manner().output == manner("-o", "text").output == "text"
    for kind in ("auto", "none", "json"):
        assert manner("-ojson", f"--progress={kind}").output == "json"
    for kind in ("live", "plain"):
        assert "contradict" in refused("pod", "b.tar", "-ojson", f"--progress={kind}").what
    assert "text, json" in refused("pod", "b.tar", "-oyaml").reason


def test_the_older_spellings_logging_flags() -> None:
    assert manner("-d", older=True).verbosity == 2
    assert manner("--log-level=debug", older=True).verbosity == 2
    assert manner("--log-level=error", "--verbose", older=True).verbosity == 1
    assert manner("--log-file=/tmp/x", older=True).log_file == Path("/tmp/x")  # noqa: S108 - not opened
    assert manner("--log-format=json", older=True).older
    refused("pod", "b.tar", "--log-level=loud", older=True)
    refused("pod", "b.tar", "--log-format=xml", older=True)


@pytest.mark.parametrize("words", [["-o"], ["--overwrite"], ["-o", "--force"], ["-fo"]])
@pytest.mark.parametrize("older", [False, True])
def test_overwrite_as_a_switch_names_force(words: list[str], *, older: bool) -> None:
    assert "--force" in refused(*words, "pod", "b.tar", older=older).fix
    assert "--force" in refused("pod", "b.tar", *words, older=older).fix


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-s=*.log"], [b"*.log"]),
        (["-fs", "a,b", "--skip-paths=c"], [b"a", b"b", b"c"]),
        (["-fst/data"], [b"t/data"]),
        (['-s="a,b",c'], [b"a,b", b"c"]),
        (["-s", ",a,,"], [b"a"]),
        (["-s="], []),
        (["--exclude=a,b", "-s=c", "--exclude", "\udcff"], [b"a,b", b"\xff", b"c"]),
    ],
)
@pytest.mark.parametrize("older", [False, True])
def test_globs_of_what_is_left_out(words: list[str], expected: list[bytes], *, older: bool) -> None:
    request = read_request(parse(["pod", "b.tar", *words]), words, older=older)
    assert list(request.selection.exclude) == expected


def test_what_is_wanted_of_a_backup() -> None:
    def read(*words: str) -> Selection:
        return read_request(parse(["pod", "b.tar", *words]), words, older=False).selection

    assert read() == Selection()
    assert read("--include", "a", "--include=b,c").include == (b"a", b"b,c")
    assert read("--strip-components", "2").mapping == Mapping(2)
    prefixes = ((b"var/a", b"b"), (b"", b"x"), (b"c", b""))
    words = ("/var//a/=./b", "=x", "c=")
    assert read(*(f"--transform-prefix={one}" for one in words)).mapping == Mapping(0, prefixes)
    assert read("--transform-prefix=a=b=c").mapping.prefixes == ((b"a", b"b=c"),)
    assert read("--devices").devices
    assert read("--skip-unsafe").skip_unsafe
    assert not read("--skip-unsafe=false").skip_unsafe


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("--include=", "--include is empty"),
        ("--exclude=", "--exclude is empty"),
        ('-s="a', "no list of globs"),
        ("--strip-components=-1", "no number of components"),
        ("--strip-components=", "no number of components"),
        ("--strip-components=\u0663", "no number of components"),
        ("--transform-prefix=a", "no OLD=NEW"),
        ("--transform-prefix==", "no OLD=NEW"),
        ("--transform-prefix=a=../b", "no OLD=NEW"),
        ("--transform-prefix=../a=b", "no OLD=NEW"),
    ],
)
def test_what_nothing_can_be_chosen_by_is_refused(word: str, what: str) -> None:
    error = refused("pod", "b.tar", word)
    assert what in error.what
    assert error.reason
    assert error.fix


def test_whom_things_belong_to() -> None:
    def read(*words: str) -> RestoreRequest:
        return read_request(parse(["pod", "b.tar", *words]), words, older=False)

    assert (read().same_owner, read().owner) == (True, None)
    assert not read("--no-same-owner").same_owner
    assert read("--owner", "1000:0").owner == (1000, 0)
    assert read("--owner=4294967294:07").owner == (4294967294, 7)


@pytest.mark.parametrize(
    "text",
    ["", "1000", "1000:", ":1", "app:app", "-1:1", "4294967295:0", "1:2:3", "1 :2", "\u0661:1"],
)
def test_an_owner_is_two_numbers(text: str) -> None:
    error = refused("pod", "b.tar", f"--owner={text}")
    assert "is no owner" in error.what
    assert error.fix == "--owner 1000:1000"


def test_two_answers_to_whom_things_belong_contradict_each_other() -> None:
    error = refused("pod", "b.tar", "--owner=1:1", "--no-same-owner")
    assert "contradict" in error.what


@pytest.mark.parametrize("prefix", ["", "sha256:", "SHA256:", "Sha256:"])
def test_a_check_sum_is_hexadecimal_digits_with_or_without_their_kind(prefix: str) -> None:
    digest = "0123456789abcdef" * 4
    for text in (digest, digest.upper(), f"{digest}\n"):
        assert request("pod", "b.tar", f"--checksum={prefix}{text}").checksum == digest
    assert request("pod", "b.tar").checksum is None
    for text in (
        "",
        "sha256:",
        digest[:-1],
        f"{digest}0",
        f"sha512:{digest}",
        f"md5:{digest[:32]}",
    ):
        assert "--checksum" in refused("pod", "b.tar", f"--checksum={text}").what


@pytest.mark.parametrize("name", ["b.tar", "another name", "*b.tar", "/srv/b.tar\n"])
def test_a_line_of_sha256sum_is_a_check_sum(name: str) -> None:
    digest = "0123456789ABCDEF" * 4
    for start in ("", "\\", "\n"):
        made = request("pod", "b.tar", "--checksum", f"{start}{digest}  {name}")
        assert made.checksum == digest.lower()


def test_what_is_left_of_a_damaged_backup_is_restored_by_a_restore() -> None:
    words = ["verify", "pod", "b.tar", "--require-checksum"]
    made = read_request(parse(words[1:]), words, older=False, compares="verify")
    assert made.command_to_salvage() == "kubectl restore pod b.tar --salvage"
    assert made.command_to_compare_salvaged() == "kubectl restore verify pod b.tar --salvage"
    with pytest.raises(UsageError, match="--salvage is not possible"):
        read_request(
            parse(["pod", "b.tar", "--extras=fail", "--salvage"]),
            ["verify"],
            older=False,
            compares="verify",
        )
    assert not request("pod", "b.tar").command_to_compare_salvaged()
    words = ["pod", "b.tar", "--delete", "-t", "/d"]
    assert request(*words).command_to_salvage() == "kubectl restore pod b.tar -t /d --salvage"


def test_a_checksum_is_required_where_there_can_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert request("pod", "b.tar", "--require-checksum").require_checksum
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert "--checksum" in refused("pod", "-", "--require-checksum").fix
    assert "salvage" in refused("pod", "b.tar", "--require-checksum", "--salvage").what


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_backup_goes_over_so_many_execs(count: int) -> None:
    assert request("pod", "b.tar", "-t", "/data", f"-j{count}").lanes == count
    assert request("pod", "b.tar", "-t", "/data", f"--jobs={count}").lanes == count


@pytest.mark.parametrize("text", ["0", "5", "-1", "two", "", "²"])
def test_other_numbers_of_execs_are_refused(text: str) -> None:
    assert "--jobs" in refused("pod", "b.tar", "-t", "/data", f"--jobs={text}").what
