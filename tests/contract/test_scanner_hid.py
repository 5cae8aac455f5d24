"""A barcode gun that types: the real evdev library on a node of umockdev."""

from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest

from hal.codecs.scan import CONTROL
from sim.twins.testbed import GUN, KernelTwin

TICKET = "OW:T:01J9ZK3V7Q8F2M4N6P8R0T2V4X"
EVERY_KEY = "".join(chr(code) for code in range(0x20, 0x7F))
WAIT_S = 10.0


@pytest.fixture
def kernel(request: pytest.FixtureRequest) -> Iterator[KernelTwin]:
    """The twin; its gun's suffix is the fixture's parameter."""
    twin = KernelTwin(suffix=getattr(request, "param", "cr"), key_ms=1)
    twin.start()
    yield twin
    twin.stop()


@pytest.fixture
def gun(kernel: KernelTwin, program: Callable[..., Any]) -> Any:
    return program(kernel, "scanner_hid", {"path": GUN}).started()


def test_a_scan_with_shift_is_one_code(kernel: KernelTwin, gun: Any) -> None:
    """Capitals and colons come as they are printed; the suffix is no part of the code."""
    assert kernel.scan(TICKET)
    assert gun.next()["code"] == {"text": TICKET, "kind": "ticket"}


def test_every_key_of_the_layout(kernel: KernelTwin, gun: Any) -> None:
    """All printable ASCII characters, typed on a US keyboard."""
    assert kernel.scan(EVERY_KEY)
    assert gun.next()["code"]["text"] == EVERY_KEY


@pytest.mark.parametrize(
    ("kernel", "suffix"), [(each, each) for each in ("cr", "tab", "none")], indirect=["kernel"]
)
def test_each_way_to_end_a_code(
    kernel: KernelTwin, suffix: str, program: Callable[..., Any]
) -> None:
    """CR, Tab, or silence."""
    gun = program(kernel, "scanner_hid", {"path": GUN, "suffix": suffix}).started()
    assert kernel.scan("6901234567892")
    assert gun.next()["code"]["text"] == "6901234567892"


def test_lost_keys_are_told_to_the_person(kernel: KernelTwin, gun: Any) -> None:
    """A code in which the kernel dropped events is never taken for one; the next is read."""
    assert kernel.scan(TICKET, dropped=True)
    assert "dropped" in gun.next()["unreadable"]
    assert kernel.scan(TICKET)
    assert gun.next()["code"]["text"] == TICKET


def test_a_code_of_which_nothing_came_is_told_too(kernel: KernelTwin, gun: Any) -> None:
    """Only SYN_DROPPED arrived: somebody scanned and must do so again, and only once."""
    assert kernel.scan("é", dropped=True)
    assert "dropped" in gun.next()["unreadable"]
    assert kernel.scan(TICKET)
    assert gun.next()["code"]["text"] == TICKET


def test_keys_lost_at_the_beginning_spoil_the_whole_code(kernel: KernelTwin, gun: Any) -> None:
    """What is typed behind SYN_DROPPED is the end of that code, and no code of its own."""
    assert kernel.scan(TICKET)
    assert gun.next()["code"]["text"] == TICKET
    Event().wait(0.2)  # between two citizens; longer than a gap
    assert kernel.scan("é" + TICKET[:1], dropped=True)
    assert "dropped" in gun.next()["unreadable"]
    assert kernel.scan(TICKET)
    assert gun.next()["code"]["text"] == TICKET


@pytest.mark.parametrize("kernel", ["none"], indirect=True)
def test_a_code_without_its_end(kernel: KernelTwin, gun: Any) -> None:
    """A suffix that does not come makes no code."""
    assert kernel.scan("690123")
    assert "timeout" in gun.next()["unreadable"]


@pytest.mark.parametrize("kernel", ["none"], indirect=True)
def test_the_rest_of_a_refused_code_is_no_code(kernel: KernelTwin, gun: Any) -> None:
    """A gun that pauses within a code has its first half refused, and its second not taken."""
    assert kernel.scan("690123")
    assert "timeout" in gun.next()["unreadable"]
    assert kernel.scan("4567892\r")
    gun.order({"stop": True})
    assert gun.next() == {"stopped": True}


def test_opened_in_the_middle_of_a_code(kernel: KernelTwin, program: Callable[..., Any]) -> None:
    """What a gun still types when the terminal starts is the end of a code, and no code."""
    gun = program(kernel, "scanner_hid", {"path": GUN})
    typing = Thread(target=kernel.scan, args=(EVERY_KEY * 8,))
    typing.start()
    gun.order({"start": True})
    typing.join()
    assert gun.next() == {"opened": True}
    assert kernel.scan(TICKET)
    assert gun.next()["code"]["text"] == TICKET


def test_the_gun_is_taken_for_ourselves(kernel: KernelTwin, gun: Any) -> None:
    """EVIOCGRAB: what is scanned reaches no login prompt."""
    assert kernel.wait(lambda: kernel.grabbed, WAIT_S)


def test_unplugged_and_back(kernel: KernelTwin, gun: Any) -> None:
    """One loss is told; opened again under the same link, it reads."""
    kernel.unplug()
    assert gun.next()["remedy"] == "reset"
    kernel.plug()
    gun.started()
    assert kernel.scan(TICKET)
    assert gun.next()["code"]["text"] == TICKET


def test_a_gun_that_is_not_there(kernel: KernelTwin, program: Callable[..., Any]) -> None:
    """Opening fails with a remedy that says what to look at, and closing again is no error."""
    kernel.unplug()
    gun = program(kernel, "scanner_hid", {"path": GUN})
    gun.order({"start": True})
    told = gun.next()
    assert (told["remedy"], GUN in told["lost"]) == ("configure", True)
    gun.order({"close": True})
    assert gun.next() == {"closed": True}


def test_a_gun_that_another_program_has(kernel: KernelTwin, program: Callable[..., Any]) -> None:
    """EBUSY: nobody shares keys; the loss says who is in the way, and it is taken when free."""
    kernel.fault("busy")
    gun = program(kernel, "scanner_hid", {"path": GUN})
    gun.order({"start": True})
    told = gun.next()
    assert told["remedy"] == "configure"
    assert "another program" in told["lost"]
    kernel.free()
    gun.started()
    assert kernel.scan(TICKET)
    assert gun.next()["code"]["text"] == TICKET


def test_a_gun_pulled_out_in_a_code(kernel: KernelTwin, gun: Any) -> None:
    """Half a code is neither read nor told; back again, it reads."""
    kernel.fault("pulled")
    assert not kernel.scan(TICKET)
    assert gun.next()["remedy"] == "reset"
    kernel.plug()
    gun.started()
    assert kernel.scan(TICKET)
    assert gun.next()["code"]["text"] == TICKET


def test_another_layout_is_refused(kernel: KernelTwin, gun: Any) -> None:
    """A gun set to QWERTZ types what is no ticket, and never passes for one."""
    kernel.fault("layout")
    assert kernel.scan(TICKET)
    assert "layout" in gun.next()["unreadable"]
    assert kernel.scan(CONTROL)
    assert gun.next()["code"]["text"] == CONTROL


def test_a_caps_lock_elsewhere_changes_nothing(kernel: KernelTwin, gun: Any) -> None:
    """A gun that turns capitals over for another keyboard's caps lock is read all the same."""
    kernel.fault("caps")
    assert kernel.scan(TICKET)
    assert gun.next()["code"] == {"text": TICKET, "kind": "ticket"}


@pytest.mark.parametrize("fault", ["dropped", "no_suffix", "pause"])
def test_a_damaged_code_is_told(kernel: KernelTwin, gun: Any, fault: str) -> None:
    """Lost keys, a lost end, a pause within: red, and never half a code."""
    kernel.fault(fault)
    assert kernel.scan(TICKET)
    assert "incomplete" in gun.next()["unreadable"]


def test_an_electronic_card_is_told_and_its_token_is_not(kernel: KernelTwin, gun: Any) -> None:
    """电子社保卡: whoever had the token could pass for the citizen."""
    assert kernel.scan("eyJhbGciOiJTTTMifQ.e30.c2ln")
    assert gun.next()["code"] == {"kind": "e_card"}


def test_closing_from_another_thread_ends_the_watch(gun: Any) -> None:
    """The worker waits in the library; stopping it does not wait for a key, twice neither."""
    gun.order({"stop": True})
    assert gun.next() == {"stopped": True}
    gun.order({"close": True})
    assert gun.next() == {"closed": True}


def test_what_was_typed_before_opening_is_not_a_scan(
    kernel: KernelTwin, program: Callable[..., Any]
) -> None:
    """Keys that nobody had open belong to nobody, and the twin says so."""
    assert not kernel.scan("stale")
    gun = program(kernel, "scanner_hid", {"path": GUN}).started()
    assert kernel.scan("fresh")
    assert gun.next()["code"]["text"] == "fresh"
