"""Why the centre does not start. Each message is one sentence with its remedy.

StartError
├── ConfigurationError   a file says something wrong: mend it (exit code 3)
└── Unavailable          a port is taken, a key or certificate cannot be read (exit code 5)
"""


class StartError(Exception):
    """The centre cannot start. The message is for a person; no traceback is needed."""


class ConfigurationError(StartError):
    """centre.toml, or a file that it names, is wrong. The message names the file and the key."""


class Unavailable(StartError):
    """Something outside the configuration is in the way: a port, a key, a certificate."""
