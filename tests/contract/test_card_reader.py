"""The card reader, against a card in a pcscd of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hal.errors import DeviceError, DeviceRefused, WireError
from hal.interfaces import CardInserted, CardTaken, SocialSecurityCardRead, Unreadable
from sim.card import EXAMPLE
from sim.card_person import card_of
from sim.pcscd import Pcscd

Run = Callable[[str, dict[str, object]], Any]
CARD = card_of(EXAMPLE)
OTHER = msgspec.structs.replace(CARD, name="甄\u00b7虚构", card_number="B00000002")
WAIT_S = 10.0
SELECT_AND_TWO = 3  # commands after which a card is in the middle of being read


@pytest.fixture(scope="module")
def _namespaces() -> None:
    probe = ["unshare", "--mount", "--net", "--pid", "--fork", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("the kernel does not permit mount and network namespaces here")


@pytest.fixture
def pcscd(_namespaces: None, tmp_path: Path) -> Iterator[Pcscd]:
    made = Pcscd(tmp_path / "pcscd", ["Sim Card W01", "Sim Card W02"])
    made.start()
    yield made
    made.stop()


def reader_of(run: Run, pcscd: Pcscd, index: int = 0) -> Any:
    table: dict[str, object] = {"reader": pcscd.reader(index), "socket": str(pcscd.socket)}
    return run("card_pcsc", table)


@pytest.fixture
def reader(run: Run, pcscd: Pcscd) -> Any:
    return reader_of(run, pcscd).started()


def name_read(reader: Any) -> str | None:
    """The name on the card that comes next, which must be told of first."""
    assert isinstance(reader.next(), CardInserted)
    observation = reader.next()
    assert isinstance(observation, SocialSecurityCardRead)
    return observation.data.name


def complaint(reader: Any) -> DeviceError:
    """What is said of the card that comes next, which must be told of first."""
    assert isinstance(reader.next(), CardInserted)
    observation = reader.next()
    assert isinstance(observation, Unreadable)
    return observation.error


@pytest.mark.parametrize(
    "changes",
    [{}, {"transfer": "fetch"}, {"padded": False}, {"short_identifiers": False}],
    ids=["whole", "fetched", "other lengths", "files selected"],
)
def test_a_whole_card_is_read(pcscd: Pcscd, reader: Any, changes: dict[str, Any]) -> None:
    """Every field arrives, however the chip hands it over, and the holder's tries are untouched."""
    pcscd.lay(0, msgspec.structs.replace(OTHER, **changes))
    assert reader.next() == CardInserted("Sim Card W01 00 00", "social_security")
    read = reader.next().data
    assert (read.name, read.social_security_number) == ("甄\u00b7虚构", EXAMPLE.number)
    assert (read.card_number, read.generation, read.sex) == ("B00000002", "2", EXAMPLE.sex)
    assert (read.birth_date, read.valid_until) == ("1949-12-31", "2030-01-01")
    assert read.withheld == []
    assert pcscd.verified(0) == 0


def test_what_needs_a_key_is_withheld(pcscd: Pcscd, reader: Any) -> None:
    """A card of the third generation may refuse records; the others are read."""
    pcscd.lay(0, msgspec.structs.replace(CARD, version="3.00", withheld=("08", "0D")))
    reader.next()
    read = reader.next().data
    assert (read.generation, read.withheld, read.name) == ("3", ["08", "0D"], CARD.name)


def test_a_card_already_inside_is_read(run: Run, pcscd: Pcscd) -> None:
    """Somebody may have been quicker than the terminal."""
    pcscd.lay(0, CARD)
    assert name_read(reader_of(run, pcscd).started()) == CARD.name


def test_cards_come_and_go(pcscd: Pcscd, reader: Any) -> None:
    """Each insertion is read, each removal told, in their order."""
    for card in (CARD, OTHER):
        pcscd.lay(0, card)
        assert name_read(reader) == card.name
        pcscd.withdraw(0)
        assert reader.next() == CardTaken("Sim Card W01 00 00")


def test_windows_do_not_hear_each_other(run: Run, pcscd: Pcscd, reader: Any) -> None:
    """Two readers of one pcscd read two people."""
    second = reader_of(run, pcscd, 1).started()
    pcscd.lay(1, OTHER)
    assert name_read(second) == OTHER.name
    pcscd.lay(0, CARD)
    assert name_read(reader) == CARD.name
    assert second.reports.empty()


@pytest.mark.parametrize(("fault", "after"), [("empty", 0), ("hang", SELECT_AND_TWO)])
def test_a_card_that_falls_silent_is_given_up(
    pcscd: Pcscd, reader: Any, fault: Any, after: int
) -> None:
    """Its owner is told once, its removal too, and the next card is read."""
    pcscd.lay(0, CARD, fault, after)
    error = complaint(reader)
    assert (error.cause, error.remedy) == ("the card does not answer", "clear")
    pcscd.withdraw(0)
    assert isinstance(reader.next(), CardTaken)
    pcscd.lay(0, OTHER)
    assert name_read(reader) == OTHER.name


@pytest.mark.parametrize("fault", ["oversize", "endless", "garble", "withdraw"])
def test_a_hostile_card_does_no_harm(pcscd: Pcscd, reader: Any, fault: Any) -> None:
    """60,000 bytes, an answer without end, noise, removal half-way: told, and the next is read."""
    pcscd.lay(0, CARD, fault, SELECT_AND_TWO)
    assert isinstance(complaint(reader), WireError)
    pcscd.withdraw(0)
    assert isinstance(reader.next(), CardTaken)
    pcscd.lay(0, OTHER)
    assert name_read(reader) == OTHER.name


def test_a_card_with_a_wrong_answer_to_reset(pcscd: Pcscd, reader: Any) -> None:
    """No ISO 7816 byte: told as unreadable, and the next card is read."""
    pcscd.lay(0, msgspec.structs.replace(CARD, atr="00"))
    assert isinstance(complaint(reader), WireError)
    pcscd.withdraw(0)
    assert isinstance(reader.next(), CardTaken)
    pcscd.lay(0, OTHER)
    assert name_read(reader) == OTHER.name


def test_a_card_without_an_answer_to_reset(pcscd: Pcscd, reader: Any) -> None:
    """It was never presented, so nothing but the complaint is told of it."""
    pcscd.lay(0, msgspec.structs.replace(CARD, atr="3B" * 40))
    assert reader.next().error.cause == "the card does not answer to reset"
    pcscd.withdraw(0)
    pcscd.lay(0, OTHER)
    assert name_read(reader) == OTHER.name


def test_another_application_is_refused(pcscd: Pcscd, reader: Any) -> None:
    """A card that is none of ours answers 6A82, and its owner is told to take another."""
    pcscd.lay(0, msgspec.structs.replace(CARD, application="6A82"))
    error = complaint(reader)
    assert isinstance(error, DeviceRefused)
    assert error.code == 0x6A82


def test_a_dead_pcscd_is_a_loss_and_its_return_a_return(pcscd: Pcscd, reader: Any) -> None:
    """One loss; opened again after the restart, it reads the card that still lies there."""
    pcscd.lay(0, CARD)
    assert name_read(reader) == CARD.name
    pcscd.kill_daemon()
    assert reader.lost().remedy == "reset"
    pcscd.start_daemon()
    assert name_read(reader.started()) == CARD.name


def test_a_pcscd_that_dies_while_a_card_hangs_is_a_loss(pcscd: Pcscd, reader: Any) -> None:
    """The card is not blamed for it."""
    pcscd.lay(0, CARD, "hang")
    assert isinstance(reader.next(), CardInserted)
    pcscd.kill_daemon()
    assert reader.lost().remedy in ("reset", "configure")  # as far as it came with asking polkit
    assert reader.reports.empty()


@pytest.mark.parametrize("fault", [None, "hang"])
def test_a_frozen_pcscd_is_a_loss_and_its_waking_a_return(
    pcscd: Pcscd, reader: Any, fault: Any
) -> None:
    """It takes connections and answers nothing. A card in the middle is not blamed for it."""
    pcscd.lay(0, CARD, fault)
    assert isinstance(reader.next(), CardInserted)
    if fault is None:
        assert isinstance(reader.next(), SocialSecurityCardRead)
    pcscd.freeze_daemon()
    assert reader.lost().cause == "pcscd does not answer"
    assert reader.reports.empty()
    pcscd.resume_daemon()
    reader.started()


def test_a_restarted_pcscd_is_a_loss_and_a_return(pcscd: Pcscd, reader: Any) -> None:
    """Also of one that was frozen, as its service manager restarts it."""
    for freeze in (False, True):
        if freeze:
            pcscd.freeze_daemon()
        pcscd.restart_daemon()
        assert reader.lost().remedy in ("reset", "configure")
        reader.started()
    pcscd.lay(0, CARD)
    assert name_read(reader) == CARD.name


def test_no_pcscd_is_a_loss(run: Run, tmp_path: Path) -> None:
    """Without its daemon the reader cannot be opened."""
    table: dict[str, object] = {"reader": "None", "socket": str(tmp_path / "none")}
    assert run("card_pcsc", table).start().lost().remedy == "reset"


def test_an_unknown_reader_is_a_loss(run: Run, pcscd: Pcscd) -> None:
    """A name that pcscd does not know: somebody must look at the reader."""
    table: dict[str, object] = {"reader": "Other 00 00", "socket": str(pcscd.socket)}
    assert run("card_pcsc", table).start().lost().cause == "the card reader is not there"


def test_the_card_process_ends_with_its_parent(pcscd: Pcscd) -> None:
    """Even while a card holds it: no process is left behind that keeps the reader."""
    pcscd.lay(0, CARD, "hang")
    command = [sys.executable, "-m", "drivers.card_pcsc_child", pcscd.reader(0)]
    where = {**os.environ, "PCSCLITE_CSOCK_NAME": str(pcscd.socket)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=where
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        for line in child.stdout:
            if b"Inserted" in line:
                break
        child.stdin.close()
        try:
            assert child.wait(WAIT_S) == 0
        finally:
            child.kill()
