"""The disk model itself: what it keeps, what it may lose, and that it loses it."""

from random import Random

import pytest
from powercut.disk import (
    Allocated,
    Appended,
    Created,
    Disk,
    Impossible,
    Operation,
    Removed,
    Renamed,
    Synced,
    Truncated,
    Written,
)

SYNC_FOLDER = Synced("", 99)


def outcomes(*operations: Operation, tries: int = 400) -> set[tuple[tuple[str, bytes], ...]]:
    """Everything that may be found after the power went at the end of `operations`."""
    disk = Disk(["s"])
    for index, operation in enumerate(operations):
        disk.apply(index, operation)
    return {tuple(sorted(disk.cut(Random(seed)).items())) for seed in range(tries)}


def test_synced_bytes_are_kept() -> None:
    """What was written before an fsync, in a folder that was synced, is always found."""
    found = outcomes(Created("a"), Written("a", 0, b"xy"), Synced("a", 2), Synced("", 3))
    assert found == {(("a", b"xy"),)}


def test_unsynced_bytes_may_be_lost() -> None:
    """What was written after it is found in some cuts and not in others."""
    found = outcomes(Created("a"), SYNC_FOLDER, Written("a", 0, b"xy"))
    assert found == {(("a", b""),), (("a", b"xy"),)}


def test_write_that_raced_the_sync_is_not_covered() -> None:
    """A write that came after an fsync had begun, but before it ended, may still be lost."""
    found = outcomes(Created("a"), SYNC_FOLDER, Written("a", 0, b"x"), Synced("a", 2))
    assert found == {(("a", b""),), (("a", b"x"),)}


def test_sectors_live_or_die_alone() -> None:
    """Of one write across a sector's edge, either half may survive without the other."""
    write = Written("a", 510, b"1234")
    found = outcomes(Created("a"), SYNC_FOLDER, write, tries=2000)
    contents = {dict(files)["a"].lstrip(b"\0") for files in found}
    assert contents == {b"", b"12", b"34", b"1234"}


def test_later_sector_survives_with_a_hole_before_it() -> None:
    """A sector that survives alone stands at its own place, zeros before it."""
    found = outcomes(Created("a"), SYNC_FOLDER, Written("a", 510, b"1234"), tries=2000)
    assert (("a", bytes(512) + b"34"),) in found


def test_new_name_is_sure_after_a_sync_of_the_folder() -> None:
    """A file whose folder was not synced may be missing, however well the file was."""
    found = outcomes(Created("a"), Written("a", 0, b"x"), Synced("a", 2))
    assert found == {(), (("a", b"x"),)}


def test_removed_file_may_come_back() -> None:
    """A removal without a sync of the folder may be undone; with one it may not."""
    before = (Created("a"), Written("a", 0, b"x"), Synced("a", 2), Synced("", 3), Removed("a"))
    assert outcomes(*before) == {(), (("a", b"x"),)}
    assert outcomes(*before, Synced("", 5)) == {()}


def test_names_change_in_order() -> None:
    """Of two changes to the folder the second never survives without the first."""
    found = outcomes(Created("a"), Created("b"))
    assert found == {(), (("a", b""),), (("a", b""), ("b", b""))}


def test_truncation_waits_for_a_sync_too() -> None:
    """A truncation may be lost until it is synced."""
    before = (Created("a"), SYNC_FOLDER, Written("a", 0, b"xyz"), Synced("a", 3))
    assert outcomes(*before, Truncated("a", 1)) == {(("a", b"xyz"),), (("a", b"x"),)}
    assert outcomes(*before, Truncated("a", 1), Synced("a", 5)) == {(("a", b"x"),)}


def test_opening_again_keeps_the_content() -> None:
    """A file that is opened with O_CREAT a second time is the same file."""
    found = outcomes(
        Created("a"), Written("a", 0, b"x"), Synced("a", 2), Created("a"), Synced("", 4)
    )
    assert found == {(("a", b"x"),)}


def test_a_new_name_comes_whole() -> None:
    """A file that is renamed has one name or the other, and surely the new one after a sync."""
    before = (Created("a", exclusive=True), Appended("a", b"x"), Appended("a", b"y"))
    named = (*before, Synced("a", 3), Synced("", 4), Renamed("a", "b"))
    assert outcomes(*named) == {(("a", b"xy"),), (("b", b"xy"),)}
    assert outcomes(*named, Synced("", 6)) == {(("b", b"xy"),)}


def test_each_folder_has_its_own_sync() -> None:
    """A sync of the outer folder says nothing about names in the inner one."""
    inner = Created("s/a")
    assert outcomes(inner, Synced("", 1)) == {(), (("s/a", b""),)}
    assert outcomes(inner, Synced("s", 1)) == {(("s/a", b""),)}


def test_allocated_room_is_zeros() -> None:
    """It never makes a file shorter, and may be lost until it is synced."""
    before = (Created("a"), SYNC_FOLDER, Written("a", 0, b"x"), Synced("a", 3))
    assert outcomes(*before, Allocated("a", 2)) == {(("a", b"x"),), (("a", b"x\0"),)}
    assert outcomes(*before, Allocated("a", 1)) == {(("a", b"x"),)}


def test_a_piece_without_a_place_is_refused() -> None:
    """Where the file may have had content, or the name leaves its folder, the model gives up."""
    with pytest.raises(Impossible):
        outcomes(Created("a"), Appended("a", b"x"))
    with pytest.raises(Impossible):
        outcomes(Created("a"), Renamed("a", "s/a"))
