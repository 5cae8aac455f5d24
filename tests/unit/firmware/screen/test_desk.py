"""What is done on the screen while the window moves on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.local_desk import LocalRefused
from firmware.screen.desk import CustomerDesk
from firmware.screen.signature import Strokes, sign
from firmware.screen_session import Shown
from firmware.spool import Spool

SIGNATURE = sign(Strokes(width=600, height=200, strokes=[[(20, 50, 0), (320, 90, 400)]]))


def asks(hall: Any) -> Callable[[], Shown]:
    """A screen that has not yet heard that its visit is over."""
    return lambda: Shown("sign", 3, "v1", "A001", sheet=hall.sheet, sign=True)


def test_a_picture_of_a_visit_that_closed_meanwhile_is_let_go(hall: Any) -> None:
    """It was sealed already when the window said no: nobody has signed, so nothing is kept."""
    desk = CustomerDesk(hall.window, hall.spool, asks(hall))
    with pytest.raises(LocalRefused) as refused:
        desk.sign(hall.sheet, SIGNATURE)
    assert refused.value.code == "not_asked"
    assert hall.spool.waiting() == []
    assert hall.kinds() == []


def test_a_signature_without_room_is_refused(hall: Any, tmp_path: Path) -> None:
    """No fact tells of a picture that is not there."""
    full = Spool(tmp_path / "full", "pzh01-w03", hall.spool._seal, lambda: "0" * 26, limit_bytes=9)
    desk = CustomerDesk(hall.window, full, asks(hall))
    with pytest.raises(LocalRefused) as refused:
        desk.sign(hall.sheet, SIGNATURE)
    assert refused.value.code == "disk_full"
    assert hall.kinds() == []


def test_a_wish_that_a_window_answers_late_says_so(hall: Any) -> None:
    """The picture stays then: the fact may still come."""

    class Slow:
        def put(self, event: Any) -> None:
            event.answer.set_exception(LocalRefused("slow", "窗口程序忙", "look first"))

        def local_status(self) -> Any:
            return hall.window.local_status()

    with pytest.raises(LocalRefused):
        CustomerDesk(Slow(), hall.spool, asks(hall)).sign(hall.sheet, SIGNATURE)
    assert len(hall.spool.waiting()) == 1
