"""USB devices that no table names, in a sysfs made for the test."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers import registry
from firmware.config import DeviceTable
from firmware.unconfigured import KINDS, Unconfigured, unconfigured

HID_KEYBOARD, CCID, SERIAL = ("03", "01"), ("0b", "00"), ("ff", "00")
VIDEO, AUDIO = ("0e", "00"), ("01", "00")


@dataclass
class Machine:
    """`sysfs` is like /sys/bus/usb/devices, `dev` like /dev. Devices sit at ports of hub 1-1."""

    sysfs: Path
    dev: Path

    def plug(
        self,
        port: int,
        interface: tuple[str, str],
        below: str = "",
        node: str = "",
        link: str = "",
        texts: Mapping[str, str] | None = None,
    ) -> None:
        """A device with one interface; `below` is the folder that the kernel makes for `node`."""
        name = f"1-1.{port}"
        words = {"idVendor": "10c4", "idProduct": "ea60", "bDeviceClass": "00"}
        words |= {"manufacturer": "Sim", "product": f"Thing {port}"} | dict(texts or {})
        place = self.sysfs / "1-1:1.0" / f"1-1-port{port}"
        place.mkdir(parents=True)
        folder = self.sysfs / name
        folder.mkdir()
        for file, word in words.items():
            (folder / file).write_text(f"{word}\n")
        (folder / "port").symlink_to(place)
        inside = folder / f"{name}:1.0"
        (inside / below).mkdir(parents=True)
        (inside / "bInterfaceClass").write_text(f"{interface[0]}\n")
        (inside / "bInterfaceProtocol").write_text(f"{interface[1]}\n")
        (self.sysfs / inside.name).symlink_to(inside)
        if node:
            (self.dev / node).parent.mkdir(parents=True, exist_ok=True)
            (self.dev / node).touch()
        if link:
            (self.dev / link).parent.mkdir(parents=True, exist_ok=True)
            (self.dev / link).symlink_to(self.dev / node)

    def bridge(self, port: int = 2) -> None:
        """A serial bridge, as most ID readers have one."""
        self.plug(port, SERIAL, "ttyUSB0/tty/ttyUSB0", "ttyUSB0", "serial/by-path/p0")

    def unknown(self, *tables: DeviceTable) -> list[Unconfigured]:
        return unconfigured(tables, self.sysfs, self.dev)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "sys", tmp_path / "dev")
    made.dev.mkdir()
    for hub in ("usb1", "1-1"):
        (made.sysfs / hub).mkdir(parents=True)
        (made.sysfs / hub / "idVendor").write_text("1d6b\n")
        (made.sysfs / hub / "bDeviceClass").write_text("09\n")
    return made


def table(driver: str, usb_port: str | None = None, **options: object) -> DeviceTable:
    spec = registry.load(driver)
    at = None if usb_port is None else Path(usb_port)
    return DeviceTable("x", spec, spec.configure(options), False, None, at)


def test_hubs_are_no_devices(machine: Machine) -> None:
    """Neither the root hub nor one at a port; a machine without USB has nothing."""
    assert machine.unknown() == []
    assert unconfigured([], machine.sysfs / "none", machine.dev) == []


def test_a_device_is_shown_with_its_id_and_how_to_add_it(machine: Machine) -> None:
    """Id, own words, the stable path, every driver that fits; name and driver are left open."""
    machine.bridge()
    (told,) = machine.unknown()
    assert (told.place, told.usb_id) == ("1-1.2", "10c4:ea60")
    assert (told.manufacturer, told.product) == ("Sim", "Thing 2")
    (way,) = told.ways
    assert way.path == str(machine.dev / "serial/by-path/p0")
    assert f'port = "{way.path}"' in way.toml
    assert all(driver in way.toml for driver in way.drivers)
    assert "id_serial" in way.drivers
    assert "scanner_serial" in way.drivers
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(way.toml)
    assert tomllib.loads(way.toml.replace("…", "reader", 1))["device"]["reader"]["driver"] == "…"


@pytest.mark.parametrize("name", ["ttyUSB0", "serial/by-path/p0"])
def test_a_device_that_a_table_names_is_not_shown(machine: Machine, name: str) -> None:
    """By its node or by a link to it; one that names another node changes nothing."""
    machine.bridge()
    assert machine.unknown(table("id_serial", port=str(machine.dev / name))) == []
    (machine.dev / "ttyUSB1").touch()
    assert machine.unknown(table("id_serial", port=str(machine.dev / "ttyUSB1"))) != []


def test_a_device_at_the_port_of_a_table_is_not_shown(machine: Machine) -> None:
    """A table's `usb_port` names what sits there, whatever it is."""
    machine.bridge(2)
    here, there = (
        table("voice_clips", f"1-1:1.0/1-1-port{port}", packs=["mandarin"]) for port in (2, 3)
    )
    assert machine.unknown(here) == []
    assert len(machine.unknown(there)) == 1


@pytest.mark.parametrize(
    ("interface", "below", "node", "link", "kind"),
    [
        (HID_KEYBOARD, "1:2.1/input/input5/event3", "input/event3", "input/by-path/k", "keyboard"),
        (VIDEO, "video4linux/video0", "video0", "v4l/by-path/c", "video"),
        (("02", "01"), "tty/ttyACM0", "ttyACM0", "serial/by-path/a", "serial"),
        (("07", "02"), "usbmisc/lp0", "usb/lp0", "", "printer"),
        (AUDIO, "sound/card1", "", "", "sound"),
        (CCID, "", "", "", "smart card"),
        (("03", "00"), "1:2.1/hidraw/hidraw0", "hidraw0", "", "other"),
        (("03", "02"), "1:2.1/input/input6/event4", "input/event4", "", "other"),
    ],
)
def test_the_kind_is_that_of_the_interface(
    machine: Machine, interface: tuple[str, str], below: str, node: str, link: str, kind: str
) -> None:
    """Only drivers of that kind are named, and the path is the link where there is one."""
    machine.plug(2, interface, below, node, link)
    ((way,),) = [each.ways for each in machine.unknown()]
    assert (way.kind, way.drivers) == (kind, KINDS[kind].drivers)
    assert way.path == (str(machine.dev / (link or node)) if node and kind != "other" else None)


@pytest.mark.parametrize("below", ["net/eth1", "host0/target0/0:0:0:0/block/sda", "bluetooth/hci0"])
def test_what_the_system_uses_is_not_shown(machine: Machine, below: str) -> None:
    """Network, storage and radio are nothing of a window."""
    machine.plug(2, SERIAL, below)
    assert machine.unknown() == []


def test_a_smart_card_reader_is_named_by_its_product_or_their_number(machine: Machine) -> None:
    """It has no node: as many tables as readers name them all; of more, the product decides."""
    machine.plug(2, CCID, texts={"product": "ABC One"})
    named = table("card_pcsc", reader="Sim ABC One 00 00")
    other = table("card_pcsc", reader="A driver's own word 00 00")
    assert len(machine.unknown()) == 1
    assert machine.unknown(other) == []
    machine.plug(3, CCID, texts={"product": "XYZ Two"})
    assert [each.product for each in machine.unknown(named)] == ["XYZ Two"]
    assert len(machine.unknown(other)) == 2


def test_words_of_a_device_are_shown_short_and_in_one_line(machine: Machine) -> None:
    """A device may say anything of itself, or nothing."""
    machine.plug(2, SERIAL, texts={"manufacturer": "a\x1b[31m\tb" + "c" * 500, "product": ""})
    (told,) = machine.unknown()
    assert told.manufacturer == ("a[31mb" + "c" * 500)[:64]
    assert told.product == ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_driver_that_is_named_has_the_option(kind: str) -> None:
    """The lines that are shown are those the driver reads."""
    for name in KINDS[kind].drivers:
        option = KINDS[kind].option
        assert option is None or option in registry.load(name).options.__struct_fields__
