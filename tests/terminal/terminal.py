"""A terminal that tests type on and read from."""

from __future__ import annotations

import termios
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pexpect

_LOCAL_MODES: Final = 3


def keep_output(child: pexpect.spawn[str]) -> None:
    """Have Ctrl-C throw away nothing that nobody has read yet (termios(3), NOFLSH).

    A person has seen it by then; a test that is slow to read has not.
    """
    attributes = termios.tcgetattr(child.child_fd)
    attributes[_LOCAL_MODES] |= termios.NOFLSH
    termios.tcsetattr(child.child_fd, termios.TCSANOW, attributes)
