"""What is remembered of a cluster's protocols is a convenience, and safe to lose."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from kubectl_restore.cluster.transports import KubectlExec, Wire
from kubectl_restore.restore.lanes.wires import Remembered

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def test_what_was_found_is_known_for_that_cluster_alone(tmp_path: Path) -> None:
    known = Remembered(tmp_path / "below" / "transports.json")

    known.keep("a", Wire.SPDY)
    known.keep("b", Wire.WEBSOCKET)

    assert (known.find("a"), known.find("b"), known.find("c")) == (Wire.SPDY, Wire.WEBSOCKET, None)
    assert [one.name for one in known.path.parent.iterdir()] == ["transports.json"]


def test_it_is_believed_for_two_weeks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Remembered(tmp_path / "transports.json")
    known.keep("a", Wire.SPDY)
    now = time.time()
    for later, expected in ((13, Wire.SPDY), (15, None), (-1, None)):
        monkeypatch.setattr(time, "time", lambda later=later: now + later * 86_400)

        assert known.find("a") == expected


def test_a_place_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    known = Remembered(tmp_path / "file" / "transports.json")

    known.keep("a", Wire.SPDY)

    assert known.find("a") is None


def test_only_so_much_is_kept(tmp_path: Path) -> None:
    known = Remembered(tmp_path / "transports.json")
    for number in range(300):
        known.keep(str(number), Wire.SPDY)

    assert known.find("299") is Wire.SPDY
    assert known.find("0") is None
    assert known.path.stat().st_size < 1 << 13


@given(
    st.binary()
    | _JSON.map(json.dumps).map(str.encode)
    | _JSON.map(lambda one: {"a": one}).map(json.dumps).map(str.encode)
)
def test_whatever_stands_in_the_file_is_passed_over(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    known = Remembered(tmp_path_factory.getbasetemp() / "transports.json")
    known.path.write_bytes(content)

    assert known.find("a") in {None, *Wire}
    known.keep("a", Wire.WEBSOCKET)
    assert known.find("a") is Wire.WEBSOCKET


def test_kubectl_is_asked_for_a_protocol_only_where_one_is_named() -> None:
    given_one = {"PATH": "/bin", "KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "true"}
    switch = "KUBECTL_REMOTE_COMMAND_WEBSOCKETS"

    assert KubectlExec(Wire.AUTO).environment(given_one) == given_one
    assert KubectlExec(Wire.SPDY).environment(given_one)[switch] == "false"
    assert KubectlExec(Wire.WEBSOCKET).environment({})[switch] == "true"
