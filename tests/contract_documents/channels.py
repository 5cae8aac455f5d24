"""Topics, who writes them, and how: the contract's table "Topics" in the words of AsyncAPI."""

from typing import Any

from hal.events.topics import CENTRE_STATE, NAME, ROOT

Json = dict[str, Any]
BINDING = "0.2.0"
BRANCH = f"{ROOT}/{{site}}/{{terminal}}"
DAY_S = 86_400

SERVER: Json = {
    "host": "{host}:8883",
    "protocol": "mqtts",
    "protocolVersion": "5",
    "description": "TLS 1.3; a client certificate is required, and its CN decides the rights.",
    "variables": {"host": {"default": "localhost", "description": "Where the broker listens."}},
    "security": [{"$ref": "#/components/securitySchemes/certificate"}],
    "bindings": {
        "mqtt": {
            "cleanSession": False,
            "sessionExpiryInterval": DAY_S,
            "lastWill": {
                "topic": f"{BRANCH}/state",
                "qos": 1,
                "retain": True,
                "message": "A state of `lost`",
            },
            "bindingVersion": BINDING,
        }
    },
}

_PARAMETERS: dict[str, str] = {
    "site": f"The hall; matches ^{NAME.pattern}$.",
    "terminal": f"The window's terminal, its certificate's CN; matches ^{NAME.pattern}$.",
    "device": "The name of the device's table in the terminal's configuration.",
    "name": "What happened: the second word of the fact's type.",
    "verb": "What is to be done.",
    "level": "How grave: error, warning or info.",
}


def _channel(address: str, messages: str, what: str) -> Json:
    """`messages`: the word with which the names of this channel's messages begin."""
    used = {
        name: {"description": text}
        for name, text in _PARAMETERS.items()
        if f"{{{name}}}" in address
    }
    return {
        "address": address,
        "description": what,
        **({"parameters": used} if used else {}),
        "servers": [{"$ref": "#/servers/broker"}],
        "x-messages": messages,
    }


CHANNELS: dict[str, Json] = {
    "state": _channel(f"{BRANCH}/state", "state", "How the terminal is; the will says lost."),
    "about": _channel(f"{BRANCH}/about", "about", "What the terminal has and understands."),
    "device": _channel(f"{BRANCH}/device/{{device}}", "device", "How one device is."),
    "fact": _channel(f"{BRANCH}/fact/{{device}}/{{name}}", "fact", "One thing that happened."),
    "health": _channel(f"{BRANCH}/health", "health", "Once a minute: what an administrator asks."),
    "log": _channel(f"{BRANCH}/log/{{level}}", "log", "Structured and rate-limited."),
    "order": _channel(f"{BRANCH}/order/{{device}}/{{verb}}", "order", "One order, until answered."),
    "receipt": _channel(f"{BRANCH}/receipt", "receipt", "What the centre keeps for ever."),
    "centreState": _channel(CENTRE_STATE, "centreState", "How the centre is; the will says lost."),
}
_RETAINED = ("state", "about", "device", "health", "centreState")
_AT_MOST_ONCE = ("health", "log")
_OF_CENTRE = ("order", "receipt", "centreState")


def _operation(side: str, action: str, channel: str) -> Json:
    binding: Json = {"qos": 0 if channel in _AT_MOST_ONCE else 1}
    if action == "send":
        binding["retain"] = channel in _RETAINED
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": f"The {side} {action}s: {CHANNELS[channel]['description']}",
        "tags": [{"name": side}],
        "bindings": {"mqtt": {**binding, "bindingVersion": BINDING}},
    }


def _operations() -> dict[str, Json]:
    found: dict[str, Json] = {}
    for channel in CHANNELS:
        sides = ("centre", "terminal") if channel in _OF_CENTRE else ("terminal", "centre")
        for side, action in zip(sides, ("send", "receive"), strict=True):
            name = f"{side}.{action}.{channel}"
            found[name] = _operation(side, action, channel)
    return found


OPERATIONS = _operations()
