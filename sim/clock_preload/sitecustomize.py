"""For a program under libfaketime: leaves the sleep alone, as the monotonic clock is left alone.

libfaketime 0.9.10 with FAKETIME_DONT_FAKE_MONOTONIC makes clock_nanosleep of an absolute time fail
with EINVAL, which is what time.sleep is made of; select(2) has a duration and is not touched.
Python imports this by itself when its folder is in PYTHONPATH.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex) -> None:
    select.select([], [], [], float(seconds))


time.sleep = _sleep
