"""provisioning.cli: words in, exit codes and one sentence out."""

from pathlib import Path

import pytest

from provisioning.cli import main


def test_dev_issue_revoke(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The three commands end with 0 and say what they did."""
    where = str(tmp_path / "dev")
    assert main(["dev", "--dir", where, "--terminals", "2"]) == 0
    assert main(["dev", "--dir", where]) == 0
    assert main(["issue", "--dir", where, "--role", "terminal", "--name", "pzh01-w07"]) == 0
    assert main(["revoke", "--dir", where, "--name", "pzh01-w07"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{where}: 24 files written; terminals pzh01-w01, pzh01-w02",
        f"{where}: 0 files written; terminals pzh01-w01",
        f"issued {where}/pzh01-w07.pem and .key (terminal)",
        "revoked pzh01-w07: the broker refuses it from its next start",
    ]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["issue", "--role", "terminal", "--name", "a/b"], 2),
        (["issue", "--role", "terminal", "--name", "new"], 3),
        (["revoke", "--name", "new"], 3),
    ],
)
def test_errors_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], code: int
) -> None:
    """An error is one line on standard error, its exit code the kind, and no traceback."""
    assert main([command[0], "--dir", str(tmp_path), *command[1:]]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("ow-provision: ")


def test_unknown_identity_is_a_certificate_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Revoking what was never issued ends with 5."""
    main(["dev", "--dir", str(tmp_path / "dev")])
    assert main(["revoke", "--dir", str(tmp_path / "dev"), "--name", "ghost"]) == 5
    assert "never issued here" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["dev"], ["dev", "--dir", "x", "--terminals", "0"]])
def test_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Missing or impossible words end with 2 before anything is touched."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    """--help shows an example of every command."""
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    missing = [c for c in ("dev", "issue", "revoke") if f"ow-provision {c} --dir" not in text]
    assert missing == []
