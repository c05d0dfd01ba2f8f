"""What counts as movement while a command is under way: a disk that is waited for, and for what."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.deadline import Watch
from kubectl_restore.errors import TimedOutError
from kubectl_restore.pipe.loop import Loop
from kubectl_restore.progress import Silence
from kubectl_restore.session.exec import Exec
from kubectl_restore.session.mark import Mark
from kubectl_restore.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1.0
_AGENT = """\
say() { echo "$token $1 $token"; }
say 'hello 1'
while IFS= read -r line; do
    # What was asked for lasts for twice the limit, and waits for a disk all the time.
    for _ in 1 2 3 4 5 6 7 8; do
        sleep 0.25
        say 'beat 2' >&2
    done
    say 'done 0'
    say done >&2
done
"""


@contextmanager
def session() -> Iterator[Session]:
    """Talk with something that answers as an agent does whose tool waits for a disk."""
    mark = Mark.new("restore")
    script = f"token={shlex.quote(mark.token.decode())}\n{_AGENT}"
    with Watch(60.0) as watch:
        loop = Loop(watch, Silence())
        channel = Exec(["sh", "-c", script], os.environ, mark, b"", loop=loop, stall_timeout=_LIMIT)
        try:
            channel.open()
            yield Session(channel)
        finally:
            channel.abort()


@pytest.mark.parametrize("command", [b"sync", b"amend chmod 700", b"extract", b"remove rm -f"])
def test_who_writes_may_wait_long_for_a_disk(command: bytes) -> None:
    with session() as one:
        assert one.ask(command).is_whole


@pytest.mark.parametrize("command", [b"mounts", b"survey", b"hash sha256sum", b"space"])
def test_a_question_that_waits_for_a_disk_is_a_stall(command: bytes) -> None:
    with session() as one, pytest.raises(TimedOutError) as caught:
        one.ask(command)
    assert caught.value.what == "nothing has moved for 1s"
    assert "a mount whose server does not answer" in caught.value.reason
