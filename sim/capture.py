"""What an observer sees on the line: mosquitto_sub with the observer's certificate."""

from pathlib import Path

from sim.errors import PortFault
from sim.launcher import Child
from sim.settings import Run

_SUBSCRIBED = "Subscribed (mid: 1): 1"
_TOPIC_PREFIX = b"hall/"


def capture(run: Run, target: Path) -> Child:
    """An observer writing `topic hex-payload` lines to `target`; ready once subscribed."""
    try:
        target.write_bytes(b"")
    except OSError as error:
        raise PortFault(f"{target}: {error.strerror}; choose another --capture.") from error

    def keep(line: bytes) -> None:
        # Its -d also says what it does; only messages begin with a topic.
        if line.startswith(_TOPIC_PREFIX):
            with target.open("ab") as file:
                file.write(line)

    own = run.identities
    command = [
        # Into a pipe it would say that it has subscribed only when its buffer is full.
        *("stdbuf", "-oL"),
        *("mosquitto_sub", "-d", "-V", "mqttv5", "--tls-version", "tlsv1.3"),
        *("-h", "localhost", "-p", str(run.ports.mqtt), "-i", "observer"),
        *("--cafile", str(own / "ca.pem")),
        *("--cert", str(own / "observer.pem"), "--key", str(own / "observer.key")),
        *("-q", "1", "-t", "hall/1/#", "-F", "%t %x"),
    ]
    return Child("observer", command, run.folder, on_line=keep, ready=_SUBSCRIBED)
