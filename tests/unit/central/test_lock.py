from pathlib import Path

import pytest

from central.errors import Unavailable
from central.lock import only_one


def test_a_folder_has_one_centre(tmp_path: Path) -> None:
    """A second centre on the same database is refused, and may start once the first has gone."""
    folder = tmp_path / "centre"
    with only_one(folder):
        with pytest.raises(Unavailable, match="Another centre"), only_one(folder):
            pass
        assert folder.stat().st_mode & 0o077 == 0
    with only_one(folder):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A state_dir below a file is one sentence with the remedy."""
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="state_dir"), only_one(tmp_path / "file" / "centre"):
        pass
