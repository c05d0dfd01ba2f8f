"""What df says of a volume, and what it says nothing about."""

from __future__ import annotations

from kubectl_restore.container.space import Space, read_space

HEADER = b"Filesystem 1024-blocks Used Available Capacity Mounted on\n"


def test_a_total_of_0_means_that_nothing_is_known() -> None:
    figures = HEADER + b"fuse 0 0 0 - /data\n"

    assert read_space([(b"space", figures), (b"inodes", figures)]) == Space()


def test_what_is_free_of_how_much() -> None:
    found = read_space([(b"space", HEADER + b"/dev/vda 100 40 50 45% /data\n")])

    assert (found.free, found.inodes, found.reserved) == ((50, 100), None, 10)
