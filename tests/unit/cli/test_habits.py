"""Letters that mean something else elsewhere."""

from __future__ import annotations

import shlex

import pytest

from kubectl_restore.cli.argv import parse
from kubectl_restore.cli.habits import may_mean_a_file
from kubectl_restore.cli.reading import read_request
from kubectl_restore.errors import UsageError
from kubectl_restore.plan.policy import Overwrite


@pytest.mark.parametrize(
    ("value", "is_refused"),
    [
        ("https://prod:6443", True),
        ("http://[::1]:8080", True),
        ("prod.example:6443", True),
        ("[::1]:6443", True),
        ("*.log", False),
        ("cache,tmp", False),
        ("a:b", False),
        ("path/to:8080", False),
    ],
)
def test_an_address_is_no_pattern(value: str, *, is_refused: bool) -> None:
    for words in (["-s", value], [f"-s{value}"], [f"--skip-paths={value}"]):
        line = ["db-0", "b.tar", *words]
        if is_refused:
            with pytest.raises(UsageError) as raised:
                read_request(parse(line), line, older=False)
            assert "--server" in raised.value.fix
        else:
            read_request(parse(line), line, older=False)


def test_the_older_spellings_patterns_stay_but_for_addresses() -> None:
    line = ["db-0", "b.tar", "-s", "host:6443"]
    read_request(parse(line), line, older=True)
    line = ["db-0", "b.tar", "-s", "https://host"]
    with pytest.raises(UsageError, match="address"):
        read_request(parse(line), line, older=True)


def test_tars_directory_is_no_container() -> None:
    line = ["db-0", "b.tar", "-C", "/data"]
    with pytest.raises(UsageError) as raised:
        read_request(parse(line), line, older=False)
    assert "-t /data" in raised.value.fix


@pytest.mark.parametrize(
    ("line", "may"),
    [
        ("db-0 -f b.tar", True),
        ("-f db-0 b.tar", False),
        ("db-0 -vf b.tar -t /data", True),
        ("-t /data db-0 -f b.tar", True),
        ("db-0 b.tar -f", False),
        ("db-0 --force b.tar", False),
        ("db-0 -f -v b.tar", False),
        ("db-0 -nf b.tar", False),
        ("db-0 -c f b.tar", False),
        ("db-0 -f=false b.tar", False),
        ("-f", False),
    ],
)
def test_a_force_before_the_backup_may_mean_a_file(line: str, *, may: bool) -> None:
    words = shlex.split(line)
    assert may_mean_a_file(parse(words), words) == may


def test_it_stays_a_force() -> None:
    line = ["db-0", "-f", "b.tar"]
    assert read_request(parse(line), line, older=False).overwrite is Overwrite.IF_CHANGED
