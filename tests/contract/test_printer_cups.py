"""The A4 printer behind a queue of CUPS: a cupsd of our own that puts documents into a folder."""

import importlib.util
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printer_cups import ipp
from hal.errors import DeviceLost, DeviceRefused

_SPEC = importlib.util.spec_from_file_location(
    "cups_queue", Path(__file__).with_name("cups_queue.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
_QUEUES = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_QUEUES)
CUPSD, QUEUE = _QUEUES.CUPSD, _QUEUES.QUEUE

Run = Callable[[str, dict[str, object]], Any]
WAIT_S = 20.0
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 200

pytestmark = pytest.mark.skipif(not Path(CUPSD).exists(), reason="cupsd is not installed")


@pytest.fixture
def cups() -> Iterator[Any]:
    folder = Path(tempfile.mkdtemp(prefix="ow-cups-"))
    queue = _QUEUES.CupsQueue(folder)
    queue.start()
    yield queue
    queue.paper(there=True)
    queue.stop()
    shutil.rmtree(folder)


@pytest.fixture
def met(run: Run, cups: Any) -> Any:
    return run("printer_cups", {"queue": QUEUE, "socket": str(cups.socket)}).started()


def printing(device: Any, title: str = "notice s1") -> tuple[Thread, list[str]]:
    verdicts: list[str] = []
    thread = Thread(target=lambda: verdicts.append(device.print_pdf(PDF, title)))
    thread.start()
    return thread, verdicts


def test_a_document_comes_out_as_it_is(met: Any, cups: Any) -> None:
    """Byte for byte, under the title that it was given and no person's name."""
    assert met.device.print_pdf(PDF, "notice s1") == "printed"
    assert cups.documents() == [PDF]
    assert (cups.tray / "titles").read_text() == "onewindow|notice s1\n"


def test_a_fault_of_the_paper_that_ends(met: Any, cups: Any) -> None:
    """It waits for the paper, and then it is printed."""
    cups.paper(there=False)
    thread, verdicts = printing(met.device)
    cups.await_waiting()
    cups.paper(there=True)
    thread.join(WAIT_S)
    assert verdicts == ["printed"]
    assert cups.documents() == [PDF]


def test_a_fault_of_the_paper_refuses(met: Any, cups: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the remedy in both languages; the sheet is taken back, and never comes out."""
    monkeypatch.setattr("drivers.printer_cups.driver.HINDERED_S", 1.0)
    cups.paper(there=False)
    with pytest.raises(DeviceRefused) as refused:
        met.device.print_pdf(PDF, "notice s1")
    assert refused.value.remedy == "replace"
    assert re.search("out of paper.*添加纸张", refused.value.cause)
    cups.paper(there=True)
    assert met.device.print_pdf(b"%PDF-2", "notice s2") == "printed"
    assert cups.documents() == [b"%PDF-2"]


def test_a_fault_of_a_job_before_refuses(run: Run, met: Any, cups: Any) -> None:
    """Somebody else's sheet stands in the queue: nothing is sent."""
    other = run("printer_cups", {"queue": QUEUE, "socket": str(cups.socket)})
    other.started()
    cups.paper(there=False)
    thread, _ = printing(met.device)
    cups.await_waiting()
    with pytest.raises(DeviceRefused) as refused:
        other.device.print_pdf(PDF, "notice s2")
    assert refused.value.remedy == "replace"
    assert re.search("out of paper.*添加纸张", refused.value.cause)
    cups.paper(there=True)
    thread.join(WAIT_S)


def test_a_sheet_that_was_given_up_does_not_come_out_later(
    met: Any, cups: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its fate is unknown, a new copy will void it: the queue must not print it too."""
    monkeypatch.setattr("drivers.printer_cups.driver.PRINT_S", 1.0)
    (cups.tray / "busy").touch()
    assert met.device.print_pdf(PDF, "notice s1") == "unknown"
    (cups.tray / "busy").unlink()
    monkeypatch.undo()
    assert met.device.print_pdf(b"%PDF-2", "notice s2") == "printed"
    assert cups.documents() == [b"%PDF-2"]


def test_a_fault_that_aborts_it(met: Any, cups: Any) -> None:
    """Failed, and the next one is printed."""
    (cups.tray / "fail").touch()
    assert met.device.print_pdf(PDF, "notice s1") == "failed"
    (cups.tray / "fail").unlink()
    assert met.device.print_pdf(PDF, "notice s2") == "printed"


@pytest.mark.parametrize(
    ("command", "words"), [("cupsdisable", "队列已停止"), ("cupsreject", "拒绝作业")]
)
def test_a_queue_that_somebody_stopped(met: Any, cups: Any, command: str, words: str) -> None:
    """A technician must start it again: said at once, nothing waits in it."""
    cups.administer(command)
    with pytest.raises(DeviceRefused, match=words) as refused:
        met.device.print_pdf(PDF, "notice s1")
    assert refused.value.remedy == "maintain"
    assert met.ends.empty()


@pytest.mark.parametrize("crash", [True, False])
def test_lost_in_the_middle_and_back(met: Any, cups: Any, crash: bool) -> None:
    """Unknown, a loss told once; the job that it still has is taken out before anything else."""
    cups.paper(there=False)
    thread, verdicts = printing(met.device)
    cups.await_waiting()
    cups.stop(crash=crash)
    thread.join(WAIT_S)
    assert verdicts == ["unknown"]
    assert met.lost().remedy == "reset"
    assert met.ends.empty()
    with pytest.raises(DeviceLost):
        met.device.print_pdf(PDF, "notice s2")
    cups.start()
    met.started()
    cups.paper(there=True)
    assert met.device.print_pdf(b"%PDF-2", "notice s2") == "printed"
    assert cups.documents() == [b"%PDF-2"]


def test_a_queue_or_a_service_that_is_not_there(run: Run, cups: Any) -> None:
    """Opening fails with a remedy, and closing twice is no error."""
    running = run("printer_cups", {"queue": "none", "socket": str(cups.socket)}).start()
    assert running.lost().remedy == "configure"
    running.device.close()
    running.device.close()
    nowhere = {"queue": QUEUE, "socket": str(cups.socket) + "-none"}
    assert run("printer_cups", nowhere).start().lost().remedy == "reset"


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda b: b"\2\0\0\0\0\0\0\1\4" + b))
def test_no_bytes_break_the_reading_of_answers(body: bytes) -> None:
    """An answer, or a typed error."""
    try:
        answer = ipp.read(body)
    except ipp.IppError:
        return
    assert isinstance(answer.values, dict)


def test_an_answer_as_rfc_8010_has_it() -> None:
    """Its appendix A.3 in short: a status, and a job's attributes with one more value."""
    body = bytes.fromhex(
        "0101 0000 0000 0001"
        "01 47 0012 617474726962757465732d63686172736574 0005 7574662d38"
        "02 21 0006 6a6f622d6964 0004 00000093"
        "23 0009 6a6f622d7374617465 0004 00000003"
        "44 0003 786162 0001 61 44 0000 0001 62 03"
    )
    answer = ipp.read(body)
    assert (answer.good, answer.number("job-id"), answer.number("job-state")) == (True, 147, 3)
    assert answer.words("xab") == ["a", "b"]
    head = bytes.fromhex("0200 0002 0000 0001 01 47 0012 61747472")
    assert ipp.request(ipp.PRINT_JOB, []).startswith(head)
