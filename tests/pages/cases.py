"""Every scene of the pages that are run."""

from __future__ import annotations

from typing import Final

from tests.pages.scenes import Scene

_SHOP: Final = """
mkdir -p shop/data
echo 'currency: EUR' >shop/settings.yaml
seq 20000 >shop/data/prices.csv
ln -s data/prices.csv shop/prices
touch -h -d '20 seconds ago' shop/* shop/data/*
tar -cf shop.tar --owner=0 --group=0 -C shop settings.yaml prices data
gzip -k shop.tar
"""
"""The tutorial's backup; what is changed in a pod at once has another time."""
_MOVING: Final = "docs/moving-over.md"

SCENES: Final = (
    Scene("docs/tutorial.md", pods=()),
    Scene(_MOVING, "From kubectl cp", set_up=_SHOP),
    Scene(_MOVING, "From kubectl exec and tar", set_up=_SHOP),
    Scene(_MOVING, "From the older command", set_up=_SHOP),
    Scene(
        _MOVING,
        "JSON and jq",
        needs=("jq",),
        set_up=f"""{_SHOP}
kubectl exec -i debian -- tar xf - -C /data <shop.tar""",
    ),
)
