"""Why the terminal cannot start: one sentence each, and the exit code that goes with it.

    StartFault
    ├── KeyFault               a key or certificate: missing, unreadable, not the right one   (5)
    ├── EssentialMissing       an essential device did not come in time                       (4)
    └── StateFault             the state folder cannot be used                                (3)
hal.errors.ConfigurationError  the TOML                                                       (3)
"""


class StartFault(Exception):
    """A sentence for the technician. `exit_code` tells the service manager."""

    exit_code = 1


class KeyFault(StartFault):
    """Put the right file there; `ow-provision` issues it."""

    exit_code = 5


class EssentialMissing(StartFault):
    """Plug the device in, or take `essential` from its table."""

    exit_code = 4


class StateFault(StartFault):
    """The state folder cannot be used: another terminal has it, or the disk is full."""

    exit_code = 3
