"""The line: can the broker and the centre be reached, and if not, how far does one get.

A TLS connection is made and closed before anything is said. So a terminal that runs is not
disturbed: of two sessions of one client a broker ends the older when the newer says who it is.
"""

import socket
import ssl
from urllib.parse import urlsplit

from firmware.config import Configuration
from firmware.credentials import tls_context
from firmware.diagnosis.finding import Finding, bad, good
from firmware.errors import KeyFault
from firmware.handshake import UNREACHABLE, judge

TIMEOUT_S = 5.0
ALERT_S = 1.0
"""In TLS 1.3 the other side's verdict on our certificate comes after the handshake."""
_HTTPS_PORT = 443


def broker(configuration: Configuration) -> Finding:
    """TCP, TLS, and what the broker says of our certificate."""
    return _probe("broker", configuration.broker.host, configuration.broker.port, configuration)


def centre(configuration: Configuration) -> Finding:
    """The same for where pictures go."""
    url = urlsplit(configuration.centre.url)
    return _probe("centre", url.hostname or "", url.port or _HTTPS_PORT, configuration)


def _probe(part: str, host: str, port: int, configuration: Configuration) -> Finding:
    where = f"{host}:{port}"
    try:
        context = tls_context(configuration.broker, configuration.terminal.id)
        with socket.create_connection((host, port), TIMEOUT_S) as connection:
            return _greet(part, where, host, connection, context)
    except KeyFault:
        return bad(part, "not tried without keys", "请先修复密钥", "mend the keys first")
    except socket.gaierror:
        return bad(
            part,
            f"{host} is not known",
            "请检查配置中的主机名与 DNS",
            "correct the name in the configuration, or the DNS",
        )
    except ConnectionRefusedError:
        return bad(
            part,
            f"TCP: nobody listens at {where}",
            "请检查端口,并确认服务已启动",
            "correct the port, and see that the service runs",
        )
    except OSError as error:
        return bad(
            part,
            f"TCP: no way to {where}: {error.strerror or type(error).__name__}",
            "请检查网线、交换机与防火墙",
            "check the cable, the switch and the firewall",
        )


def _greet(
    part: str, where: str, host: str, connection: socket.socket, context: ssl.SSLContext
) -> Finding:
    try:
        with context.wrap_socket(connection, server_hostname=host) as secured:
            version = secured.version()
            secured.settimeout(ALERT_S)
            try:
                if secured.recv(1) == b"":
                    return _refused(part, "TLS: the other side hangs up")
            except TimeoutError:
                pass  # it waits for our first word: we are welcome
            return good(part, f"{where} answers, {version}")
    except (ssl.SSLError, OSError) as error:
        verdict = judge(error)
        why = type(error).__name__ if verdict == UNREACHABLE else verdict.what
        if verdict.clock:
            return bad(
                part,
                f"TLS: {why}",
                "请校准本机时间,或更换已过期的证书",
                "set the clock of this machine, or renew the certificate",
            )
        return _refused(part, f"TLS: {why}")


def _refused(part: str, what: str) -> Finding:
    return bad(
        part,
        what,
        "请核对证书是否由本厅签发、是否已吊销",
        "see that our certificate is of this hall and was not revoked",
    )
