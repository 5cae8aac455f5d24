"""Canaries: people whose names and numbers must not be found in anything that a terminal leaves.

All that was set aside on a bad day is searched in every form in which a text might hide.
"""

import gzip
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from canary_story import PACE, Seen, Story, canaries, needles, temporary
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from disguise import found
from observed import facts, kind_of, opened

from sim.ports import free_ports
from sim.settings import Ports, Run, make_identities, new_folder
from sim.stage import Stage

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """The day as it was seen from outside."""
    folder = tmp_path_factory.mktemp("canary")
    identities = make_identities(folder / "dev")
    run = Run(identities, new_folder(folder / "run", "canary", now()), Ports(*free_ports(3)))
    stage = Stage(run, 1, PACE, now, lambda text: None)
    seen = Seen(load_pem_private_key((identities / "seal.pem").read_bytes(), None))
    try:
        office = stage.up(run.folder / "capture")
        with pytest.MonkeyPatch.context() as patch:
            # Only what is started from now on: umockdev's sockets need short paths.
            patch.setenv("TMPDIR", str(temporary(run)))
            Story(stage, office, run.folder / "capture", seen).tell()
    finally:
        stage.down()
    seen.stored = list(stored(run))
    yield seen
    shutil.copytree(run.folder, "/tmp/g/keep", dirs_exist_ok=True)
    shutil.rmtree(folder)


def stored(run: Run) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(run.database)) as database:
        for (envelope,) in database.execute("SELECT envelope FROM fact ORDER BY rowid"):
            source = json.loads(envelope)["source"]
            yield f"{source[1:].rpartition('/')[0]}/fact", envelope


def now() -> datetime:
    return datetime.now(UTC)


def test_no_canary_sings(seen: Seen) -> None:
    """Neither on the line nor in logs, pages, figures, bundles, files or the kernel's tables."""
    assert found(needles(), seen.hay) == []


def test_the_canaries_were_there(seen: Seen) -> None:
    """Whoever has the key finds each of them in the facts: the search above was for something."""
    data = list(opened(seen.stored, seen.key))
    told = json.dumps(data, ensure_ascii=False)
    for card in (citizen.card for citizen in canaries()):
        assert card.name in told
        assert card.number in told
    numbers = {card.number for card in (citizen.card for citizen in canaries())}
    assert {each["text"] for each in data if "text" in each} >= {canaries()[1].card.number}
    assert {code for each in data for code in each.get("codes", [])} & numbers


def test_the_day_was_as_bad_as_it_should_be(seen: Seen) -> None:
    """A mismatch, facts without a visit, facts and pages that waited, two starts after ends."""
    assert seen.red == ["mismatch", "misprinted"]
    assert seen.waiting >= 4
    told = [fact for _, fact in facts(seen.stored)]
    kinds = [kind_of(fact["type"]) for fact in told]
    assert kinds.count("terminal.started") == 4
    first = next(fact for fact in told if kind_of(fact["type"]) == "identity.read")
    assert "subject" not in first
    assert {"card.read", "code.scanned", "document.captured", "rating.given"} <= set(kinds)


@pytest.mark.parametrize(
    "part",
    [
        *("outbox.db", "outbox.db-wal", "outbox.db-shm", "page.token", "/spool/", "log"),
        *(" environ", " cmdline", " maps", "GET /metrics 200", "GET /api/status 200"),
        *("GET /api/diagnosis 200", "GET / 200", "GET /work 200", "GET / 401", "bundle"),
        *("diagnose", "capture", "/log/", "/health", "/device/", "/order/", "/state"),
    ],
)
def test_all_was_looked_at(seen: Seen, part: str) -> None:
    """Of each thing that a terminal leaves there was something to search."""
    assert [where for where, block in seen.hay.items() if part in where and block]


def test_a_crash_gives_nobody_its_memory(seen: Seen) -> None:
    """No core lies beside it, and no program that asks the kernel would have got one."""
    assert not {name for name in seen.beside if "core" in name}
    assert seen.limits
    assert set(seen.limits.values()) == {("0 0", 0)}


def test_a_page_is_nowhere_as_a_picture(seen: Seen) -> None:
    """It is sealed before it is on the disk: no JPEG lies anywhere at any of the moments."""
    assert [where for where, block in seen.hay.items() if b"JFIF" in block] == []


def test_a_canary_would_be_heard(seen: Seen) -> None:
    """One name in one line of the log, or in a bundle, and the search finds it there."""
    line = "read 金丝雀甲".encode()
    bundle = next(block for where, block in seen.hay.items() if where.endswith(": bundle"))
    packed = gzip.compress(gzip.decompress(bundle) + line)
    hay = {"log": seen.hay["stopped: log"] + line, "bundle": packed}
    assert {where.partition(":")[0] for where in found(needles(), hay)} == {"log", "bundle"}
