"""What of ours stands in a namespace."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubectl_restore.cluster.helper_pod import HelperPod, State, User
from kubectl_restore.cluster.standing import parse_standing


def pod(**more: object) -> dict[str, Any]:
    made = HelperPod("data", reads=True).manifest(User(1, 1), 60)
    made["metadata"] |= {"namespace": "prod", "uid": "u1", **more}
    return {**made, "status": {"phase": "Pending"}}


def test_what_was_made_is_found_again() -> None:
    text = json.dumps({"items": [pod(creationTimestamp="2026-01-01T00:00:00Z")]}).encode()
    (found,) = parse_standing(text)
    assert (found.claim, found.state, found.reads) == ("data", State.STARTING, True)
    assert found.created == "2026-01-01T00:00:00Z"


def test_no_name_of_an_answer_becomes_an_address() -> None:
    for key in ("name", "namespace"):
        text = json.dumps({"items": [pod(**{key: "../x"})]}).encode()
        with pytest.raises(Exception, match="cannot be a pod's name"):
            parse_standing(text)


def test_what_others_have_labelled_so_is_not_ours() -> None:
    theirs = pod(ownerReferences=[{"uid": "u"}])
    assert parse_standing(json.dumps({"items": [theirs]}).encode()) == []
