"""What can go wrong in the simulator, each with the exit code the program ends with.

SimError            one sentence with the remedy
├── UsageFault      the command line asks for something that is not there (2)
├── CardFault       a CARD file is not one (3)
├── PortFault       a port, link or socket cannot be used (5)
├── LaunchFault     a program that we started did not come up; its own code where it has one
├── VisitFault      a visit did not get done in time, or the centre refused a command (1)
└── Stopped         somebody asked the people to go home; not an error of anybody
"""


class SimError(Exception):
    """The base; `exit_code` is what the program ends with."""

    exit_code = 1


class UsageFault(SimError):
    exit_code = 2


class CardFault(SimError):
    exit_code = 3


class PortFault(SimError):
    exit_code = 5


class LaunchFault(SimError):
    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


class VisitFault(SimError):
    exit_code = 1


class Stopped(SimError):
    exit_code = 130
