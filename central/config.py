"""centre.toml: where the centre keeps, hears and finds things. An unknown key is an error."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from central.errors import ConfigurationError

T = TypeVar("T")

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Mode = Literal["development", "production"]
Name = Annotated[str, msgspec.Meta(min_length=1)]
DEVELOPMENT_KID = "dev"
OWN_CATALOGUE = Path(__file__).parent / "catalogue.csv"


class _Centre(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    state_dir: Name
    register: Name
    principals: Name
    http_host: Name = "127.0.0.1"
    http_port: Port = 8080
    media_host: Name = "127.0.0.1"
    media_port: Port = 8443
    catalogue: str = ""
    panels: str = ""
    issuer: Annotated[str, msgspec.Meta(max_length=80)] = ""


class _Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ca: Name
    cert: Name
    key: Name
    crl: Name
    server_cert: Name
    server_key: Name
    host: Name = "127.0.0.1"
    port: Port = 8883


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mode: Mode
    centre: _Centre
    broker: _Broker
    seal: dict[str, Name]


@dataclass(frozen=True)
class Address:
    """Where somebody listens."""

    host: str
    port: int


@dataclass(frozen=True)
class Broker:
    """How to reach the broker as the centre, and what the broker itself shows and trusts."""

    address: Address
    ca: Path
    cert: Path
    key: Path
    crl: Path
    server_cert: Path
    server_key: Path


@dataclass(frozen=True)
class Config:
    """The whole configuration; every path is absolute. `seal`: kid → private key file.

    `panels`: a folder with a picture of each terminal's display and lamps, `{terminal}.png`; only a
    simulator has one. `issuer`: who gives out printed sheets (受理机构), None if not told.
    """

    mode: Mode
    folder: Path
    state_dir: Path
    http: Address
    media: Address
    register: Path
    principals: Path
    catalogue: Path
    panels: Path | None
    issuer: str | None
    broker: Broker
    seal: dict[str, Path]

    @property
    def database(self) -> Path:
        return self.state_dir / "centre.db"


def load(path: Path) -> Config:
    """Read centre.toml; ConfigurationError says in one sentence what is wrong with it."""
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error.strerror}); make one with "
            f"`ow-provision dev --dir {path.parent}`."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}; correct that line.") from error
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}; correct or remove that key.") from error
    if not file.seal:
        raise ConfigurationError(f'{path}: [seal] names no key; write a line like dev1 = "FILE".')
    if file.mode == "production":
        _fit_for_production(path, file)
    return _resolve(path.resolve().parent, file)


def read_file(path: Path, kind: type[T], what: str) -> T:
    """Read a JSON file that the configuration names; ConfigurationError if it is no `what`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ConfigurationError(
            f"The {what} {path} cannot be read ({error.strerror}); "
            "name the right file in centre.toml."
        ) from error
    except msgspec.MsgspecError as error:
        raise ConfigurationError(f"The {what} {path} is broken: {error}; mend it.") from error


def _fit_for_production(path: Path, file: _File) -> None:
    """ConfigurationError where the file names what only a simulator or a developer has."""
    if file.centre.panels:
        raise ConfigurationError(
            f"{path}: centre.panels shows simulated displays; remove it in production."
        )
    kid = next((kid for kid in file.seal if kid.startswith(DEVELOPMENT_KID)), None)
    if kid is not None:
        raise ConfigurationError(
            f"{path}: seal.{kid} is a development key; make one for production."
        )


def _resolve(folder: Path, file: _File) -> Config:
    centre, broker = file.centre, file.broker
    return Config(
        mode=file.mode,
        folder=folder,
        state_dir=folder / centre.state_dir,
        http=Address(centre.http_host, centre.http_port),
        media=Address(centre.media_host, centre.media_port),
        register=folder / centre.register,
        principals=folder / centre.principals,
        catalogue=folder / centre.catalogue if centre.catalogue else OWN_CATALOGUE,
        panels=folder / centre.panels if centre.panels else None,
        issuer=centre.issuer or None,
        broker=Broker(
            address=Address(broker.host, broker.port),
            ca=folder / broker.ca,
            cert=folder / broker.cert,
            key=folder / broker.key,
            crl=folder / broker.crl,
            server_cert=folder / broker.server_cert,
            server_key=folder / broker.server_key,
        ),
        seal={kid: folder / name for kid, name in file.seal.items()},
    )
