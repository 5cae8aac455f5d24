"""Invented citizens, the same for the same seed.

Nobody here exists. The area code 110199 was never given to any place, so no living person can
have one of these numbers, though date and check character are valid. Surnames sound like "false",
"true", "made up"; given names and addresses say "sample" and "fiction" in Chinese.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from random import Random

from sim.card import Card, check_character

AREA_CODE = "110199"
_SURNAMES = ("贾", "甄", "虞", "莫", "乌", "游", "牟", "喻", "尚", "寻")
_GIVEN = (
    "示安", "示宁", "示和", "样明", "样清", "样远", "例一", "例真", "例新", "设云",
    "设河", "拟山", "拟田", "拟林", "构成", "构文", "虚怀", "虚舟", "假如", "若无",
)  # fmt: skip
_ROADS = ("虚构路", "样本街", "示例巷", "模拟道", "假设里")
_NATIONS = ("01", "01", "01", "01", "11", "15", "25", "56")
_FIRST_BIRTH = date(1946, 1, 1)
_LAST_BIRTH = date(2006, 12, 31)


def citizens(seed: int) -> Iterator[Card]:
    """Cards of citizens, all different in name and number; 200 of them, then names repeat."""
    random = Random(f"citizens {seed}")
    names = ["".join(pair) for pair in product(_SURNAMES, _GIVEN)]
    random.shuffle(names)
    orders = random.sample(range(1, 1000), 999)
    for turn in range(10**9):
        yield _citizen(random, names[turn % len(names)], orders[turn % len(orders)])


def _citizen(random: Random, name: str, order: int) -> Card:
    days = (_LAST_BIRTH - _FIRST_BIRTH).days
    birth = (_FIRST_BIRTH + timedelta(days=random.randrange(days))).strftime("%Y%m%d")
    first_17 = f"{AREA_CODE}{birth}{order:03d}"
    return Card(
        name=name,
        sex="1" if order % 2 else "2",
        nation=random.choice(_NATIONS),
        birth=birth,
        address=f"示例市样本区{random.choice(_ROADS)}{random.randrange(1, 300)}号",
        number=first_17 + check_character(first_17),
        issuer="示例市公安局样本分局",
        valid_from="20200101",
        valid_until=random.choice(("20400101", "长期")),
        fingerprint=random.random() < 0.5,
    )
