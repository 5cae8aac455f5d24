"""What the process takes, and that it still works after giving some of it back."""

import subprocess
import sys

from firmware.memory import rss_bytes

MIB = 1024 * 1024
PROGRAM = """\
import threading
from firmware.memory import give_back, rss_bytes, share_one_arena
share_one_arena()
kept = [bytearray(40_000) for _ in range(2000)]
before = rss_bytes()
keep = kept[::200]
del kept
give_back()
after = rss_bytes()
threads = [threading.Thread(target=lambda: bytearray(1000)) for _ in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert all(len(block) == 40_000 for block in keep)
print(before - after)
"""


def test_this_process_takes_some_memory() -> None:
    """Bytes, not pages and not KiB."""
    taken = rss_bytes()
    assert taken is not None
    assert 5 * MIB < taken < 2000 * MIB


def test_what_is_free_is_given_back() -> None:
    """Also from between what is kept; what is kept stays, and threads work on."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True
    )
    assert int(ended.stdout) > 50 * MIB
