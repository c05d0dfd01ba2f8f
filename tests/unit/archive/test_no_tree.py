"""Archives that are no trees are told apart from trees that have some of their names."""

from __future__ import annotations

import lzma
from typing import TYPE_CHECKING

import pytest

from kubectl_restore.archive.select.no_tree import no_tree
from tests.contract.clusters import ROOT
from tests.unit.archive.making import END, file, index_of_bytes

if TYPE_CHECKING:
    from pathlib import Path


def _said(directory: Path, archive: bytes) -> str:
    return str(no_tree(index_of_bytes(directory, archive).members, directory / "a b.tar") or "")


def _archive(*names: str) -> bytes:
    return b"".join(file(name.encode(), b"x") for name in names) + END


@pytest.mark.parametrize("name", ["skopeo-docker", "skopeo-oci"])
def test_a_real_image_is_one(tmp_path: Path, name: str) -> None:
    packed = (ROOT / f"tests/archives/corpus/{name}.tar.xz").read_bytes()
    said = _said(tmp_path, lzma.decompress(packed))
    assert "container image" in said
    assert said.endswith(f"ctr --namespace k8s.io images import '{tmp_path}/a b.tar'")


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (("toc.dat", "3338.dat", "restore.sql"), "pg_restore"),
        (("metadata/version", "resources/pods/namespaces/shop/web.json"), "velero"),
    ],
)
def test_a_dump_and_an_export_of_objects_are(
    tmp_path: Path, names: tuple[str, ...], word: str
) -> None:
    assert word in _said(tmp_path, _archive(*names))


@pytest.mark.parametrize(
    "names",
    [
        ("manifest.json", "index.html"),
        ("index.json", "blobs/x"),
        ("toc.dat", "data.bin"),
        ("shop/toc.dat", "shop/restore.sql"),
        ("metadata/version", "data/x"),
        ("resources/x", "app.py"),
    ],
)
def test_a_tree_is_none(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert _said(tmp_path, _archive(*names)) == ""
