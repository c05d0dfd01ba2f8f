"""Fixes that the archive outlines become commands that can be pasted."""

from __future__ import annotations

import os

import pytest

from kubectl_restore.archive.source.change import changed_error
from kubectl_restore.archive.source.location import PIPED, backup_name
from kubectl_restore.plan.whole_commands import with_whole_commands

URL = "https://me:secret@b.example/x.tar?sig=5ec2e7"
SHOWN = "https://REDACTED@b.example/x.tar?REDACTED"
READER = f"curl -fsSL '{SHOWN}'"


def fix_of(words: list[str], backup: str = URL, fix: str = f"{READER} | {PIPED}") -> str:
    return with_whole_commands(fix, ["kubectl", "restore", *words], backup_name(backup))


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (
            ["db-0", SHOWN, "-t", "/data", "-n", "prod"],
            f"{READER} | kubectl restore db-0 - -t /data -n prod",
        ),
        (
            ["-n", "prod", "deploy/web:/srv", SHOWN, "--force"],
            f"{READER} | kubectl restore -n prod deploy/web:/srv - --force",
        ),
        (
            ["verify", "db-0", SHOWN, "-t", "/data"],
            f"{READER} > backup.tar && kubectl restore verify db-0 backup.tar -t /data",
        ),
        (
            ["diff", "db-0", SHOWN, "-t", "/data", "--", "etc"],
            f"{READER} > backup.tar && kubectl restore diff db-0 backup.tar -t /data -- etc",
        ),
        (["inspect", SHOWN], f"{READER} > backup.tar && kubectl restore inspect backup.tar"),
    ],
)
def test_a_pipe_has_the_target_that_was_named(words: list[str], fix: str) -> None:
    assert fix_of(words) == fix


def test_a_pod_that_is_called_as_the_backup_stays_the_pod() -> None:
    fix = fix_of(["x.tar", "x.tar", "-t", "/data"], "x.tar", f"xz -dc -- x.tar | {PIPED}")
    assert fix == "xz -dc -- x.tar | kubectl restore x.tar - -t /data"


def test_what_is_piped_already_stays_so() -> None:
    fix = fix_of(["db-0", "-", "-t", "/data"], "-", f"... | xz -dc | {PIPED}")
    assert fix == "... | xz -dc | kubectl restore db-0 - -t /data"


def test_where_no_word_is_the_backup_the_outline_stays() -> None:
    fix = f"{READER} | {PIPED}"
    assert fix_of(["filesystem", "--backup=x"], fix=fix) == fix
    assert fix_of(["db-0"], fix=fix) == fix


def test_a_backup_that_changed_is_followed_by_the_command_itself() -> None:
    backup = backup_name("s3://bucket/x.tar")
    command = ["kubectl", "restore", "db-0", "s3://bucket/x.tar"]
    before = changed_error(backup, is_sending=False).fix
    assert with_whole_commands(before, command, backup, by_content="unused") == (
        "kubectl restore db-0 s3://bucket/x.tar  # once the backup is complete"
    )
    meanwhile = changed_error(backup, is_sending=True).fix
    by_content = "kubectl restore db-0 s3://bucket/x.tar --force --compare=checksum"
    assert with_whole_commands(meanwhile, command, backup, by_content=by_content) == (
        f"{by_content}  # once the backup is complete"
    )


def test_any_other_fix_stays_as_it_is() -> None:
    fix = "run the same command again"
    assert fix_of(["db-0", os.fspath(backup_name(URL))], fix=fix) == fix
