"""The camera of files, whose cable may come out at any moment."""

from pathlib import Path

from sim.twins.camera import CameraTwin


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
