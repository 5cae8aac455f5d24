"""`ow-central` as its callers see it: a process with exit codes, stdout and stderr."""

import contextlib
import hashlib
import json
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from central.cli import main
from provisioning.cli import main as provision

DEADLINE_S = 30
COMMAND = [sys.executable, "-c", "import sys; from central.cli import main; sys.exit(main())"]

Start = Callable[..., "subprocess.Popen[str]"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "dev"
    assert provision(["dev", "--dir", str(path)]) == 0
    return path


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Starts `ow-central` on the folder; whatever still runs at the end is ended."""
    running: list[subprocess.Popen[str]] = []

    def run(command: str, *options: str) -> "subprocess.Popen[str]":
        arguments = [*COMMAND, command, "--config", str(folder / "centre.toml"), *options]
        process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate(timeout=DEADLINE_S)


def logged(process: "subprocess.Popen[str]", text: str) -> dict[str, Any]:
    """The first log line whose message contains `text`."""
    assert process.stderr is not None
    for line in process.stderr:
        entry: dict[str, Any] = json.loads(line)
        if text in entry["message"]:
            return entry
    raise AssertionError(f"ended without saying {text!r}")


def ports() -> list[str]:
    return [
        *("--mqtt", str(free_port())),
        *("--http", str(free_port())),
        *("--media", str(free_port())),
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_serves_without_a_broker_and_stops_when_told(
    start: Start, folder: Path, number: signal.Signals, code: int
) -> None:
    """HTTP works while the broker is away; SIGTERM ends it with 0, Ctrl-C with 130, cleanly."""
    options = ports()
    centre = start("serve", *options)
    logged(centre, "HTTP answers")
    address = f"http://127.0.0.1:{options[3]}"
    with httpx.Client(base_url=address, timeout=DEADLINE_S, trust_env=False) as client:
        assert client.get("/healthz").json() == {"status": "ok", "broker": False}
        headers = {
            "Authorization": f"Bearer {(folder / 'kiosk.token').read_text().strip()}",
            "Idempotency-Key": "k1",
        }
        taken = client.post("/api/v1/tickets", json={"site": "pzh01"}, headers=headers)
        assert taken.status_code == 201
        with client.stream("GET", "/live", headers=headers) as live:
            assert live.status_code == 200
            centre.send_signal(number)
            assert centre.wait(DEADLINE_S) == code
    out, err = centre.communicate()
    assert out == ""
    assert [json.loads(line)["message"] for line in err.splitlines()][-1] == "stopped"
    assert (folder / "centre" / "centre.db").stat().st_mode & 0o077 == 0


def test_it_is_ready_when_it_has_its_broker(start: Start) -> None:
    """With a real broker `ready` is said on stdout, once, and nothing else is."""
    options = ports()
    broker = start("broker", "--port", options[1])
    centre = start("serve", *options)
    assert centre.stdout is not None
    assert centre.stdout.readline() == "ready\n"
    address = f"http://127.0.0.1:{options[3]}/healthz"
    assert httpx.get(address, timeout=DEADLINE_S, trust_env=False).json()["broker"] is True
    centre.send_signal(signal.SIGTERM)
    assert centre.wait(DEADLINE_S) == 0
    assert centre.stdout.read() == ""
    assert broker.poll() is None


def test_a_second_centre_is_refused(start: Start) -> None:
    """Two centres on one database would each send every order: the second ends with 5."""
    first = start("serve", *ports())
    logged(first, "HTTP answers")
    second = start("serve", *ports())
    assert second.wait(DEADLINE_S) == 5
    assert second.stderr is not None
    assert second.stderr.read().startswith("ow-central: Another centre works in ")


@pytest.mark.parametrize(("option", "what"), [("--http", "HTTP"), ("--media", "media")])
def test_a_taken_port_is_one_sentence(start: Start, option: str, what: str) -> None:
    """The port is named, with the option that chooses another one; exit code 5, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        centre = start("serve", *ports(), option, str(port))
        assert centre.wait(DEADLINE_S) == 5
    assert centre.stderr is not None
    told = centre.stderr.read()
    assert told.count("\n") == 1
    assert f"The {what} port {port} on 127.0.0.1 cannot be taken" in told
    assert f"{option} PORT" in told


def test_it_takes_pictures_from_terminals(start: Start, folder: Path) -> None:
    """The media port answers a terminal; an upload under way does not hold up the end."""
    options = ports()
    centre = start("serve", *options)
    logged(centre, "pictures are taken")
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "pzh01-w01.pem", folder / "pzh01-w01.key")
    address = f"https://127.0.0.1:{options[5]}"
    name = hashlib.sha256(b"sealed").hexdigest()
    with httpx.Client(base_url=address, verify=context, timeout=DEADLINE_S) as client:
        assert client.put(f"/api/v1/media/{name}", content=b"sealed").status_code == 201
    kept = folder / "centre" / "media" / name[:2] / f"{name}.pzh01-w01"
    assert kept.read_bytes() == b"sealed"
    plain = socket.create_connection(("127.0.0.1", int(options[5])), timeout=DEADLINE_S)
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as line:
        head = f"PUT /api/v1/media/{'a' * 64} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"
        line.sendall(head.encode())
        centre.send_signal(signal.SIGTERM)
        assert centre.wait(DEADLINE_S) == 0


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("seal.pem", "no key", 5),
        ("centre.key", "no key", 5),
        ("register.json", "{", 3),
        ("principals.json", "[]x", 3),
        ("centre/centre.db", "no database, but long enough to be mistaken for one", 5),
    ],
)
def test_a_broken_file_is_one_sentence(
    start: Start, folder: Path, file: str, text: str, code: int
) -> None:
    """What cannot be read is named; the exit code tells configuration from keys."""
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)
    centre = start("serve", *ports())
    assert centre.wait(DEADLINE_S) == code
    assert centre.stderr is not None
    told = centre.stderr.read()
    assert told.count("\n") == 1
    assert told.startswith("ow-central: ")
    assert file.partition(".")[0] in told


def test_a_wrong_configuration_is_exit_code_3(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence on stderr names the file and the key."""
    path = folder / "centre.toml"
    path.write_text(path.read_text().replace("http_port", "http_prot"))
    assert main(["serve", "--config", str(path)]) == 3
    told = capsys.readouterr().err
    assert "http_prot" in told
    assert told.count("\n") == 1


def test_the_clock_is_never_set_by_hand_in_production(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3 and one sentence, before anything is opened."""
    path = folder / "centre.toml"
    text = path.read_text().replace('"development"', '"production"').replace("dev1", "hall1")
    path.write_text(text)
    assert main(["serve", "--clock", "manual", "--config", str(path)]) == 3
    told = capsys.readouterr().err
    assert "--clock manual is for tests" in told
    assert told.count("\n") == 1
    assert not (folder / "centre").exists()


def test_a_clock_that_is_set_by_hand_is_everybodys(start: Start, folder: Path) -> None:
    """Tickets and log lines have the moment that was set over HTTP."""
    options = ports()
    centre = start("serve", "--clock", "manual", *options)
    logged(centre, "HTTP answers")
    address = f"http://127.0.0.1:{options[3]}/api/v1"
    headers = {
        "Authorization": f"Bearer {(folder / 'kiosk.token').read_text().strip()}",
        "Idempotency-Key": "k1",
    }
    with httpx.Client(base_url=address, timeout=DEADLINE_S, trust_env=False) as client:
        now = "2031-05-06T07:08:09.000000+08:00"
        assert client.post("/clock", json={"now": now}).json() == {"now": now}
        taken = client.post("/tickets", json={"site": "pzh01"}, headers=headers)
        assert taken.json()["issued_at"] == now
    centre.send_signal(signal.SIGTERM)
    assert logged(centre, "stopped")["at"].startswith("2031-05-06T07:08:09")
    assert centre.wait(DEADLINE_S) == 0


@pytest.mark.parametrize("arguments", [[], ["serve"], ["serve", "--config", "x", "--http", "0"]])
def test_a_wrong_call_is_exit_code_2(arguments: list[str]) -> None:
    """Usage errors are argparse's."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_help_teaches_by_example(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` shows the commands in the order in which one needs them."""
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    assert told.index("ow-provision dev") < told.index("ow-central broker --config")


def test_facts_are_printed_as_lines(
    folder: Path, store: Any, put_fact: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Facts and quarantine come as JSON lines from the database, sealed as they are."""
    database = folder / "centre" / "centre.db"
    database.parent.mkdir()
    for n in range(1, 5):
        put_fact(id=f"F{n}", terminal=f"w{n % 2}")
    put_fact(state="quarantined", reason="undecodable")
    with contextlib.closing(sqlite3.connect(store.path)) as kept:
        kept.execute("VACUUM INTO ?", (str(database),))

    def printed(*arguments: str) -> list[Any]:
        command, *options = arguments
        assert main([command, "--config", str(folder / "centre.toml"), *options]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [item["id"] for item in printed("facts")] == ["F1", "F2", "F3", "F4", None]
    assert [item["id"] for item in printed("facts", "--terminal", "w1")] == ["F1", "F3"]
    assert [item["id"] for item in printed("facts", "--after", "1", "--limit", "2")] == ["F2", "F3"]
    assert [item["reason"] for item in printed("quarantine")] == ["undecodable"]


def test_facts_of_no_database_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the first start there is nothing to print, and nothing is made."""
    assert main(["facts", "--config", str(folder / "centre.toml")]) == 3
    assert "`ow-central serve` makes it" in capsys.readouterr().err
    assert not (folder / "centre").exists()
