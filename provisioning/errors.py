"""What can go wrong while identities are made.

ProvisioningError   one sentence with the remedy; `exit_code` is what the program ends with
├── UsageError      a name or role that is not allowed: type another one (2)
├── FolderError     the folder or a file of ours in it cannot be used: mend or choose another (3)
└── IdentityError   a key or certificate is missing, foreign or broken: restore it (5)
"""

from typing import ClassVar


class ProvisioningError(Exception):
    """The base; never raised itself."""

    exit_code: ClassVar[int]


class UsageError(ProvisioningError):
    exit_code = 2


class FolderError(ProvisioningError):
    exit_code = 3


class IdentityError(ProvisioningError):
    exit_code = 5
