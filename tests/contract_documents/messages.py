"""Every message of the contract as one type, whose JSON Schema msgspec can give.

`Fact` and `Order` carry raw JSON. Here each kind gets an envelope of its own, with the fields of
the real one and its payload in their place, so that a schema holds the two together.
"""

import inspect
from typing import Annotated, Any, Literal

import msgspec

from firmware.health import Health
from hal.events import orders
from hal.events.envelope import PLAIN, SEALED, Fact, SealedData, fact_type
from hal.events.facts import FACTS, FactKind
from hal.events.log import LogLine
from hal.events.orders import CentreState, Order, Receipt
from hal.events.status import About, DeviceStatus, TerminalState

NUMBER = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,19}$")]
SUBJECT = Annotated[str, msgspec.Meta(pattern="^visit/")]
MOMENT = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
ORDERS: dict[str, type[msgspec.Struct]] = {
    "visit.open": orders.OpenVisit,
    "visit.close": orders.CloseVisit,
    "visit.party": orders.AcceptParty,
    "terminal.pause": orders.Pause,
    "terminal.resume": orders.Resume,
    "terminal.identify": orders.Identify,
    "terminal.reserve": orders.Reserve,
    "terminal.configure": orders.Configure,
    "voice.announce": orders.Announce,
    "rating.request": orders.RequestRating,
    "rating.cancel": orders.CancelRating,
    "document.capture": orders.CapturePage,
    "document.preview": orders.PreviewPage,
    "slip.print": orders.PrintSlip,
    "slip.print-sheet": orders.PrintSheet,
    "screen.show": orders.ShowService,
    "screen.confirm": orders.ConfirmSheet,
    "lamp.set": orders.SetLights,
}
"""`{role}.{verb}` → data. The topic names the device; its role decides what a verb means."""

PLAIN_MESSAGES: dict[str, type[msgspec.Struct]] = {
    "state": TerminalState,
    "about": About,
    "device": DeviceStatus,
    "health": Health,
    "log": LogLine,
    "receipt": Receipt,
    "centreState": CentreState,
}


def fact_message(kind: str) -> type[msgspec.Struct]:
    """The envelope of one kind of fact; a personal one carries its sealed box."""
    meaning = FACTS[kind]
    personal = meaning.dataclass == "personal"
    fixed = {
        "type": Literal[fact_type(*kind.split("."))],
        "time": MOMENT,
        "subject": SUBJECT | None,
        "sequence": NUMBER,
        "mono": NUMBER,
        "datacontenttype": Literal[SEALED if personal else PLAIN],
        "dataclass": Literal[meaning.dataclass],
        "data": SealedData if personal else meaning.payload,
    }
    return _envelope(f"fact.{kind}", Fact, fixed, _fact_text(meaning))


def order_message(kind: str) -> type[msgspec.Struct]:
    """One order with the data of its verb."""
    fixed = {"data": ORDERS[kind], "issued_at": MOMENT, "expires_at": MOMENT}
    return _envelope(f"order.{kind}", Order, fixed, ORDERS[kind].__doc__ or "")


def _fact_text(meaning: FactKind) -> str:
    text = inspect.cleandoc(meaning.payload.__doc__ or meaning.payload.__name__)
    if meaning.dataclass == "personal":
        return f"{text}\n\nSealed: what the box holds is {meaning.payload.__name__}."
    return text


def _envelope(
    name: str, base: type[msgspec.Struct], fixed: dict[str, Any], text: str
) -> type[msgspec.Struct]:
    """`base` under another name, some of its fields of a narrower type."""
    fields: list[Any] = []
    for field in msgspec.structs.fields(base):
        kind = fixed.get(field.encode_name, field.type)
        required = field.required or field.encode_name == "data"
        whole = (field.encode_name, kind)
        fields.append(whole if required else (*whole, field.default))
    return msgspec.defstruct(name, fields, kw_only=True, namespace={"__doc__": text})
