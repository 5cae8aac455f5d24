"""Taking a port before anything else is opened, so that a taken one is told in a sentence."""

import socket

from central.config import Address
from central.errors import Unavailable


def bind(address: Address, what: str, option: str) -> socket.socket:
    """A listening socket; Unavailable names the port and the option that chooses another."""
    try:
        return socket.create_server((address.host, address.port), backlog=128)
    except OSError as error:
        raise Unavailable(
            f"The {what} port {address.port} on {address.host} cannot be taken "
            f"({error.strerror}); stop who holds it or choose another with {option} PORT."
        ) from error
