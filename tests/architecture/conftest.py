"""The tree as the architecture tests see it: its root, its packages, its modules."""

from pathlib import Path

import pytest

PACKAGES = ("hal", "drivers", "firmware", "sim", "provisioning", "central", "bench")


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def sources(root: Path) -> list[Path]:
    """Every Python file of our packages."""
    found = [path for name in PACKAGES for path in sorted((root / name).rglob("*.py"))]
    assert len(found) > len(PACKAGES)
    return found


@pytest.fixture(scope="session")
def modules(root: Path, sources: list[Path]) -> list[str]:
    """The dotted names of all modules that may be imported (`__main__` starts a program)."""
    parts = [path.relative_to(root).with_suffix("").parts for path in sources]
    names = [".".join(name[:-1] if name[-1] == "__init__" else name) for name in parts]
    return [name for name in names if not name.endswith("__main__")]
