"""The list of what is in the program, as CycloneDX JSON: cyclonedx-py's, cut to the inventory."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

if TYPE_CHECKING:
    from distribution.inventory import Inventory
    from distribution.source import Source


def sbom_text(source: Source, inventory: Inventory, version: str) -> str:
    """Return the document.

    cyclonedx-py describes the build's whole environment; what is not in the program is left out,
    and what no Python metadata tells of is added.

    Raises:
        subprocess.CalledProcessError: cyclonedx-py failed.
        ValueError: the outcome does not follow CycloneDX's schema.
    """
    bom = _of_environment(source)
    bundled = {_normal(name) for name in inventory.packages}
    kept = [one for one in bom["components"] if _normal(one["name"]) in bundled]
    added = _others(inventory)
    root = bom["metadata"]["component"]
    root["version"] = version
    references = {root["bom-ref"]} | {one["bom-ref"] for one in (*kept, *added)}
    dependencies = {one["ref"]: one for one in bom["dependencies"] if one["ref"] in references}
    for one in added:
        dependencies[one["bom-ref"]] = {"ref": one["bom-ref"]}
    for one in dependencies.values():
        if "dependsOn" in one:
            one["dependsOn"] = [name for name in one["dependsOn"] if name in references]
    whole = dependencies[root["bom-ref"]]
    whole["dependsOn"] = sorted({*whole.get("dependsOn", ()), *(one["bom-ref"] for one in added)})
    bom["components"] = sorted([*kept, *added], key=lambda one: str(one["bom-ref"]).lower())
    bom["dependencies"] = [dependencies[name] for name in sorted(dependencies)]
    text = json.dumps(bom, indent=2, sort_keys=True) + "\n"
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem is not None:
        raise ValueError(f"the SBOM does not follow the schema: {problem}")
    return text


def _of_environment(source: Source) -> dict[str, Any]:
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--spec-version=1.6"]
    flags = ["--output-reproducible", f"--pyproject={source.root / 'pyproject.toml'}"]
    done = subprocess.run(
        [*command, *flags, sys.executable],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(source.epoch)},
        stdout=subprocess.PIPE,
        check=True,
    )
    bom: dict[str, Any] = json.loads(done.stdout)
    return bom


def _others(inventory: Inventory) -> list[dict[str, Any]]:
    python = platform.python_version()
    found = [_component("cpython", python, f"pkg:generic/cpython@{python}", "PSF-2.0")]
    found += [
        _component(one.name, one.version, f"pkg:{one.kind}/{one.name}@{one.version}", one.licence)
        for one in inventory.compiled
    ]
    packages = {(one.package, one.version) for one in inventory.libraries if one.package}
    found += [
        _component(name, version, f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}")
        for name, version in packages
    ]
    unknown = [one.file for one in inventory.libraries if not one.package]
    found += [_component(file, "unknown", f"pkg:generic/{file}") for file in unknown]
    return found


def _component(name: str, version: str, purl: str, licence: str = "") -> dict[str, Any]:
    one: dict[str, Any] = {
        "bom-ref": purl,
        "name": name,
        "purl": purl,
        "type": "library",
        "version": version,
    }
    if " " in licence:
        one["licenses"] = [{"acknowledgement": "declared", "expression": licence}]
    elif licence:
        one["licenses"] = [{"license": {"acknowledgement": "concluded", "id": licence}}]
    return one


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
