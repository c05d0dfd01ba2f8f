"""What is saved of a pod that is made up here: what is asked, what is written, what is refused."""

from __future__ import annotations

import hashlib
import shlex
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from kubectl_restore.archive.checksums import Algorithm
from kubectl_restore.archive.index.index import Index
from kubectl_restore.archive.members.members import Members
from kubectl_restore.archive.source.magic import Compression
from kubectl_restore.cluster.kubectl import KubectlOptions
from kubectl_restore.cluster.target import Target
from kubectl_restore.container.questions import Questions
from kubectl_restore.container.survey import Entry, Standing
from kubectl_restore.errors import (
    InTheWayError,
    PodCannotError,
    RestoreError,
    UsageError,
    VerificationError,
)
from kubectl_restore.plan.contents import Contents
from kubectl_restore.plan.plan import Plan
from kubectl_restore.plan.request import RestoreRequest
from kubectl_restore.progress import Phase, Silence, Status
from kubectl_restore.session.answer import Answer
from kubectl_restore.undo.command import undo_command
from kubectl_restore.undo.replaced import Replaced
from kubectl_restore.undo.save import save_replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kubectl_restore.session.session import Session
    from kubectl_restore.undo.saved import Saved

_MODES = {
    Standing.FILE: 0o100000,
    Standing.DIRECTORY: 0o040000,
    Standing.SYMLINK: 0o120000,
    Standing.BLOCK_DEVICE: 0o060000,
}


def asked_in(payload: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Return the batches of a question: the first number, and the names as a shell takes them."""
    words = shlex.split(payload.decode("latin-1").replace("\nq ", "\n\0 "))
    starts = [n for n, word in enumerate(words) if word in {"q", "\0"}]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        yield int(words[start + 1]), [word.encode("latin-1") for word in words[start + 2 : end]]


@dataclass
class Pod:
    """A pod that answers as the agent does.

    Attributes:
        entries: what stands there.
        contents: of files; what symlinks say.
        closed: files that cannot be read.
        after: what happens to it when contents have been sent.
        fetched: the paths whose contents were sent.
    """

    entries: dict[bytes, Entry] = field(default_factory=dict)
    contents: dict[bytes, bytes] = field(default_factory=dict)
    closed: frozenset[bytes] = frozenset()
    after: Callable[[Pod], None] = lambda _pod: None
    lacking: bytes = b""
    fetched: list[bytes] = field(default_factory=list)

    def add(
        self, path: bytes, content: bytes = b"", kind: Standing = Standing.FILE, inode: int = 0
    ) -> None:
        number = inode or len(self.entries) + 1000
        self.contents[path] = content
        self.entries[path] = Entry(kind, len(content), 0o640, 77, 1, 2, number)

    def question(
        self, command: bytes, payload: bytes, on_record: Callable[[bytes, bytes], bool]
    ) -> Answer:
        for first, names in asked_in(payload):
            there = {
                number: name[2:]
                for number, name in enumerate(names, first)
                if name[2:] in self.entries
            }
            gone = [n for n in range(first, first + len(names)) if n not in there]
            if command == b"survey" and gone:
                assert on_record(b"gone", b" ".join(b"%d" % number for number in gone))
            for number, path in there.items():
                one = self.entries[path]
                if command == b"survey":
                    mode = _MODES.get(one.kind, 0o140000) | one.mode
                    fields = (mode, one.size, one.mtime, one.uid, one.gid, one.inode)
                    assert on_record(b"stats", b"%x %d %d %d %d %d 0 1 9" % fields)
                elif command == b"texts":
                    assert on_record(b"text", b"%d %b\n." % (number, self.contents[path]))
                else:
                    assert command in {b"hash sha256sum", b"hasheach sha256sum"}
                    digest = hashlib.sha256(self.contents[path]).hexdigest().encode()
                    if path not in self.closed:
                        assert on_record(b"sum", b"%d %b" % (number, digest))
            assert on_record(b"asked", b"%d %d" % (first, len(names)))
        return Answer(received=0)

    def questions(
        self,
        command: bytes,
        payloads: Iterable[bytes],
        on_record: Callable[[bytes, bytes], bool],
        said: Callable[[bytes], None],
    ) -> Answer:
        for payload in payloads:
            self.question(command, payload, on_record)
            said(payload)
        return Answer(received=0)

    def fetch(self, payload: bytes, total: int, sink: Callable[[bytes], None]) -> Answer:
        if self.lacking:
            return Answer(records=[(b"lacking", self.lacking)], received=0)
        paths = [name[2:] for _, names in asked_in(payload) for name in names]
        self.fetched += paths
        readable = [self.contents[path] for path in paths if path not in self.closed]
        content = b"".join(readable).ljust(total, b"\0")[:total]
        for at in range(0, total, 700):
            sink(content[at : at + 700])
        self.after(self)
        return Answer(received=0)


class Heard(Silence):
    """A progress that keeps statuses."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []

    def status(self, status: Status) -> None:
        self.statuses.append(status)


def save(
    pod: Pod,
    file: Path,
    *further: bytes,
    algorithm: Algorithm | None = Algorithm.SHA256,
    progress: Silence | None = None,
) -> Saved:
    """Save some paths, with a plan that does nothing."""
    index = Index(Members(), 0, Compression.NONE)
    request = RestoreRequest(
        Target("pod-0"), Path("new.tar"), "/data", KubectlOptions(), save_replaced=file
    )
    contents = Contents(index.members, lambda _path: None)
    return save_replaced(
        request,
        Replaced(Plan(index, contents), contents, further),
        Questions(cast("Session", pod), Silence()),
        algorithm=algorithm,
        progress=progress or Silence(),
    )


def failed(pod: Pod, file: Path, kind: type[RestoreError], *further: bytes) -> str:
    with pytest.raises(kind) as caught:
        save(pod, file, *further)
    assert list(file.parent.iterdir()) == []
    assert caught.value.fix
    return f"{caught.value.what}\n{caught.value.reason}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    directory = tmp_path / "here"
    directory.mkdir()
    return directory / "saved.tar"


def test_further_paths_are_saved_with_the_directories_around_them(file: Path) -> None:
    pod = Pod()
    pod.add(b"a", kind=Standing.DIRECTORY)
    pod.add(b"a/b", kind=Standing.DIRECTORY)
    pod.add(b"a/b/gone", b"1" * 1000)
    pod.add(b"c", b"top")
    pod.add(b"d", kind=Standing.DIRECTORY)
    pod.add(b"d/link", b"to\nwhere", Standing.SYMLINK)
    saved = save(pod, file, b"a/b", b"a/b/gone", b"c", b"d/link", b"not/there")
    with tarfile.open(file) as tar:
        members = tar.getmembers()
        assert [one.name for one in members] == ["a", "a/b", "d", "a/b/gone", "c", "d/link"]
        assert [one.isdir() for one in members[:3]] == [True] * 3
        assert {(one.mode, one.mtime, one.uid, one.gid) for one in members} == {(0o640, 77, 1, 2)}
        assert members[-1].linkname == "to\nwhere"
        content = tar.extractfile("a/b/gone")
        assert content is not None
        assert content.read() == b"1" * 1000
    assert saved.next_steps == (f"to undo it: kubectl restore pod/pod-0 {file} -t /data --force",)


def test_paths_of_one_file_are_fetched_once(file: Path) -> None:
    pod = Pod()
    for path in (b"one", b"two", b"three"):
        pod.add(path, b"content", inode=5)
    pod.add(b"empty", b"", inode=6)
    pod.add(b"empty too", b"", inode=6)
    # The same number on another file system.
    pod.add(b"mounted", b"another", inode=5)
    pod.entries[b"mounted"] = pod.entries[b"mounted"]._replace(mtime=78)
    save(pod, file, *pod.entries)
    assert pod.fetched == [b"one", b"mounted"]
    with tarfile.open(file) as tar:
        assert {one.name: one.linkname for one in tar if one.islnk()} == {
            "two": "one", "three": "one", "empty too": "empty",
        }  # fmt: skip


def test_many_small_files_are_fetched_together_and_counts_only_rise(file: Path) -> None:
    pod, heard = Pod(), Heard()
    for number in range(5000):
        pod.add(b"%d" % number, b"x" * (number % 5))
    save(pod, file, *pod.entries, progress=heard)
    last = heard.statuses[-1]
    assert {one.phase for one in heard.statuses} == {Phase.SAVE}
    assert (last.done_files, last.total_files) == (5000, 5000)
    assert (last.done_bytes, last.total_bytes) == (10_000, 10_000)
    done = [(one.done_bytes, one.done_files) for one in heard.statuses]
    assert done == sorted(done)


def test_a_content_that_is_not_what_the_pod_has_afterwards_is_no_save(file: Path) -> None:
    def write(pod: Pod) -> None:
        pod.contents[b"one"] = b"CONTENT"

    pod = Pod(after=write)
    pod.add(b"one", b"content")
    pod.add(b"two", b"content")
    assert failed(pod, file, VerificationError, b"one", b"two") == (
        "1 path changed while it was saved; nothing was changed\none"
    )


@pytest.mark.parametrize(
    "change", [{"mtime": 78}, {"mode": 0o600}, {"uid": 9}, {"inode": 1}, {"kind": Standing.FIFO}]
)
def test_a_file_that_is_another_afterwards_is_no_save(file: Path, change: dict[str, int]) -> None:
    def touch(pod: Pod) -> None:
        pod.entries[b"one"] = pod.entries[b"one"]._replace(**change)  # type: ignore[arg-type]

    pod = Pod(after=touch)
    pod.add(b"one", b"content")
    assert "changed while it was saved" in failed(pod, file, VerificationError, b"one")


def test_links_to_one_file_are_proved_each(file: Path) -> None:
    pod = Pod()
    for path in (b"one", b"two"):
        pod.add(path, b"content", inode=5)
    pod.contents[b"two"] = b"another"
    assert failed(pod, file, VerificationError, b"one", b"two").endswith("\ntwo")


def test_a_file_that_cannot_be_read_is_named_alone(file: Path) -> None:
    pod = Pod(closed=frozenset({b"one"}))
    for path in (b"one", b"two", b"three"):
        pod.add(path, b"content of " + path)
    assert failed(pod, file, PodCannotError, b"one", b"two", b"three").endswith("\none")


def test_what_an_archive_cannot_hold_is_not_replaced(file: Path) -> None:
    pod = Pod()
    pod.add(b"disk", kind=Standing.BLOCK_DEVICE)
    assert "disk: a block device" in failed(pod, file, InTheWayError, b"disk")


def test_a_container_that_lacks_a_tool_is_told_so(file: Path) -> None:
    pod = Pod(lacking=b" cat head")
    pod.add(b"one", b"content")
    assert "lacks what sending files needs: cat head" in failed(pod, file, PodCannotError, b"one")


def test_a_container_without_check_sums_cannot_prove_files(file: Path) -> None:
    pod = Pod()
    pod.add(b"one", b"content")
    with pytest.raises(PodCannotError, match="cannot be proved"):
        save(pod, file, b"one", algorithm=None)
    assert list(file.parent.iterdir()) == []
    pod.add(b"link", b"where", Standing.SYMLINK)
    save(pod, file, b"link", algorithm=None)
    assert file.exists()


def test_no_room_is_told_with_figures_before_anything_is_fetched(file: Path) -> None:
    pod = Pod()
    pod.add(b"huge", b"")
    pod.entries[b"huge"] = pod.entries[b"huge"]._replace(size=1 << 60)
    said = failed(pod, file, UsageError, b"huge")
    assert "1,125,899,906,842,6" in said
    assert "KiB are free there" in said
    assert pod.fetched == []


def test_a_file_that_appears_meanwhile_is_not_overwritten(file: Path) -> None:
    def make(_pod: Pod) -> None:
        file.write_text("somebody else's")

    pod = Pod(after=make)
    pod.add(b"one", b"content")
    with pytest.raises(UsageError, match="exists already"):
        save(pod, file, b"one")
    assert [one.name for one in file.parent.iterdir()] == ["saved.tar"]
    assert file.read_text() == "somebody else's"


def test_odd_names_of_the_file_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pod = Pod()
    pod.add(b"one", b"content")
    for name, words in {"-x y": "./'-x y'", "$HOME": "'$HOME'"}.items():
        (step,) = save(pod, Path(name), b"one").next_steps
        assert f" pod/pod-0 {words} -t " in step


def test_what_leads_to_a_claim_again_is_named_and_not_a_helper_that_is_gone() -> None:
    request = RestoreRequest(
        Target("restore-data-1"),
        Path("new.tar"),
        "/data",
        KubectlOptions(namespace="prod"),
        container="restore",
        found_again=("deployment/web", "-t", "/srv", "--scale-down"),
    )
    words = undo_command(request, Path("old.tar"), devices=False, looks_the_same=False)
    assert words == (
        "kubectl restore deployment/web old.tar -t /srv --scale-down --force --namespace=prod"
    )
