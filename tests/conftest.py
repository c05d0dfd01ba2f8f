"""Settings for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests import surroundings
from tests.cluster.places import CACHE_VARIABLE, build_cache

if TYPE_CHECKING:
    from collections.abc import Iterator

surroundings.settle()

# No deadline: a test never asserts a time (benchmarks measure it, as ratios).
settings.register_profile(
    "here", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("here")


@pytest.fixture(autouse=True, scope="session")
def _no_cache_of_the_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Neither read nor change what the user's own cache directory has."""
    with pytest.MonkeyPatch.context() as patch:
        # What the tests build themselves stays where it is built once for all.
        patch.setenv(CACHE_VARIABLE, str(build_cache().parent))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
