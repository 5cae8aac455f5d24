"""The import rules can fail: each breach, put into a copy of the tree, is seen."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BREACHES = {
    "hal imports nothing of ours, and outside the standard library only msgspec": [
        ("hal/breach.py", "import firmware"),
    ],
    "hal.events imports nothing else of hal": [
        ("hal/events/breach.py", "import hal.clock"),
    ],
    "drivers import hal only": [
        ("drivers/breach.py", "import firmware"),
    ],
    "no driver imports another driver; worker, pins and serial port are shared": [
        ("drivers/breach_one.py", "import drivers.breach_two"),
        ("drivers/breach_two.py", ""),
    ],
    "firmware imports hal and drivers.registry": [
        ("firmware/breach.py", "import drivers.breach_two"),
    ],
    "provisioning imports hal, drivers.registry and firmware.config": [
        ("provisioning/breach.py", "import firmware.breach"),
    ],
    "sim imports nothing of ours": [
        ("sim/breach.py", "import hal.events"),
    ],
    "central imports hal.events only": [
        ("central/breach.py", "import hal.clock"),
    ],
    "central.domain imports the standard library only": [
        ("central/domain/breach.py", "import msgspec"),
    ],
    "bench.judge imports nothing of ours": [
        ("bench/judge.py", "import hal.events"),
    ],
}


def _lint(tree: Path) -> dict[str, str]:
    """The verdict on each rule: KEPT or BROKEN."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    ended = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)\b", ended.stdout, re.MULTILINE)
    assert verdicts, ended.stdout + ended.stderr
    return dict(verdicts)


@pytest.fixture
def tree(tmp_path: Path, root: Path, sources: list[Path]) -> Path:
    """A copy of the packages and the rules."""
    for source in sources:
        target = tmp_path / source.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    shutil.copyfile(root / ".importlinter", tmp_path / ".importlinter")
    return tmp_path


def test_rules_are_kept(tree: Path) -> None:
    """The tree as it stands breaks none of the rules, and every rule has a breach below."""
    assert _lint(tree) == dict.fromkeys(BREACHES, "KEPT")


def test_each_breach_is_seen(tree: Path) -> None:
    """With one breach of each rule in the tree, every one is reported broken."""
    for breach in BREACHES.values():
        for name, text in breach:
            (tree / name).write_text(text + "\n")
    assert _lint(tree) == dict.fromkeys(BREACHES, "BROKEN")


@pytest.mark.parametrize("package", ["hal", "drivers", "firmware", "provisioning", "central"])
def test_nothing_imports_the_bench(tree: Path, package: str) -> None:
    """An import of the judge breaks a rule, whichever package it stands in."""
    (tree / package / "breach.py").write_text("import bench.judge\n")
    assert "BROKEN" in _lint(tree).values()
