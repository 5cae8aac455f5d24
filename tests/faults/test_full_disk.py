"""Outbox and spool on a real disk without room: a small tmpfs in a mount namespace of its own."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_a_full_disk_keeps_nothing_and_damages_nothing(tmp_path: Path) -> None:
    """New facts and pages are refused; receipts empty the outbox again and again, on no free byte;
    it opens; and when room returns everything goes on where it was."""
    ended = subprocess.run(
        ["unshare", "-rm", sys.executable, "-m", "powercut.full_disk", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=HERE,
    )
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert [what for what, was in seen.items() if not was] == []
    assert len(seen) == 12
