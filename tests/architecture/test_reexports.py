"""What an import really brings along: a re-export in an `__init__.py` hides from import-linter."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOADED = "import importlib, json, sys; importlib.import_module(sys.argv[1]); "
PRINT = "print(json.dumps(sorted(sys.modules)))"
OURS = ("hal", "drivers", "firmware", "sim", "provisioning", "central", "bench", "tests")


def _loaded(root: Path, module: str) -> set[str]:
    """Our modules that a fresh interpreter holds after importing `module`."""
    command = [sys.executable, "-c", LOADED + PRINT, module]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return {name for name in json.loads(ended.stdout) if name.split(".")[0] in OURS}


def _below(modules: list[str], package: str) -> list[str]:
    return [name for name in modules if name == package or name.startswith(f"{package}.")]


@pytest.mark.parametrize("package", ["hal.events", "central.domain"])
def test_brings_nothing_else(root: Path, modules: list[str], package: str) -> None:
    """Importing any module of the package loads its parent and the package, no more of ours."""
    parent = package.split(".")[0]
    names = _below(modules, package)
    assert names
    stray = {
        other: name
        for name in names
        for other in _loaded(root, name)
        if other != parent and other != package and not other.startswith(f"{package}.")
    }
    assert stray == {}


@pytest.mark.parametrize("package", ["sim", "hal", "bench.judge"])
def test_stays_within_itself(root: Path, modules: list[str], package: str) -> None:
    """Importing any module of the package loads no other package of ours."""
    stray = {
        other: name
        for name in _below(modules, package)
        for other in _loaded(root, name)
        if other.split(".")[0] != package.split(".")[0]
    }
    assert stray == {}
