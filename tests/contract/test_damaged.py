"""Backups that are damaged, or several in one: what a person gets, and what they are told."""

from __future__ import annotations

import gzip
import json
import random
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.contract.clusters import KUBECTL
from tests.contract.program import diff, restore, restore_piped, run, verify
from tests.contract.test_converging import fixed
from tests.json_page import undocumented
from tests.unit.archive.making import END, directory, file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.clusters import Cluster

KINDS = ["debian", "busybox", "bsdtar", "toybox"]
CHANCE = random.Random(3)  # noqa: S311 - content
FILES = {b"d/%d" % number: CHANCE.randbytes(5000) for number in range(6)}


def cut() -> bytes:
    """A gzip that ends in the middle of the fifth file."""
    whole = directory(b"d/") + b"".join(file(name, data) for name, data in FILES.items()) + END
    return gzip.compress(whole)[:24_500]


@pytest.mark.parametrize("kind", KINDS)
def test_salvage_puts_back_what_is_whole_and_names_the_rest(
    cluster: Cluster, tmp_path: Path, kind: str
) -> None:
    pod = cluster.pod(kind)
    backup = tmp_path / "cut.tar.gz"
    backup.write_bytes(cut())
    refused = restore(pod, backup)
    assert refused.code == 3, refused
    assert "--salvage" in refused.err
    assert "inspect" in refused.err
    assert pod.tree().keys() <= {b"", b"."}
    result = restore(pod, backup, "--salvage=partial")
    assert result.code == 10, result
    assert "gone: d/4: cut" in result.err
    got = {name: pod.run("cat", f"{pod.path}/{name.decode()}") for name in list(FILES)[:4]}
    assert got == {name: FILES[name] for name in got}
    partial = pod.run("cat", f"{pod.path}/d/4.partial")
    assert partial
    assert FILES[b"d/4"].startswith(partial)
    assert not {b"d/4", b"d/5"} & pod.tree().keys()
    backup.write_bytes(gzip.compress(directory(b"d/") + file(b"d/0", FILES[b"d/0"]) + END))
    assert restore(pod, backup, "--salvage").code == 0


def test_a_sound_tar_with_a_wrong_checksum_beside_it_is_salvaged_as_not_proved(
    cluster: Cluster, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    backup = tmp_path / "flip.tar"
    whole = b"".join(file(name, data) for name, data in FILES.items()) + END
    backup.write_bytes(whole)
    assert run("seal", str(backup), "-q").code == 0
    damaged = bytearray(whole)
    damaged[700] ^= 1
    backup.write_bytes(damaged)
    refused = restore(pod, backup)
    assert refused.code == 3, refused
    assert f"mv -- {backup}.sha256 {backup}.sha256.old" in refused.err
    assert pod.tree().keys() <= {b"", b"."}
    (again,) = [line for line in refused.err.splitlines() if "to restore that: " in line]
    done = run(*shlex.split(again.partition(": kubectl restore ")[2]))
    assert done.code == 10, done
    assert "its sha256 differs" in done.err
    assert "no content of it is proved" in done.err
    assert pod.run("cat", f"{pod.path}/d/0") == bytes(damaged[512 : 512 + 5000])
    for compare in (verify, diff):
        alike = compare(pod, backup, "--salvage")
        assert alike.code == 10, alike
        assert "no content of it is proved" in alike.err
    # What is asked for by its checksum is that backup and no other.
    asked = restore(pod, backup, "--salvage", f"--checksum={'0' * 64}")
    assert asked.code == 3, asked


def test_members_of_one_wrong_checksum_are_counted_and_all_in_the_log(
    cluster: Cluster, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    backup, log = tmp_path / "flip.tar.gz", tmp_path / "log"
    names = [b"f%d" % number for number in range(30)]
    whole = bytearray(gzip.compress(b"".join(file(name) for name in names) + END))
    whole[-6] ^= 1
    backup.write_bytes(whole)
    done = restore(pod, backup, "--salvage", f"--log-file={log}")
    assert done.code == 10, done
    assert pod.tree().keys() >= set(names)
    assert done.err.count("not proved: f") == 10
    assert "not proved: 30 members in all" in done.err
    assert "gone: " not in done.err
    assert log.read_text().count("not proved: f") == 30
    assert verify(pod, backup, "--salvage", "-v").err.count("not proved: f") == 30


def test_a_pod_is_compared_with_what_can_be_had_of_a_damaged_backup(
    cluster: Cluster, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    backup = tmp_path / "cut.tar.gz"
    backup.write_bytes(cut())
    assert restore(pod, backup, "--salvage").code == 10
    # What is lost of the backup, and stands there, is no difference, and nothing extra.
    pod.run("sh", "-c", f"echo 4 >{pod.path}/d/4; touch -d @1600000000 {pod.path}/d")
    before = pod.tree()
    refused = verify(pod, backup, "--extras=fail")
    assert refused.code == 3, refused
    (again,) = [line for line in refused.err.splitlines() if "to compare with that: " in line]
    alike = run(*shlex.split(again.partition(": kubectl restore ")[2]), "-o", "json")
    assert alike.code == 10, alike
    lines = [json.loads(line) for line in alike.out.splitlines()]
    assert [undocumented(one) for one in lines] == [[]] * len(lines)
    comparison, ending = lines[-2:]
    assert (comparison["salvaged"], comparison["differences"]) == (True, {})
    assert comparison["members_compared"] == 5
    assert any("lost" in note for note in comparison["notes"])
    assert (ending["code"], "damaged" in ending["message"]) == (10, True)
    pod.run("sh", "-c", f"cd {pod.path}/d && rm 0 && printf x | dd of=1 conv=notrunc 2>/dev/null")
    for compare in (verify, diff):
        found = compare(pod, backup, "--salvage")
        assert found.code == 9, found
        assert "gone: d/4: cut" in found.err
        assert "d/1" in found.out
        assert "d/4" not in found.out
        assert run(*fixed(found)).code == 0
    assert {name: one for name, one in pod.tree().items() if name == b"d/4"} == {
        b"d/4": before[b"d/4"]
    }
    backup.write_bytes(gzip.compress(file(b"d/4", b"4\n") + END))
    assert verify(pod, backup, "--salvage").code == 9


def test_inspect_against_a_pod_plans_what_can_be_had_of_a_damaged_backup(
    cluster: Cluster, tmp_path: Path
) -> None:
    pod = cluster.pod("debian")
    backup = tmp_path / "cut.tar.gz"
    backup.write_bytes(cut())
    there = (
        f"--against=pod/{pod.name}:{pod.path}",
        f"--kubeconfig={cluster.kubeconfig}",
        f"--namespace={cluster.namespace}",
        f"--kubectl={KUBECTL}",
    )
    seen = run("inspect", str(backup), *there)
    assert seen.code == 3, seen
    assert "5 paths, 19.5 KiB: would be created\n" in seen.out
    assert seen.err.count("gone: ") + seen.out.count("gone: ") == seen.out.count("Note: gone: ") > 0
    gone = run("inspect", str(backup), "--against=pod/gone", *there[1:])
    assert gone.code == 3, gone
    assert "members: " in gone.out
    assert "against pod" not in gone.out
    assert "Warning: --against: " in gone.err


def test_a_pipe_that_is_cut_names_the_file_and_goes_on(cluster: Cluster) -> None:
    pod = cluster.pod("debian")
    content = random.Random(4).randbytes(20 << 20)  # noqa: S311 - content
    whole = file(b"small") + file(b"large", content) + END
    result = restore_piped(pod, whole[: 6 << 20])
    assert result.code == 3, result
    assert "large is cut: " in result.err
    assert "of 20,971,520 bytes have come" in result.err
    assert "goes on: " in result.err
    again = restore_piped(pod, whole)
    assert again.code == 0, again
    assert pod.run("sha256sum", f"{pod.path}/large")


@pytest.mark.parametrize("is_piped", [False, True])
def test_archives_behind_one_another(cluster: Cluster, tmp_path: Path, *, is_piped: bool) -> None:
    pod = cluster.pod("busybox")
    backup = tmp_path / "b.tar.gz"
    parts = (file(b"a", b"old") + END, file(b"b") + END + bytes(8192), file(b"a", b"new") + END)
    backup.write_bytes(b"".join(map(gzip.compress, parts)))
    result = restore_piped(pod, backup.read_bytes()) if is_piped else restore(pod, backup)
    assert result.code == 0, result
    assert "3 archives stand behind one another" in result.err
    assert pod.run("cat", f"{pod.path}/a") == b"new"
    assert pod.run("cat", f"{pod.path}/b") == b"abc"
