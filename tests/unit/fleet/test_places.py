"""Two targets that are one place."""

from __future__ import annotations

import pytest

from kubectl_restore.cluster.location import Location
from kubectl_restore.errors import AmbiguousError
from kubectl_restore.fleet.pairs import Pair
from kubectl_restore.fleet.places import Places

A, B, C = (Pair(name, "b.tar") for name in ("pod/db-0", "pvc/data", "deployment/web"))


def test_targets_of_one_place_are_named_together() -> None:
    places = Places()
    for pair in (A, B, C):
        places.note(pair, Location("claim data", "/x" if pair is C else "/"))
    places.require_apart([A, C])
    with pytest.raises(AmbiguousError, match="db-0 and pvc/data are one place"):
        places.require_apart([A, B, C])


def test_a_name_that_means_another_pod_by_now_goes_into_no_others_place() -> None:
    places = Places()
    places.note(A, Location("claim data", "/"))
    places.note(C, Location("claim other", "/"))
    places.require_own(A, Location("claim data", "/"))
    with pytest.raises(AmbiguousError, match="deployment/web and db-0"):
        places.require_own(C, Location("claim data", "/"))
    places.require_own(C, Location("claim third", "/"))
