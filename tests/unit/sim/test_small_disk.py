"""A small disk of a program's own fills up for real, and is free again."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.small_disk import SmallDisk

SIZE = 1024 * 1024
DEADLINE_S = 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    small = SmallDisk(tmp_path / "disk", SIZE)
    small.start()
    yield small
    small.stop()


def write(disk: SmallDisk, folder: Path, size: int) -> subprocess.CompletedProcess[str]:
    """A program inside that writes so many bytes and makes sure of them."""
    count = ["dd", "if=/dev/zero", f"of={folder}/kept", f"bs={size}", "count=1", "conv=fsync"]
    return subprocess.run(
        [*disk.prefix(), *count], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


def test_a_full_disk_takes_nothing_until_it_is_freed(disk: SmallDisk, tmp_path: Path) -> None:
    """Full, a program inside is told that no space is left; freed, the same write succeeds."""
    folder = tmp_path / "disk"
    disk.fill()
    assert disk.free_bytes == 0
    refused = write(disk, folder, 4096)
    assert refused.returncode != 0
    assert "No space left" in refused.stderr
    disk.free()
    assert disk.free_bytes > SIZE // 2
    assert write(disk, folder, 4096).returncode == 0


def test_the_disk_is_seen_by_its_program_alone(disk: SmallDisk, tmp_path: Path) -> None:
    """What is written inside is not in the folder of everybody else."""
    assert write(disk, tmp_path / "disk", 16).returncode == 0
    assert list((tmp_path / "disk").iterdir()) == []
