"""Plan, send only what differs, prove it: dry runs, policies, deletion, checksums, verify."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract import trees
from tests.contract.clusters import KUBECTL
from tests.contract.meddling import changing_kubectl
from tests.contract.program import Result, restore, restore_piped, run, verify
from tests.json_page import undocumented

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.clusters import Cluster

    Writer = Callable[..., Path]

TARS = ["busybox", "debian", "bsdtar", "toybox"]


def backup_of(owner: tuple[int, int]) -> bytes:
    """Return an archive with its directories, odd names, links and an empty file."""
    archive = trees.Archive(owner=owner)
    archive.directory("app")
    archive.add("app/one", b"one\n" * 3000)
    archive.add("app/two", b"two\n", mode=0o600)
    archive.add("app/empty", b"")
    archive.add(b"app/odd\nname \\ \xff", b"odd\n")
    archive.symlink("app/link", "one")
    archive.hardlink("app/hard", "app/one")
    archive.directory("app/sub")
    archive.add("app/sub/three", b"three\n")
    return archive.finish()


def planned(text: str) -> dict[str, str]:
    """Return what a dry run says of each path."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert [undocumented(one) for one in lines] == [[]] * len(lines)
    return {one["name"]: one["action"] for one in lines if one["message_type"] == "plan"}


def summary(text: str) -> dict[str, Any]:
    """Return the last line."""
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


def fixed(result: Result) -> list[str]:
    """Return the words of the command that an error's fix names."""
    (line,) = [one for one in result.err.splitlines() if one.startswith("Fix: ")]
    words = shlex.split(line.partition(": kubectl restore ")[2])
    assert words, line
    return words


@pytest.mark.parametrize("kind", TARS)
def test_a_second_run_sends_nothing_and_checks_contents_on_request(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    file = backup(backup_of(pod.owner))
    first = restore(pod, file, "--verify", "checksum", "--sync")
    assert first.code == 0, first
    assert "Contents compared by sha256sum in the container" in first.out
    assert verify(pod, file).code == 0
    before = pod.tree()
    second = restore(pod, file, "-o", "json", "--force", "--verify=checksum")
    assert second.code == 0, second
    counts = summary(second.out)
    assert (counts["files_restored"], counts["bytes_restored"]) == (0, 0)
    assert counts["files_unchanged"] == 7
    assert counts["verified"] == "sha256sum"
    assert pod.tree() == before
    pod.flip("app/one")
    # What was kept for its size and time is compared, too.
    flipped = restore(pod, file, "--force", "--verify=checksum")
    assert flipped.code == 9, flipped
    assert "app/one: other content: " in flipped.err
    # The same command would keep it again.
    told = fixed(flipped)
    assert {"--force", "--verify=checksum", "--compare=checksum"} <= set(told)
    by_content = run(*told, "-o", "json")
    assert by_content.code == 0, by_content
    assert summary(by_content.out)["bytes_restored"] == 12_000
    assert trees.differences(trees.tree_of(file.read_bytes()), pod.tree(), owners=pod.is_root) == []


@pytest.mark.parametrize("kind", TARS)
def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    file = backup(backup_of(pod.owner))
    assert restore(pod, file).code == 0
    script = (
        "cd {} && rm app/two && echo longer >app/sub/three && echo >app/new && chmod 640 app/empty"
    )
    pod.run("sh", "-c", script.format(pod.path))
    before = pod.tree()
    refused = restore(pod, file, "--dry-run", "-o", "json")
    assert refused.code == 6, refused
    assert planned(refused.out)["app/sub/three"] == "refuse"
    assert planned(refused.out)["app/two"] == "create"
    told = shlex.split(summary(refused.out)["fix"].partition(": ")[2])
    assert told[-1] == "--force"
    assert "--dry-run" in told
    result = restore(pod, file, "--dry-run", "--force", "--delete", "-o", "json")
    assert result.code == 0, result
    actions = planned(result.out)
    assert {path: what for path, what in actions.items() if what != "keep"} == {
        "app": "adjust", "app/two": "create", "app/sub": actions["app/sub"],
        "app/sub/three": "replace", "app/empty": "adjust", "app/new": "delete",
    }  # fmt: skip
    counts = summary(result.out)
    assert counts["dry_run"] is True
    assert actions["app/sub"] in {"adjust", "keep"}
    assert counts["files_deleted"] == 1
    # The plan and the counts say the same.
    assert counts["files_adjusted"] == list(actions.values()).count("adjust")
    assert counts["files_replaced"] == list(actions.values()).count("replace") == 1
    assert counts["files_restored"] == 2
    text = restore(pod, file, "--dry-run", "--force", "-v")
    assert text.code == 0, text
    assert "replace  app/sub/three (file, 6 B): 7 bytes there, 6 in the backup; " in text.out
    assert text.out.endswith("Nothing was changed (--dry-run)\n")
    assert pod.tree() == before
    # Exactly that is done then.
    done = restore(pod, file, "--force", "--delete", "-o", "json")
    assert done.code == 0, done
    after = summary(done.out)
    same = ("files_restored", "files_replaced", "files_adjusted", "files_deleted", "bytes_restored")
    assert [after[name] for name in same] == [counts[name] for name in same]
    assert trees.differences(trees.tree_of(file.read_bytes()), pod.tree(), owners=pod.is_root) == []


@pytest.mark.parametrize("kind", TARS)
def test_delete_takes_away_what_is_not_in_the_backup(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    file = backup(backup_of(pod.owner))
    make = (
        "cd {} && mkdir -p app/sub/deep/er other && echo >app/-rf && echo >app/.hidden "
        "&& echo >'app/with * [glob] and $(echo)' && echo >app/sub/deep/er/file "
        "&& ln -s /etc app/sub/deep/away && echo >other/stays && touch app/sub/deep/..two"
    )
    pod.run("sh", "-c", make.format(pod.path))
    result = restore(pod, file, "--force", "--delete")
    assert result.code == 0, result
    assert "8 paths were deleted: not in the backup" in result.out
    expected = trees.tree_of(file.read_bytes())
    after = pod.tree()
    # It has no entry for the target itself, so what stands beside its directories stays.
    assert after.pop(b"other/stays", None) is not None
    after.pop(b"other")
    assert trees.differences(expected, after, owners=pod.is_root) == []


@pytest.mark.parametrize("kind", TARS)
def test_a_link_that_leads_out_of_the_target_is_replaced(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    pod.run("sh", "-c", f"mkdir {pod.path}/app && ln -s /etc/passwd {pod.path}/app/one")
    file = backup(backup_of(pod.owner))
    result = restore(pod, file, "--force")
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(file.read_bytes()), pod.tree(), owners=pod.is_root) == []


def test_delete_is_refused_where_nobody_can_have_meant_it(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("debian")
    file = backup(backup_of(pod.owner))
    for flags in (["-t", "/"], ["--exclude", "x"], ["--skip-unsafe"], ["-s", "a,b"]):
        result = restore(pod, file, "--delete", *flags)
        assert result.code == 2, result
        assert "--delete" in result.err
    for flag in ("--delete", "--dry-run", "--compare=checksum"):
        piped = restore_piped(pod, file.read_bytes(), flag)
        assert piped.code == 2, piped
        assert "needs a file" in piped.err
    assert pod.tree().keys() <= {b"", b"."}


@pytest.mark.parametrize("kind", TARS)
def test_verify_finds_each_kind_of_difference(cluster: Cluster, backup: Writer, kind: str) -> None:
    pod = cluster.pod(kind)
    file = backup(backup_of(pod.owner))
    assert restore(pod, file).code == 0
    pod.flip("app/one")
    script = (
        "cd {} && rm app/two && echo >app/new && mkdir app/more && echo >app/more/file "
        "&& chmod 700 app/empty && printf 'thr' >app/sub/three && mv app/sub s "
        "&& ln -s ../s app/sub && rm app/link && ln -s two app/link"
    )
    pod.run("sh", "-c", script.format(pod.path))
    before = pod.tree()
    result = verify(pod, file, "-o", "json")
    assert result.code == 9, result
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert [undocumented(one) for one in lines] == [[]] * len(lines)
    found = {(one["name"], one["kind"]) for one in lines if one["message_type"] == "difference"}
    # The link is a new one.
    found -= {("app", "mtime"), ("app/link", "mtime"), ("app/link", "owner")}
    assert found == {
        ("app/one", "content"), ("app/hard", "content"), ("app/two", "missing"),
        ("app/new", "extra"), ("app/more", "extra"),
        ("app/empty", "mode"), ("app/sub", "kind"), ("app/sub/three", "size"),
        ("app/sub/three", "mtime"), ("app/link", "content"),
    }  # fmt: skip
    assert lines[-1]["message_type"] == "exit_error"
    assert lines[-1]["code"] == 9
    assert pod.tree() == before
    text = verify(pod, file)
    assert text.code == 9, text
    assert "missing  app/two\n" in text.out
    assert text.err.startswith("Comparing ")
    by_size = verify(pod, file, "--verify=size")
    assert "content  app/one" not in by_size.out
    assert verify(pod, file, "--force").code == 2
    part = verify(pod, file, "--include", "app/empty")
    assert "mode     app/empty" in part.out
    assert "extra" not in part.out
    assert "was not looked for" in part.out


def test_what_a_pod_has_besides_is_no_difference_unless_that_is_wanted(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("busybox")
    file = backup(backup_of(pod.owner))
    assert restore(pod, file).code == 0
    pod.run("sh", "-c", f"cd {pod.path}/app && echo later >newer")
    reported = verify(pod, file)
    assert reported.code == 0, reported
    assert "extra    app/newer\n" in reported.out
    assert "1 path there not in the backup" in reported.out
    ignored = verify(pod, file, "--extras", "ignore")
    assert ignored.code == 0, ignored
    assert "newer" not in ignored.out
    failed = verify(pod, file, "--extras", "fail")
    assert failed.code == 9, failed
    shown = run(*fixed(failed))
    assert shown.code == 0, shown
    assert "1 path would be deleted: not in the backup" in shown.out
    with_list = verify(pod, file, "--extras=fail", "--exclude", "app/two")
    assert with_list.code == 2, with_list
    assert restore(pod, file, "--extras=fail").code == 2


@pytest.mark.parametrize("target", ["shop", "elsewhere"])
def test_a_directory_too_many_is_told_with_the_command_without_it(
    cluster: Cluster, backup: Writer, target: str
) -> None:
    pod = cluster.pod("busybox")
    pod.run("sh", "-c", f"mkdir -p {pod.path}/shop {pod.path}/elsewhere/etc {pod.path}/other")
    archive = trees.Archive(owner=pod.owner)
    archive.directory("shop")
    archive.directory("shop/etc")
    archive.add("shop/etc/one", b"one\n")
    file = backup(archive.finish())
    place = f"--target-path={pod.path}/{target}"
    dry = restore(pod, file, place, "--dry-run")
    assert dry.code == 0, dry
    assert f"as it is, it goes to {pod.path}/{target}/shop" in dry.out
    found = verify(pod, file, place)
    assert found.code == 9, found
    assert found.out.startswith("missing  shop: a directory, with 2 of the backup below it\n")
    said = [one for one in dry.out.splitlines() if "to leave shop/ out: " in one]
    words = shlex.split(said[0].partition(": kubectl restore ")[2])
    assert run(*words).code == 0
    against = f"--against=pod/{pod.name}:{pod.path}/{target}"
    where = (f"--kubeconfig={cluster.kubeconfig}", f"--namespace={cluster.namespace}")
    seen = run("inspect", str(file), against, *where, f"--kubectl={KUBECTL}")
    assert seen.code == 0, seen
    (fix,) = [one for one in seen.out.splitlines() if "to leave shop/ out: " in one]
    told = run(*shlex.split(fix.partition(": kubectl restore ")[2]), "-o", "json")
    assert told.code == 0, told
    plan = json.loads(told.out)["against"]
    assert (plan["hints"], plan["create"]["paths"]) == ([], 1 + (target == "shop"))
    words.remove("--dry-run")
    assert run(*words, "--force").code == 0
    assert run(*fixed(found)).code == 0
    quiet = restore(pod, file, f"--target-path={pod.path}/other", "--dry-run")
    assert "begin with" not in quiet.out + quiet.err


@pytest.mark.parametrize("form", ["", "./", "/", "mixed"])
def test_a_script_finds_a_directory_too_many_in_the_last_line_with_a_fix_for_every_spelling(
    cluster: Cluster, backup: Writer, form: str
) -> None:
    pod = cluster.pod("debian")
    pod.run("sh", "-c", f"mkdir -p {pod.path}/shop")
    archive = trees.Archive(owner=pod.owner)
    archive.directory(form.replace("mixed", "./") + "shop")
    archive.add(form.replace("mixed", "") + "shop/one", b"one\n")
    file = backup(archive.finish())
    place = f"--target-path={pod.path}/shop"
    lines = restore(pod, file, place, "-o", "json", "--retries", "1").out.splitlines()
    last = json.loads(lines[-1])
    assert undocumented(last) == []
    (hint,) = last["hints"]
    assert (hint["kind"], last["notes"]) == ("leading-directory", [])
    assert b"shop/shop/one" in pod.tree()
    pod.run("rm", "-r", f"{pod.path}/shop/shop")
    compared = json.loads(verify(pod, file, place, "-o", "json").out.splitlines()[-2])
    assert [one["kind"] for one in compared["hints"]] == ["leading-directory"]
    fixed = run(*shlex.split(hint["fix"].partition(": kubectl restore ")[2]))
    assert fixed.code == 0, fixed
    assert set(pod.tree()) == {b"shop", b"shop/one"}


def test_a_fix_leads_from_a_hidden_difference_to_what_the_backup_has(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("debian")
    file = backup(backup_of(pod.owner))
    assert restore(pod, file).code == 0
    pod.flip("app/two")
    found = verify(pod, file)
    assert found.code == 9, found
    dry = run(*fixed(found))
    assert dry.code == 0, dry
    assert "1 path would be replaced" in dry.out
    (step,) = [one for one in dry.out.splitlines() if one.startswith("Next: to do it: ")]
    done = run(*shlex.split(step.partition(": kubectl restore ")[2]))
    assert done.code == 0, done
    assert verify(pod, file).code == 0


def test_the_fix_of_a_refused_dry_run_changes_nothing_and_saves_what_it_was_to_save(
    cluster: Cluster, backup: Writer, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    file = backup(backup_of(pod.owner))
    assert restore(pod, file).code == 0
    pod.run("sh", "-c", f"echo other >{pod.path}/app/two")
    before, saved = pod.tree(), tmp_path / "before.tar"
    refused = restore(pod, file, "--dry-run", "--save-replaced", str(saved))
    assert refused.code == 6, refused
    words = fixed(refused)
    assert "--dry-run" in words
    assert str(saved) in words
    shown = run(*words)
    assert shown.code == 0, shown
    assert "would be replaced" in shown.out
    assert pod.tree() == before
    assert not saved.exists()
    (step,) = [one for one in shown.out.splitlines() if one.startswith("Next: to do it: ")]
    assert run(*shlex.split(step.partition(": kubectl restore ")[2])).code == 0
    assert saved.exists()


def test_strict_names_what_the_pod_did_not_let_us_set(cluster: Cluster, backup: Writer) -> None:
    pod = cluster.pod("nonroot-gnu")
    archive = trees.Archive(owner=(0, 0))
    archive.add("roots", b"x")
    file = backup(archive.finish())
    result = restore(pod, file, "--strict")
    assert result.code == 10, result
    assert "1 path without the backup's owner" in result.err
    assert "roots" in result.err
    assert pod.tree()[b"roots"].content == trees.tree_of(file.read_bytes())[b"roots"].content
    assert restore(pod, file, "--no-same-owner", "--strict").code == 0


@pytest.mark.parametrize("kind", ["debian", "busybox"])
def test_verify_none_still_needs_a_tar_that_ended_well(
    cluster: Cluster, backup: Writer, kind: str
) -> None:
    pod = cluster.pod(kind)
    result = restore(pod, backup(trees.small()), "--verify=none")
    assert result.code == 0, result
    assert "not compared with what stands there now" in result.out
    assert len(pod.tree()) >= 3


def test_what_is_only_adjusted_is_adjusted_without_a_comparison_too(
    cluster: Cluster, backup: Writer
) -> None:
    pod = cluster.pod("debian")
    archive = trees.small()
    assert restore(pod, backup(archive), "--no-same-owner").code == 0
    pod.run("chmod", "600", f"{pod.path}/app/config.yaml")
    result = restore(pod, backup(archive), "--no-same-owner", "--force", "--verify=none")
    assert result.code == 0, result
    assert trees.differences(trees.tree_of(archive), pod.tree(), owners=False) == []


@pytest.mark.parametrize("kind", TARS)
@pytest.mark.leaves("record")
def test_a_directory_that_becomes_a_link_while_the_backup_is_sent_is_found(
    cluster: Cluster, backup: Writer, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    archive = trees.Archive(owner=pod.owner)
    archive.directory("app")
    archive.add("app/old", b"stands there")
    assert restore(pod, backup(archive.finish(), "old.tar")).code == 0
    swap = 'os.rename("app", "elsewhere"); os.symlink("elsewhere", "app")'
    kubectl = changing_kubectl(tmp_path, pod, swap, when="extract")
    result = restore(pod, backup(trees.small()), kubectl=kubectl)
    assert result.code == 9, result
    assert "app: a symlink instead of a directory; what stands below it" in result.err
