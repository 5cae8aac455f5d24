from typing import Any

from central.service import hall as hall_service
from central.service.views import LiveView
from hal.events.facts import CardLeft, DocumentCaptured, IdentityRead, Page, RatingGiven


def live(hall: Any) -> LiveView:
    with hall.store.readers.connect() as connection:
        return hall_service.live(connection, hall.sites.all(), hall.clock.now(), hall.catalogue)


def test_numbers_wait_in_the_order_in_which_they_are_called(hall: Any) -> None:
    """Each lane lists today's numbers that nobody has called, whoever is next first."""
    for lane in ("A", "B", "A", "A"):
        hall.take(lane)
        hall.clock.advance(seconds=1)
    hall.call()
    found = {(each.lane): each.numbers for each in live(hall).waiting}
    assert found == {"A": ["A002", "A003"], "B": ["B001"]}
    hall.clock.advance(days=1)
    assert live(hall).waiting == []


def test_levels_are_counted_by_day(hall: Any) -> None:
    """Who was asked and gave no level is counted too; yesterday's ratings are not."""
    for terminal, level in (("pzh01-w01", 5), ("pzh01-w02", None)):
        visit = hall.visit(terminal).visit.id
        request = hall.ask(visit)
        if level is not None:
            hall.fact("rating.given", RatingGiven(request=request, level=level), visit, terminal)
    counts = {each.level: each.count for each in live(hall).ratings}
    assert counts == {5: 1, 4: 0, 3: 0, 2: 0, 1: 0, None: 1}
    hall.clock.advance(hours=15)
    assert {each.count for each in live(hall).ratings} == {0}


def test_an_open_visit_is_shown_whole_and_a_closed_one_not(hall: Any) -> None:
    """Only terminals with an open visit have one, with its tray by masks."""
    visit = hall.visit("pzh01-w02").visit.id
    read = IdentityRead(document="resident", name="张三", number="11010119000101002X")
    hall.fact("identity.read", read, visit, "pzh01-w02")
    found = live(hall).visits
    assert list(found) == ["pzh01-w02"]
    assert [item.masked["name"] for item in found["pzh01-w02"].tray] == ["张*"]
    hall.close(visit)
    assert live(hall).visits == {}


def test_a_documents_pages_lie_in_the_tray_by_hash_and_verdict(hall: Any) -> None:
    """What was measured of a page, and what its codes say, stays in the fact."""
    visit = hall.visit().visit.id
    page = Page(
        hash="ab" * 32,
        size_bytes=9,
        width_px=2,
        height_px=3,
        dpi=200,
        sharpness=0.5,
        glare=0.1,
        skew_deg=1,
        verdict="blurred",
    )
    hall.fact("document.captured", DocumentCaptured(document="D", pages=[page], codes=["1"]), visit)
    (item,) = live(hall).visits["pzh01-w01"].tray
    pages = [{"hash": "ab" * 32, "verdict": "blurred", "page": None}]
    assert item.masked == {"document": "D", "pages": pages, "codes": 1}


def test_a_window_says_what_it_can_do(hall: Any) -> None:
    """Items are counted by the devices that work; a terminal that is lost can do none."""
    hall.state("paused", able=["identity"], why="teller")
    first, second = live(hall).hall.items
    assert (first.able, first.why, first.offline) == (["identity"], "teller", False)
    assert (first.possible, first.items) == (2, 5)
    assert (second.able, second.possible) == ([], 0)
    hall.state("ready", able=["identity", "card", "code", "document"])
    assert live(hall).hall.items[0].possible == 5
    hall.state("lost", able=["identity"])
    gone = live(hall).hall.items[0]
    assert (gone.offline, gone.able, gone.possible) == (True, [], 0)


def test_a_window_says_that_a_card_lies_there(hall: Any) -> None:
    """Until it is taken out, and at no other window."""
    hall.fact("card.left", CardLeft(slot="contact"), hall.visit().visit.id)
    assert [item.card_left for item in live(hall).hall.items] == [True, False]
