"""The camera of files, whose cable may come out at any moment."""

from pathlib import Path

import pytest

from sim.errors import UsageFault
from sim.twins.camera import FAULTS, CameraTwin


def test_a_page_below_an_unplugged_camera_is_seen_by_nobody(tmp_path: Path) -> None:
    """Its folder is gone; a page laid meanwhile is not there when it comes back, a later one is."""
    folder = tmp_path / "frames"
    camera = CameraTwin(folder)
    camera.show(b"one")
    camera.unplug()
    assert not folder.exists()
    camera.show(b"two")
    camera.plug()
    assert list(folder.iterdir()) == []
    assert camera.show(b"three").read_bytes() == b"three"


def test_each_fault_has_its_sign_and_is_mended(tmp_path: Path) -> None:
    """No frame, no folder, a whole but dark frame, half a frame, a word that it is held."""
    twin = CameraTwin(tmp_path / "frames")
    seen = {}
    for name in FAULTS:
        lain = twin.show(b"0123456789")
        twin.fault(name)
        frames = [path.read_bytes() for path in twin.folder.glob("*.jpg")]
        seen[name] = (twin.folder.exists(), (twin.folder / "busy").exists(), len(frames))
        if name == "half":
            assert frames == [b"01234"]
        if name == "dark":
            assert frames[0].startswith(b"\xff\xd8") and not lain.exists()  # noqa: PT018
        twin.mend()
        assert list(twin.folder.iterdir()) == []
    assert seen == {
        "stall": (True, False, 0),
        "gone": (False, False, 0),
        "dark": (True, False, 1),
        "half": (True, False, 1),
        "busy": (True, True, 1),
    }
    with pytest.raises(UsageFault):
        twin.fault("sleepy")
