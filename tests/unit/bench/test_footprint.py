"""What the footprint bench reads in /proc, and when it is content."""

import os
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

BENCH = runpy.run_path(str(Path(__file__).parents[3] / "bench" / "footprint.py"))
Footprint, line, main_process = (BENCH[name] for name in ("Footprint", "line", "main_process"))
SMALL = Footprint(55.0, 0.5, 30, 0.8, opencv=False)


@pytest.mark.parametrize(
    "much",
    [
        replace(SMALL, rss_mib=60.1),
        replace(SMALL, cpu_percent=2.1),
        replace(SMALL, ready_s=2.1),
        replace(SMALL, opencv=True),
    ],
)
def test_each_limit_counts(much: Any) -> None:
    """Memory, processor, start, and no OpenCV: one too much is too much."""
    assert SMALL.good
    assert not much.good


def test_the_line_names_figures_and_limits() -> None:
    """As the closing note quotes it."""
    assert line(SMALL) == (
        "footprint: main process RSS 55.0 MiB (limit 60), cpu 0.50 % of a core over 30 s "
        "(limit 2), ready after 0.80 s (limit 2), OpenCV in main process: no"
    )


def test_a_process_is_read_as_the_kernel_tells() -> None:
    """This very process takes some memory and some time, and has no OpenCV in it."""
    pid = os.getpid()
    assert 1 < BENCH["rss_mib"](pid) < 2000
    assert BENCH["cpu_s"](pid) > 0
    assert BENCH["has_opencv"](pid) == any(name == "cv2" for name in sys.modules)


def test_the_terminal_itself_is_found_and_not_what_led_to_it(tmp_path: Path) -> None:
    """Of `env … python ow-terminal run --config FILE` the Python is the one."""
    config = tmp_path / "terminal.toml"
    program = tmp_path / "ow-terminal"
    program.write_text("import sys; print(flush=True); sys.stdin.read()\n")
    command = ["sh", "-c", '"$0" "$@"; true', sys.executable, str(program)]
    with subprocess.Popen(
        [*command, "run", "--config", str(config)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = main_process(config)
        words = Path(f"/proc/{found}/cmdline").read_bytes().split(b"\0")
        child.communicate()
    assert words[0] == sys.executable.encode()
    with pytest.raises(BENCH["Unmeasurable"]):
        main_process(config)
