"""Which items a citizen comes for: the low-risk ones for individuals (个人, 低)."""

import csv
from pathlib import Path

from sim.errors import UsageFault

CATALOGUE = Path(__file__).parents[1] / "central" / "catalogue.csv"


def low_risk_items(path: Path = CATALOGUE) -> list[str]:
    """Item codes in the order of the file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as rows:
            items = [
                row["item_code"]
                for row in csv.DictReader(rows)
                if row["applicant"] == "个人" and row["risk_class"] == "低"
            ]
    except (OSError, KeyError) as error:
        raise UsageFault(f"{path} is not the catalogue of items: {error}.") from error
    if not items:
        raise UsageFault(f"{path} has no low-risk item for individuals.")
    return items
