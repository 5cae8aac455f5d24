"""The child process that looks at frames: `python -m drivers.paper.child`, see drivers.paper.wire.

It may be killed at any moment: it keeps nothing. It ends when its standard input ends.
"""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO

from drivers.paper.read import preview, read
from drivers.paper.wire import LENGTH, PAGE, PREVIEW, Answer, encode
from hal.errors import WireError

_ANSWERS: dict[bytes, Callable[[memoryview], Answer]] = {
    PAGE: lambda jpeg: Answer(page=read(jpeg)),
    PREVIEW: lambda jpeg: Answer(preview=preview(jpeg)),
}


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer frames until there are no more."""
    _send(answers, Answer())
    while len(head := requests.read(LENGTH.size)) == LENGTH.size:
        (length,) = LENGTH.unpack(head)
        request = requests.read(length)
        if len(request) < length:
            return
        what, jpeg = request[:1], memoryview(request)[1:]
        try:
            answer = _ANSWERS[what](jpeg)
        except WireError as error:
            answer = Answer(fault=error.cause)
        _send(answers, answer)


def _send(answers: BinaryIO, answer: Answer) -> None:
    answers.write(encode(answer))
    answers.flush()


def main() -> None:
    # A library that prints must not print into the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
