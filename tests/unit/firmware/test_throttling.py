"""What a Raspberry Pi's firmware says of its voltage and heat."""

from pathlib import Path

import pytest

from firmware.throttling import Throttling, decode, read

WORDS = ("under_voltage", "frequency_capped", "throttled", "soft_temperature_limit")


@pytest.mark.parametrize("bit", range(4))
def test_each_bit_has_its_word(bit: int) -> None:
    """Bits 0 to 3 are now, 16 to 19 since the start."""
    assert decode(1 << bit) == Throttling((WORDS[bit],), ())
    assert decode(1 << bit + 16) == Throttling((), (WORDS[bit],))


def test_other_bits_mean_nothing() -> None:
    """What the documentation does not name is left alone."""
    assert decode(0xFFF0_FFF0) == Throttling()


def test_the_kernels_file_is_read(tmp_path: Path) -> None:
    """`50005`: under-voltage and throttled, now and before."""
    (tmp_path / "get_throttled").write_text("50005\n")
    both = ("under_voltage", "throttled")
    assert read(tmp_path / "get_throttled", tmp_path / "none") == Throttling(both, both)


def test_vcgencmd_is_asked_where_there_is_no_file(tmp_path: Path) -> None:
    """`throttled=0x10000`: there was under-voltage."""
    program = tmp_path / "vcgencmd"
    program.write_text("#!/bin/sh\n[ $1 = get_throttled ] && echo throttled=0x10000\n")
    program.chmod(0o700)
    assert read(tmp_path / "none", program) == Throttling((), ("under_voltage",))


def test_another_machine_says_nothing(tmp_path: Path) -> None:
    """Neither file nor program: not known, which is not the same as good."""
    assert read(tmp_path / "none", tmp_path / "neither") is None
