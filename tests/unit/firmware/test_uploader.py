"""From the spool to the real listener, with the certificates of a development folder."""

import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central.config import Config, load
from central.media.app import make_app
from central.media.files import Files, Name
from central.media.listener import MediaServer
from central.media.trust import Trust
from central.register import Register
from firmware.config import Broker
from firmware.credentials import tls_context
from firmware.seal import load_seal
from firmware.spool import Spool
from firmware.uploader import Uploader, pause_s
from hal.errors import ConfigurationError
from hal.events.ids import new_ulid
from provisioning.development import develop, issue, revoke
from provisioning.folder import Folder

WAIT_S = 20.0
TERMINAL = "pzh01-w01"
PAGE = os.urandom(400_000)


@dataclass
class Wire:
    """A relay of bytes between terminal and centre, which breaks when it is told to.

    `breaks` says after how many bytes towards the centre each next connection is cut; None and the
    end of the list mean not at all.
    """

    centre: int | None = None
    breaks: list[int | None] = field(default_factory=list)
    carried: list[int] = field(default_factory=list)
    told: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def await_connections(self, count: int) -> None:
        with self.told:
            assert self.told.wait_for(lambda: len(self.carried) >= count, WAIT_S)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                terminal, _ = self.listener.accept()
                with self.told:
                    index = len(self.carried)
                    self.carried.append(0)
                    self.told.notify_all()
                threading.Thread(target=self._carry, args=(terminal, index), daemon=True).start()

    def _carry(self, terminal: socket.socket, index: int) -> None:
        with terminal, suppress(OSError):
            if self.centre is None:
                return
            left = self.breaks[index] if index < len(self.breaks) else None
            with socket.create_connection(("127.0.0.1", self.centre)) as centre:
                threading.Thread(target=_copy, args=(centre, terminal), daemon=True).start()
                while data := terminal.recv(65536 if left is None else min(65536, left)):
                    centre.sendall(data)
                    self.carried[index] += len(data)
                    left = None if left is None else left - len(data)
                    if left == 0:
                        break
                centre.shutdown(socket.SHUT_WR)
                terminal.shutdown(socket.SHUT_RDWR)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class ToldSpool(Spool):
    """Says when a picture has gone."""

    def __init__(self, folder: Path, public_key: Path) -> None:
        seal = load_seal("dev1", public_key)
        super().__init__(folder, TERMINAL, seal, lambda: new_ulid(1_795_000_000_000))
        self.gone = threading.Condition()

    def confirmed(self, sha256: str) -> None:
        super().confirmed(sha256)
        with self.gone:
            self.gone.notify_all()

    def set_aside(self, sha256: str, why: str) -> None:
        super().set_aside(sha256, why)
        with self.gone:
            self.gone.notify_all()

    def await_empty(self) -> None:
        with self.gone:
            assert self.gone.wait_for(lambda: not self.waiting(), WAIT_S), self.waiting()


Begin = Callable[..., Uploader]


def make(spool: Spool, wire: Wire, context: ssl.SSLContext) -> Uploader:
    return Uploader(spool, f"https://127.0.0.1:{wire.port}", context, 0.01, 0.05)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    develop(Folder(tmp_path / "dev"), terminals=2, site="pzh01", now=datetime.now(UTC))
    config = load(tmp_path / "dev" / "centre.toml")
    config.state_dir.mkdir(mode=0o700)
    return config


@pytest.fixture
def files(config: Config) -> Files:
    return Files(config.state_dir / "media")


@pytest.fixture
def port(config: Config, files: Files) -> Iterator[int]:
    register, listens = Register(config.register), threading.Event()
    app = make_app(files, lambda terminal: register.find(terminal) is not None)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        server = MediaServer(app, bound, Trust(config.broker), listens.set)
        server.start()
        assert listens.wait(WAIT_S)
        yield int(bound.getsockname()[1])
        server.stop()


@pytest.fixture
def wire(port: int) -> Iterator[Wire]:
    made = Wire(port)
    yield made
    made.listener.close()


@pytest.fixture
def spool(tmp_path: Path, config: Config) -> ToldSpool:
    return ToldSpool(tmp_path / "spool", config.folder / "seal.pub.pem")


@pytest.fixture
def begin(config: Config, spool: ToldSpool, wire: Wire) -> Iterator[Begin]:
    """Starts an uploader as the identity `name`; it ends with the test."""
    started: list[Uploader] = []

    def run(name: str = TERMINAL) -> Uploader:
        uploader = make(spool, wire, identity(config.folder, name))
        uploader.start()
        started.append(uploader)
        return uploader

    yield run
    for uploader in started:
        uploader.stop(WAIT_S)


def identity(folder: Path, name: str) -> ssl.SSLContext:
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    return tls_context(Broker("127.0.0.1", 1, folder / "ca.pem", cert, key), name)


def test_what_waits_goes_and_what_comes_follows(
    begin: Begin, spool: ToldSpool, files: Files, wire: Wire
) -> None:
    """The centre has the sealed bytes before the spool lets them go; new ones wake the thread."""
    first = spool.keep(PAGE)
    sealed = spool.read(first.sha256)
    begin()
    spool.await_empty()
    assert files.read(Name(first.sha256, TERMINAL)) == sealed
    second = spool.keep(PAGE)
    spool.await_empty()
    assert files.complete(Name(second.sha256, TERMINAL))


def test_many_go_over_one_connection(
    begin: Begin, spool: ToldSpool, files: Files, wire: Wire
) -> None:
    """A visit's pages need one handshake."""
    kept = [spool.keep(b"page %d" % number) for number in range(5)]
    begin()
    spool.await_empty()
    assert all(files.complete(Name(each.sha256, TERMINAL)) for each in kept)
    assert len(wire.carried) == 1


def test_cut_uploads_go_on_where_they_stopped(
    begin: Begin, spool: ToldSpool, files: Files, wire: Wire
) -> None:
    """Cut within the first and the second page of a document: no half of one is sent again."""
    wire.breaks = [300_000, 400_000]
    kept = [spool.keep(os.urandom(400_000)) for _ in range(3)]
    sealed = [spool.read(each.sha256) for each in kept]
    begin()
    spool.await_empty()
    assert [files.read(Name(each.sha256, TERMINAL)) for each in kept] == sealed
    assert len(wire.carried) == 3
    assert sum(wire.carried) < 1_300_000


def test_a_lost_answer_is_asked_for_again(
    begin: Begin, spool: ToldSpool, files: Files, wire: Wire
) -> None:
    """What the centre keeps already is not sent a second time."""
    kept = spool.keep(PAGE)
    with files.open_part(Name(kept.sha256, TERMINAL), 0) as part:
        part.write(spool.read(kept.sha256))
    files.finish(Name(kept.sha256, TERMINAL))
    begin()
    spool.await_empty()
    assert sum(wire.carried) < 10_000


@pytest.mark.parametrize("rubbish", [500_000, 1000])
def test_a_spoilt_beginning_is_begun_anew(
    begin: Begin, spool: ToldSpool, files: Files, rubbish: int
) -> None:
    """A centre whose power failed may hold rubbish, shorter or longer than the picture."""
    kept = spool.keep(PAGE)
    sealed = spool.read(kept.sha256)
    with files.open_part(Name(kept.sha256, TERMINAL), 0) as part:
        part.write(bytes(rubbish))
    begin()
    spool.await_empty()
    assert files.read(Name(kept.sha256, TERMINAL)) == sealed


def test_it_waits_for_the_centre(
    begin: Begin, spool: ToldSpool, files: Files, wire: Wire, port: int
) -> None:
    """While nobody answers nothing is lost, and when somebody does it goes by itself."""
    wire.centre = None
    kept = spool.keep(PAGE)
    begin()
    wire.await_connections(3)
    assert spool.waiting() == [kept.sha256]
    wire.centre = port
    spool.await_empty()
    assert files.complete(Name(kept.sha256, TERMINAL))


def test_a_revoked_terminal_keeps_its_pictures(
    begin: Begin, spool: ToldSpool, files: Files, wire: Wire, config: Config
) -> None:
    """The centre takes nothing from it; with a new certificate everything goes."""
    revoke(Folder(config.folder), name=TERMINAL, now=datetime.now(UTC))
    kept = spool.keep(PAGE)
    uploader = begin()
    wire.await_connections(3)
    uploader.stop(WAIT_S)
    assert spool.waiting() == [kept.sha256]
    folder, now = Folder(config.folder), datetime.now(UTC)
    issue(folder, role="terminal", name=TERMINAL, site="pzh01", now=now)
    begin()
    spool.await_empty()


def test_somebody_unregistered_keeps_its_pictures(
    begin: Begin, spool: ToldSpool, wire: Wire, config: Config
) -> None:
    """403 is no reason to throw anything away."""
    kept = spool.keep(PAGE)
    begin("observer")
    wire.await_connections(3)
    assert spool.waiting() == [kept.sha256]


def test_a_centre_of_somebody_else_gets_nothing(
    spool: ToldSpool, wire: Wire, tmp_path: Path, files: Files
) -> None:
    """A server that another authority vouches for is not spoken to."""
    develop(Folder(tmp_path / "other"), terminals=1, site="pzh01", now=datetime.now(UTC))
    kept = spool.keep(PAGE)
    context = identity(tmp_path / "other", TERMINAL)
    uploader = make(spool, wire, context)
    uploader.start()
    wire.await_connections(2)
    uploader.stop(WAIT_S)
    assert not files.complete(Name(kept.sha256, TERMINAL))
    assert sum(wire.carried) < 10_000


def test_a_damaged_file_does_not_hold_up_the_others(
    begin: Begin, spool: ToldSpool, files: Files, tmp_path: Path
) -> None:
    """What is not what its name says is set aside, what has vanished is passed over."""
    damaged, vanished, good = (spool.keep(PAGE).sha256 for _ in range(3))
    (tmp_path / "spool" / damaged).write_bytes(b"bad blocks")
    (tmp_path / "spool" / vanished).unlink()
    begin()
    spool.await_empty()
    assert files.complete(Name(good, TERMINAL))
    assert [path.name for path in (tmp_path / "spool").iterdir()] == [f"{damaged}.damaged"]


def test_a_disk_that_cannot_read_for_a_moment_damages_nothing(
    begin: Begin, spool: ToldSpool, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many open files, for one, say nothing about the picture: it is read again later."""
    kept = spool.keep(PAGE)
    read, answers = spool.read, [OSError(errno.EMFILE, "too many open files")]

    def busy_once(sha256: str) -> bytes:
        if answers:
            raise answers.pop()
        return read(sha256)

    monkeypatch.setattr(spool, "read", busy_once)
    begin()
    spool.await_empty()
    assert not answers
    assert files.complete(Name(kept.sha256, TERMINAL))


def test_a_disk_that_lets_nothing_go_does_not_stop_the_line(
    begin: Begin, spool: ToldSpool, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is sent once, with no pause; what could not be removed or renamed goes after a start."""
    damaged, *kept = (spool.keep(PAGE).sha256 for _ in range(3))
    (tmp_path / "spool" / damaged).write_bytes(b"bad blocks")

    def refusing(change: Callable[..., None]) -> Callable[..., None]:
        def refuse(path: Path, *others: Path) -> None:
            if path.parent == tmp_path / "spool":
                raise OSError(errno.EROFS, "read-only")
            change(path, *others)

        return refuse

    with monkeypatch.context() as broken:
        broken.setattr(os, "unlink", refusing(os.unlink))
        broken.setattr(os, "rename", refusing(os.rename))
        begin()
        spool.await_empty()
    assert len(wire.carried) == 1
    assert wire.carried[0] > 2 * len(PAGE)
    again = ToldSpool(tmp_path / "spool", tmp_path / "dev" / "seal.pub.pem")
    assert sorted(again.waiting()) == sorted([damaged, *kept])


def test_a_picture_that_is_refused_for_ever_is_set_aside(
    begin: Begin, spool: ToldSpool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A centre with a smaller limit does not stop the line; nothing is thrown away."""
    monkeypatch.setattr("central.media.app.MAX_MEDIA_BYTES", 1000)
    large, small = spool.keep(PAGE).sha256, spool.keep(b"small").sha256
    begin()
    spool.await_empty()
    left = [path.name for path in (tmp_path / "spool").iterdir()]
    assert left == [f"{large}.refused"]
    assert small not in left


def test_it_ends_in_the_middle(begin: Begin, spool: ToldSpool, wire: Wire) -> None:
    """`stop` does not wait for a centre that is away, nor for its pause."""
    wire.centre = None
    spool.keep(PAGE)
    uploader = begin()
    wire.await_connections(1)
    uploader.stop(WAIT_S)
    assert not uploader._task._thread.is_alive()


def test_pauses_grow_up_to_a_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full jitter: anything between nothing and a ceiling that doubles, and never more than it."""
    failures = (1, 2, 3, 7, 10_000)
    monkeypatch.setattr("random.uniform", lambda _low, high: high)
    assert [pause_s(count, 1.0, 60.0) for count in failures] == [1.0, 2.0, 4.0, 60.0, 60.0]
    monkeypatch.setattr("random.uniform", lambda low, _high: low)
    assert {pause_s(count, 1.0, 60.0) for count in failures} == {0.0}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "127.0.0.1:1", "https://", "https://h:x", "https://h/a", ""]
)
def test_the_address_must_be_https(spool: ToldSpool, url: str) -> None:
    """One sentence names the key of the TOML."""
    with pytest.raises(ConfigurationError, match=r"centre\.url"):
        Uploader(spool, url, ssl.create_default_context())
