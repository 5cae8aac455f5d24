"""`ow-terminal diagnose`: a verdict for each part, a bundle, and nobody's name in it."""

import io
import json
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.diagnosis.bundle import configuration_text, log_lines, report_text
from firmware.diagnosis.finding import bad, good
from sim.people import citizens

PROGRAM = str(Path(sys.executable).parent / "ow-terminal")
PERSON = next(citizens(9))
PARTS = [
    "configuration",
    "terminal",
    "keys",
    "certificate",
    "clock",
    "disk",
    "outbox",
    "spool",
    "broker",
    "centre",
    "page",
]
TOML = """\
[terminal]
site = "pzh01"
id = "pzh01-w01"
state_dir = "state"
[broker]
host = "127.0.0.1"
port = 1
ca = "ca.pem"
cert = "cert.pem"
key = "cert.key"
[centre]
url = "https://127.0.0.1:1"
[seal]
kid = "dev1"
public_key = "seal.pub.pem"
[page]
port = 0
"""


def run(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [PROGRAM, "diagnose", "--config", "terminal.toml", *options]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def unpacked(packed: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return {
            member.name: found.read().decode()
            for member in archive
            if (found := archive.extractfile(member)) is not None
        }


def test_every_part_gets_its_verdict(tmp_path: Path) -> None:
    """A terminal without keys and folder: what is wrong is told with remedies, exit code 1."""
    (tmp_path / "terminal.toml").write_text(TOML)
    (tmp_path / "log").write_text(
        json.dumps({"level": "warning", "where": "x", "what": "device lost", "device": "card"})
        + "\n"
        + json.dumps({"level": "error", "where": "x", "what": PERSON.name, "cause": PERSON.number})
        + f"\nsomething of {PERSON.name}\n"
    )
    ended = run(tmp_path, "--out", "bundle.tar.gz", "--log", "log")
    assert ended.returncode == 1, ended.stderr
    parts = unpacked((tmp_path / "bundle.tar.gz").read_bytes())
    assert sorted(name.removeprefix("diagnosis/") for name in parts) == [
        "configuration.txt",
        "log.jsonl",
        "report.json",
        "report.txt",
        "versions.json",
    ]
    report = json.loads(parts["diagnosis/report.json"])
    looked_at = [finding["part"] for finding in report["findings"]]
    # What is plugged in at this machine is its own business.
    assert [part for part in looked_at if not part.startswith("usb ")] == PARTS
    wrong = [finding for finding in report["findings"] if finding["state"] == "bad"]
    assert all(finding["remedy_zh"] and finding["remedy_en"] for finding in wrong)
    for words in (PERSON.name, PERSON.number):
        assert words not in "".join(parts.values()) + ended.stdout + ended.stderr
    assert '"left_out": 1' in parts["diagnosis/log.jsonl"]
    assert (tmp_path / "bundle.tar.gz").stat().st_mode & 0o777 == 0o600


def test_a_wrong_configuration_is_the_finding(tmp_path: Path) -> None:
    """The sentence of the configuration's reader, and no guess about anything else."""
    (tmp_path / "terminal.toml").write_text(TOML.replace("[page]", "[pages]"))
    assert run(tmp_path).returncode == 1
    report = unpacked((tmp_path / "diagnosis.tar.gz").read_bytes())["diagnosis/report.json"]
    (finding,) = json.loads(report)["findings"]
    assert (finding["part"], finding["state"]) == ("configuration", "bad")


def test_a_bundle_that_cannot_be_written(tmp_path: Path) -> None:
    """The table is printed all the same; the exit code says that something is wrong."""
    (tmp_path / "terminal.toml").write_text(TOML)
    ended = run(tmp_path, "--out", "none/bundle.tar.gz")
    assert ended.returncode == 1
    assert "choose another --out" in ended.stdout
    assert "certificate" in ended.stdout


def test_secrets_and_comments_stay_out(tmp_path: Path) -> None:
    """Values of keys that hold secrets, a password in an address, and what people wrote beside."""
    path = tmp_path / "terminal.toml"
    words = TOML.replace("https://", "https://user:hunter2@") + '# hunter2\ntoken = "hunter2"\n'
    path.write_text(words)
    shown = configuration_text(path)
    assert "hunter2" not in shown
    assert 'centre.url = "https://127.0.0.1:1"' in shown
    assert "broker.key = ‹left out›" in shown
    assert 'seal.public_key = "seal.pub.pem"' in shown


@pytest.mark.parametrize("line", ["", "{", "[]", '{"level": 1}', '{"what": "x"}'])
def test_only_lines_of_ours_are_taken(tmp_path: Path, line: str) -> None:
    """Whatever else stands in a log may be anything; it is counted."""
    (tmp_path / "log").write_text(line + "\n")
    assert log_lines(tmp_path / "log") == '{"left_out": 1}\n'


def test_the_report_reads_well() -> None:
    """One line a part, remedies below what is bad."""
    report = report_text(
        [good("disk", "9 MiB free"), bad("clock", "2016", "请校时", "set it")],
        datetime(2026, 11, 25, tzinfo=UTC),
    )
    assert [line.split() for line in report.splitlines()[1:]] == [
        ["good", "disk", "9", "MiB", "free"],
        ["bad", "clock", "2016"],
        ["请校时"],
        ["set", "it"],
    ]
