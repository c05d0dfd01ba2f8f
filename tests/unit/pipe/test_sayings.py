"""What tools say is shown up to a bound, whatever they say it about."""

from __future__ import annotations

from kubectl_restore.pipe.sayings import HookSayings, ToolSayings, kind_of
from kubectl_restore.progress import Level


def said(lines: list[str]) -> list[tuple[Level, str]]:
    found: list[tuple[Level, str]] = []
    sayings = ToolSayings(lambda level, text: found.append((level, text)))
    for line in lines:
        sayings.say(line)
    sayings.end()
    return found


def test_a_warning_about_each_of_a_million_members_is_shown_ten_times_and_counted() -> None:
    lines = [f"tar: some/file-{number}: Cannot utime: Not permitted" for number in range(1_000_000)]
    found = said(lines)
    shown = [text for level, text in found if level is Level.DETAIL]
    assert shown[:10] == lines[:10]
    assert shown[10:] == ["999,990 further lines of this kind: tar: Not permitted"]
    assert sum(level is Level.TRACE for level, _ in found) == 10_000 - 10


def test_one_line_of_another_kind_is_not_lost_among_many() -> None:
    lines = [f"tar: {number}: Cannot open: Not permitted" for number in range(1000)]
    other = "tar: last: Cannot write: No space left on device"
    assert (Level.DETAIL, other) in said([*lines, other])


def test_kinds_without_end_are_bounded_too() -> None:
    words = [f"{chr(97 + a)}{chr(97 + b)}{chr(97 + c)}" for a in range(9) for b in range(9)
             for c in range(9)]  # fmt: skip
    shown = [text for level, text in said(words) if level is Level.DETAIL]
    assert len(shown) < 100
    assert shown[-1].endswith("further lines of this kind: others")


def test_names_and_numbers_make_no_other_kind() -> None:
    assert kind_of("tar: a: time stamp 2031-01-02 is 3.1 s in the future") == kind_of(
        "tar: b c: time stamp 2099-11-22 is 3.445 s in the future"
    )


def test_a_command_of_the_users_is_shown_up_to_a_bound_under_its_name() -> None:
    found: list[tuple[Level, str]] = []
    sayings = HookSayings(lambda level, text: found.append((level, text)), "--before")
    for number in range(100_000):
        sayings.say(f"same words {number}")
    sayings.say("\x1b[2Jlast")
    sayings.end()
    shown = [text for level, text in found if level is Level.INFO]
    assert shown[:200] == [f"--before: same words {number}" for number in range(200)]
    assert shown[200:] == ["--before: 99,801 further lines (-vv)"]
    assert len(found) < 11_000
    sayings.say("\x1b[2Jagain")
    assert found[-1] == (Level.INFO, "--before: \\x1b[2Jagain")
