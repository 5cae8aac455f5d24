"""A screen as bytes of the display's memory, and what of them is sent."""

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivers.display_oled.chip import areas
from drivers.display_oled.picture import Fonts, Picture, pages
from hal.interfaces import Screen

FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
MEMORY = st.binary(min_size=1024, max_size=1024)


@given(st.sets(st.tuples(st.integers(0, 127), st.integers(0, 63)), max_size=40))
def test_a_pixel_is_the_bit_of_its_row_in_the_byte_of_its_column(lit: set[tuple[int, int]]) -> None:
    """Page y // 8, column x, bit y % 8, as the data sheet has it; and no other bit."""
    image = Image.new("1", (128, 64))
    expected = bytearray(1024)
    for x, y in lit:
        image.putpixel((x, y), 1)
        expected[y // 8 * 128 + x] |= 1 << y % 8
    assert pages(image) == bytes(expected)


@given(MEMORY, st.dictionaries(st.integers(0, 1023), st.integers(0, 255), max_size=30))
def test_what_is_sent_makes_the_old_the_new(old: bytes, changes: dict[int, int]) -> None:
    """Areas written over the old memory give the new one; none if nothing differs."""
    new, memory = bytearray(old), bytearray(old)
    for place, byte in changes.items():
        new[place] = byte
    sent = list(areas(old, bytes(new)))
    for first_page, last_page, first_column, last_column in sent:
        for page in range(first_page, last_page + 1):
            part = slice(page * 128 + first_column, page * 128 + last_column + 1)
            memory[part] = new[part]
    assert memory == new
    assert bool(sent) == (bytes(new) != old)


@given(
    large=st.text(max_size=12),
    lines=st.lists(st.text(max_size=60), max_size=6),
    corner=st.text(max_size=6),
    qr=st.none() | st.text(max_size=500),
    step=st.integers(0, 5000),
)
def test_any_text_can_be_drawn(
    large: str, lines: list[str], corner: str, qr: str | None, step: int
) -> None:
    """Whatever stands in an order, at every step there is a picture of the right size."""
    assert len(Picture(Screen(large, lines, corner, qr), FONTS).at(step)) == 1024


def test_only_what_does_not_fit_moves() -> None:
    """Nine Chinese characters fit a line, four a large text; a corner takes room of a line atop."""
    assert not Picture(Screen("", ("请到本窗口办理业务",)), FONTS).moves
    assert Picture(Screen("", ("请到本窗口办理业务",), "12"), FONTS).moves
    assert Picture(Screen("", ("请取回您的社会保障卡",)), FONTS).moves
    assert not Picture(Screen("网络中断", ("请稍候",), "12"), FONTS).moves


def test_a_round_ends_where_it_began() -> None:
    """The beginning comes again behind the end, and rests as at first."""
    picture = Picture(Screen("", ("请取回您的社会保障卡",)), FONTS)
    seen = [picture.at(step) for step in range(25 + 84 + 1)]
    assert len(set(seen[:26])) == 1
    assert len(set(seen[25 : 25 + 84])) == 84
    assert seen[25 + 84] == seen[0]


FONTS = Fonts(FONT)
