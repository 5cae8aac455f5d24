"""What commands carry. Unknown fields are refused: a misspelt one must not be ignored."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hal.events.facts import Party


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Body):
    """A command that needs no words."""


class TakeTicket(Body):
    site: str = Field(pattern=r"^[a-z0-9-]{1,32}$")
    lane: str = Field(default="A", pattern=r"^[A-Z]$")


class OpenCase(Body):
    """`applicant`: the fact that read the applicant's document, if several people's were read."""

    visit: str
    item_code: str
    applicant: str | None = None


class Capture(Body):
    """`document`: the document that the page belongs to; a new one when left out."""

    document: str | None = Field(default=None, pattern=r"^[!-~]{1,64}$")


class Print(Body):
    """号票, 回执, or 受理回执 on A4; receipts name the visit's cases."""

    kind: Literal["ticket", "receipt", "receipt-sheet"]


class Confirm(Body):
    """`purpose`: what the applicant's data is opened for (查阅目的); is recorded."""

    case: str
    purpose: str = Field(max_length=200)
    sign: bool = True


class ChooseParty(Body):
    """`fact` read the document; `party` is its person's role in the visit."""

    fact: str
    party: Party


class Decide(Body):
    outcome: Literal["approved"]
