"""mosquitto.conf: one listener on the loopback, nobody without a certificate of ours."""

from dataclasses import dataclass
from pathlib import Path

LISTEN_HOST = "127.0.0.1"
MAX_PACKET_BYTES = 1024 * 1024
MAX_QUEUED_MESSAGES = 100_000
"""What is kept for a centre that is away: all windows of a large hall for several hours."""
MAX_INFLIGHT_MESSAGES = 1000
SAVE_EVERY_S = 30


@dataclass(frozen=True)
class Listener:
    """Where the broker listens and what it shows and trusts. Paths are absolute."""

    port: int
    ca: Path
    cert: Path
    key: Path
    crl: Path


def conf(listener: Listener, *, rules: Path, folder: Path, as_root: bool) -> str:
    """The text of mosquitto.conf. The broker keeps its state in `folder`.

    As root Mosquitto would become the user `mosquitto`, who cannot read our keys.
    """
    lines = [
        f"listener {listener.port} {LISTEN_HOST}",
        f"cafile {listener.ca}",
        f"certfile {listener.cert}",
        f"keyfile {listener.key}",
        f"crlfile {listener.crl}",
        "tls_version tlsv1.3",
        "require_certificate true",
        "use_identity_as_username true",
        "allow_anonymous false",
        "allow_zero_length_clientid false",
        f"acl_file {rules}",
        f"max_packet_size {MAX_PACKET_BYTES}",
        f"max_queued_messages {MAX_QUEUED_MESSAGES}",
        "max_queued_bytes 0",
        f"max_inflight_messages {MAX_INFLIGHT_MESSAGES}",
        "set_tcp_nodelay true",
        "sys_interval 0",
        "persistence true",
        f"persistence_location {folder}/",
        f"autosave_interval {SAVE_EVERY_S}",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        *(["user root"] if as_root else []),
    ]
    return "\n".join(lines) + "\n"
