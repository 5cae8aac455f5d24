"""What `ow-provision` does in a folder: the development set, one more identity, one fewer."""

from datetime import datetime

from provisioning import register, sealing, tokens
from provisioning.authority import Uses, check_name
from provisioning.errors import UsageError
from provisioning.folder import PUBLIC, Folder
from provisioning.identities import Identities

CENTRE_TOML = f"""\
# The centre of a development folder. Paths are relative to this file.
mode = "development"
[centre]
state_dir = "centre"
http_host = "127.0.0.1"
http_port = 8080
media_host = "127.0.0.1"
media_port = 8443
register = "{register.FILE}"
principals = "{tokens.FILE}"
catalogue = ""   # empty: the one that comes with the package
[broker]
host = "127.0.0.1"
port = 8883
ca = "ca.pem"
cert = "centre.pem"
key = "centre.key"
crl = "crl.pem"
server_cert = "broker.pem"
server_key = "broker.key"
[seal]
{sealing.KID} = "{sealing.PRIVATE_FILE}"
"""
_SERVICES = {
    "broker": Uses(server=True),
    "centre": Uses(client=True, server=True),
    "observer": Uses(client=True),
}
_OWN_FILES = ("ca", "crl", "seal", "register", "principals", *tokens.ROLES)
_CLIENT = Uses(client=True)


def develop(folder: Folder, *, terminals: int, site: str, now: datetime) -> list[str]:
    """Make or complete the development set; returns the names of its terminals.

    What is there and good is kept. A revoked terminal stays revoked.
    """
    folder.make()
    with folder.locked():
        known = register.load(folder)
        names = [f"{site}-w{number:02d}" for number in range(1, terminals + 1)]
        changed = [known.add_terminal(name, site) for name in names]
        changed.append(known.add_observer("observer"))
        identities = Identities.create(folder, now)
        identities.refresh_list()
        for name, uses in _SERVICES.items():
            identities.ensure(name, uses)
        for name in names:
            identities.ensure(name, _CLIENT)
        sealing.ensure(folder)
        tokens.ensure(folder, tellers=terminals)
        if not folder.has("centre.toml"):
            folder.write("centre.toml", CENTRE_TOML.encode(), mode=PUBLIC)
        if any(changed):
            register.save(folder, known)
    return names


def issue(folder: Folder, *, role: str, name: str, site: str, now: datetime) -> bool:
    """Give `name` an identity and register it. False if it has a good one already.

    A revoked one gets a new key and certificate.
    """
    check_name(name)
    reserved = {*_OWN_FILES, *_SERVICES} - ({"observer"} if role == "observer" else set())
    if name in reserved:
        raise UsageError(f"{name} is a name of this folder's own; choose another one.")
    with folder.locked():
        known = register.load(folder)
        changed = known.add_terminal(name, site) if role == "terminal" else known.add_observer(name)
        identities = Identities.open(folder, now)
        identities.refresh_list()
        made = identities.ensure(name, _CLIENT, replace_revoked=True)
        if changed:
            register.save(folder, known)
    return made


def revoke(folder: Folder, *, name: str, now: datetime) -> None:
    """Put the present certificate of `name` on the revocation list; its files stay."""
    check_name(name)
    if name in _OWN_FILES and name not in _SERVICES:
        raise UsageError(f"{name} is no identity that can be revoked.")
    with folder.locked():
        Identities.open(folder, now).revoke(name)
