import pytest

from central.config import OWN_CATALOGUE
from central.domain.case import Risk
from central.domain.errors import Unknown
from central.service.catalogue import CatalogueError, Item, read_catalogue

HEAD = "item_code,item_name,applicant,risk_class\n"
FULL = "item_code,item_name,applicant,risk_class,devices,offline\n"


def test_the_catalogue_that_comes_with_the_package_is_read() -> None:
    """All 61 items are there, with their risk and who may apply."""
    catalogue = read_catalogue(OWN_CATALOGUE.read_bytes())
    assert len(catalogue.items) == 61
    both = frozenset({"identity", "card"})
    assert catalogue.item("SB-C02") == Item("SB-C02", "个人权益记录查询打印", Risk.LOW, True, both)
    assert catalogue.item("SB-A01").for_individuals is False
    every = both | {"document", "code"}
    assert catalogue.item("SB-D01") == Item(
        "SB-D01", "职工正常退休(职)申请", Risk.HIGH, True, every
    )


def test_only_a_persons_low_risk_items_are_done_alone() -> None:
    """Of the 11 that the table allows offline, those a teller may carry through for a person."""
    catalogue = read_catalogue(OWN_CATALOGUE.read_bytes())
    assert sum(item.offline for item in catalogue.items.values()) == 11
    codes = [item.code for item in catalogue.alone]
    assert codes == ["SB-A06", "SB-A07", "SB-A10", "SB-E06", "SB-F01"]


def test_items_are_counted_by_the_devices_they_need() -> None:
    """Nothing is possible without its devices, everything with all of them."""
    catalogue = read_catalogue(OWN_CATALOGUE.read_bytes())
    roles = {"card", "identity", "code", "document"}
    counts = [catalogue.possible(able) for able in ((), {"identity", "card"}, roles)]
    assert counts[0] < counts[1] < counts[2] == 61


def test_an_item_that_is_not_there_is_unknown() -> None:
    """A code of no item is refused by name."""
    with pytest.raises(Unknown):
        read_catalogue(f"{HEAD}X,名,个人,低\n".encode()).item("Y")


def test_every_change_of_the_table_is_another_version() -> None:
    """A case can tell under which table it was opened."""
    one, two = (read_catalogue(f"{HEAD}X,{name},个人,低\n".encode()) for name in ("甲", "乙"))
    assert one.version != two.version


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (f"{HEAD}X,名,个人,无\n", "line 2: risk_class must be 低, 中 or 高, not 无"),
        (f"{HEAD}X,名,个人,低\nX,名,个人,低\n", "line 3: item_code X stands there twice"),
        (f"{HEAD}X,,个人,低\n", "line 2: column item_name is empty or missing"),
        ("item_code\nX\n", "line 2: column item_name is empty or missing"),
        (
            f"{FULL}X,名,个人,低,扫帚,否\n",
            "line 2: devices must be of 社保卡读卡器, 身份证阅读器, 条码枪, 高拍仪, 评价器, "
            "凭条打印机, not 扫帚",
        ),
        (f"{FULL}X,名,个人,低,高拍仪,也许\n", "line 2: offline must be 是 or 否, not 也许"),
        (
            f"{FULL}X,社会保障卡挂失,个人,低,高拍仪,是\n",
            "line 2: offline must be 否: 社会保障卡挂失 needs the centre",
        ),
        (HEAD, "the catalogue has no items"),
    ],
)
def test_a_broken_table_is_told_by_line(table: str, told: str) -> None:
    """The first line that is wrong is named, with what belongs there."""
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(table.encode())
    assert str(caught.value) == told


def test_a_table_in_another_encoding_is_told() -> None:
    """A table saved as GBK is refused with the remedy."""
    with pytest.raises(CatalogueError, match="save it as UTF-8"):
        read_catalogue(HEAD.encode() + "X,名,个人,低".encode("gbk"))
