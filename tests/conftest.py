"""Settings for all tests."""

from __future__ import annotations

from hypothesis import settings

# No deadline: a test never asserts a time (benchmarks measure it, as ratios).
settings.register_profile("here", deadline=None, derandomize=True)
settings.load_profile("here")
