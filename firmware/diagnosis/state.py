"""The state folder, looked at without changing it: disk, outbox, spool, and who holds it.

Facts are counted and never read.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from firmware.config import Configuration
from firmware.diagnosis.finding import Finding, bad, good, note
from hal.events.media import is_sha256

OUTBOX = "outbox.db"
_MIB = 1024 * 1024


def running(state_dir: Path) -> bool:
    """Whether a terminal holds the folder now."""
    with _held(state_dir) as free:
        return not free


@contextmanager
def _held(state_dir: Path) -> Iterator[bool]:
    """Hold the folder as a terminal does; False if one does. Makes nothing that is not there."""
    try:
        lock = os.open(state_dir / "lock", os.O_RDWR)
    except OSError:
        yield True
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            yield False
            return
        yield True
    finally:
        os.close(lock)


def terminal(configuration: Configuration) -> Finding:
    """Whether the program runs; both are well."""
    runs = running(configuration.terminal.state_dir)
    return note("terminal", "the terminal runs" if runs else "no terminal runs on this folder")


def disk(configuration: Configuration) -> Finding:
    """The folder is there, can be written, and has room."""
    folder, reserve = configuration.terminal.state_dir, configuration.limits.reserve_bytes
    try:
        seen = os.statvfs(folder)
    except OSError as error:
        return bad(
            "disk",
            f"{folder}: {error.strerror}",
            "请检查 terminal.state_dir 及存储卡",
            "correct terminal.state_dir, or replace the card",
        )
    free = seen.f_bavail * seen.f_frsize
    if not os.access(folder, os.W_OK) or seen.f_flag & os.ST_RDONLY:
        return bad(
            "disk",
            f"{folder} cannot be written",
            "请检查文件夹权限,或更换只读的存储卡",
            "correct the folder's rights, or replace a card that became read-only",
        )
    if free < reserve:
        return bad(
            "disk",
            f"{free // _MIB} MiB free, {reserve // _MIB} MiB are held back",
            "请清理磁盘空间",
            "make room on the disk",
        )
    return good("disk", f"{free // _MIB} MiB free")


def outbox(configuration: Configuration) -> Finding:
    """It is sound, and nothing was set aside. An outbox that does not exist yet is well."""
    folder = configuration.terminal.state_dir
    aside = sorted(
        path.name for path in folder.glob(f"{OUTBOX}.damaged-*") if "-wal" not in path.name
    )
    if aside:
        return bad(
            "outbox",
            f"damaged and set aside: {', '.join(aside)}",
            "请将此文件交给技术支持,其中可能有未上传的记录",
            "save this file for support: it may hold facts that were never sent",
        )
    path = folder / OUTBOX
    if not path.exists():
        return note("outbox", "there is none yet")
    try:
        with _held(folder) as free:
            sound, waiting = _look(path, free)
    except (sqlite3.Error, OSError) as error:
        sound, waiting = str(error), 0
    if sound != "ok":
        return bad(
            "outbox",
            f"not sound: {sound}",
            "请勿删除,重启终端后将自动另存并联系技术支持",
            "do not delete it; restart the terminal, which sets it aside, and call support",
        )
    return good("outbox", f"sound, {waiting} facts lie in it")


def _look(path: Path, free: bool) -> tuple[str, int]:
    """(SQLite's verdict, rows). `free`: no terminal has it open.

    Then nothing must stay behind that belongs to whoever looks: without a log the file is read as
    it is, and an index of the log that reading made is removed.
    """
    log, index = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    alone = free and not log.exists()
    made = free and log.exists() and not index.exists()
    mode = "immutable=1" if alone else "mode=ro"
    database = sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True, timeout=2.0)
    try:
        verdict = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
        count = int(database.execute("SELECT count(*) FROM fact").fetchone()[0])
    finally:
        database.close()
        if made:
            with suppress(OSError):
                index.unlink(missing_ok=True)
    return verdict, count


def spool(configuration: Configuration) -> Finding:
    """Pages wait below the limit, and none was set aside."""
    folder, limit = configuration.terminal.state_dir / "spool", configuration.limits.spool_bytes
    try:
        sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    except FileNotFoundError:
        return note("spool", "there is none yet")
    except OSError as error:
        return bad(
            "spool",
            f"{folder}: {error.strerror}",
            "请检查文件夹权限",
            "correct the folder's rights",
        )
    waiting = [size for name, size in sizes.items() if is_sha256(name)]
    aside = sum(name.endswith((".damaged", ".refused")) for name in sizes)
    what = f"{len(waiting)} pages wait, {sum(waiting) / _MIB:.1f} MiB, {aside} set aside"
    if aside:
        return bad(
            "spool",
            what,
            "请联系技术支持: 被搁置的页面需要重拍",
            "call support: the pages that were set aside must be taken again",
        )
    if sum(waiting) > 0.9 * limit:
        return bad("spool", what, "请恢复与中心的连接", "bring back the line to the centre")
    return good("spool", what)
