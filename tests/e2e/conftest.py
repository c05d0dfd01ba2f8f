"""The node suite uses the contract suite's fixtures."""

from tests.contract.conftest import (
    backup,
    cluster,
    frozen_program,
    link,
    nothing_stays,
    pytest_generate_tests,
    tested_program,
)

__all__ = [
    "backup",
    "cluster",
    "frozen_program",
    "link",
    "nothing_stays",
    "pytest_generate_tests",
    "tested_program",
]
