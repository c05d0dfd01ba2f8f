"""The two clusters, as the suite sees them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
import yaml

from tests.contract.trees import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.trees import Seen
