"""What of a person's data a tray may show: enough to compare with the document in the hand."""

STAR = "*"
_KEPT = 4


def mask_name(name: str) -> str:
    """`张*`: the first character, and a star for each of the others."""
    name = name.strip()
    return name[:1] + STAR * (len(name) - 1) if len(name) > 1 else STAR


def mask_number(number: str) -> str:
    """`1101**********002X`: the first and last four characters; of a short one only the last."""
    number = number.strip()
    if len(number) > 3 * _KEPT:
        return number[:_KEPT] + STAR * (len(number) - 2 * _KEPT) + number[-_KEPT:]
    return STAR * max(len(number) - 1, 1) + number[-1:] if len(number) > 1 else STAR


def mask_tail(text: str) -> str:
    """Stars and at most the last four characters, the stars never more than eight."""
    hidden = len(text) - _KEPT
    return STAR * min(hidden, 8) + text[-_KEPT:] if hidden >= _KEPT else STAR * len(text)
