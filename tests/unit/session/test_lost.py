"""A kubectl that ended too early: what passes by itself, and what does not."""

from __future__ import annotations

import pytest

from kubectl_restore.errors import InterruptedRestoreError, PodCannotError
from kubectl_restore.session.lost import link_lost, never_began


@pytest.mark.parametrize("signal", [9, 15])
def test_a_kubectl_that_a_signal_ended_before_the_first_word_is_a_lost_link(signal: int) -> None:
    error = never_began([], -signal, [])
    assert isinstance(error, InterruptedRestoreError)
    assert error.may_pass
    assert f"signal {signal}" in error.reason


def test_a_shell_that_ends_by_itself_would_do_so_again() -> None:
    said = ["sh: 0: Cannot fork", "command terminated with exit code 2"]
    error = link_lost(said, 2, [])
    assert isinstance(error, PodCannotError)
    assert not error.may_pass
    assert "Cannot fork" in error.reason


@pytest.mark.parametrize("code", [137, 143])
def test_a_shell_that_was_killed_may_be_there_again(code: int) -> None:
    error = link_lost([f"command terminated with exit code {code}"], code, [])
    assert isinstance(error, InterruptedRestoreError)
    assert error.may_pass


def test_a_script_that_was_cut_is_a_lost_link_and_one_that_a_shell_cannot_read_is_not() -> None:
    exited = "command terminated with exit code 1"
    assert isinstance(never_began([exited], 1, []), InterruptedRestoreError)
    yash = "read: cannot read input: Invalid or incomplete multibyte or wide character"
    error = never_began([yash, exited], 1, [])
    assert isinstance(error, PodCannotError)
    assert error.reason == yash
