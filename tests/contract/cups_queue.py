"""A cupsd of our own, with one queue whose printer puts its documents into a folder.

It has its own configuration, spool and socket below one folder, and ends with it; the machine's
cupsd is not touched. Who may do what in it is as Debian's own configuration has it.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

CUPSD = shutil.which("cupsd") or "/usr/sbin/cupsd"
QUEUE = "a4"
_WAIT_S = 20.0
_LIB = Path("/usr/lib/cups")
_CUPSD_CONF = """\
LogLevel warn
Listen {socket}
Browsing No
WebInterface No
DefaultAuthType Basic
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  JobPrivateAccess default
  JobPrivateValues default
  SubscriptionPrivateAccess default
  SubscriptionPrivateValues default
  <Limit Create-Job Print-Job Print-URI Validate-Job>
    Order deny,allow
  </Limit>
  <Limit Send-Document Hold-Job Release-Job Cancel-My-Jobs Close-Job CUPS-Get-Document>
    Require user @OWNER @SYSTEM
    Order deny,allow
  </Limit>
  <Limit Cancel-Job CUPS-Authenticate-Job>
    Require user @OWNER @SYSTEM
    Order deny,allow
  </Limit>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""
_FILES_CONF = """\
ServerRoot {folder}/root
RequestRoot {folder}/spool
CacheDir {folder}/cache
StateDir {folder}/state
TempDir {folder}/temp
ServerBin {folder}/bin
DataDir /usr/share/cups
Printcap {folder}/printcap
ErrorLog {folder}/error_log
AccessLog {folder}/access_log
PageLog {folder}/page_log
"""
_PRINTERS_CONF = """\
<Printer {queue}>
DeviceURI folder:{tray}
State Idle
Accepting Yes
ErrorPolicy abort-job
</Printer>
"""
_BACKEND = """\
#!/bin/sh
# backend job user title copies options [file]: see backend(7)
[ $# -eq 0 ] && { echo 'direct folder "Unknown" "a folder"'; exit 0; }
tray="${DEVICE_URI#folder:}"
while [ -e "$tray/paper_out" ]; do
  echo "STATE: +media-empty-error" >&2
  : > "$tray/waits"
  sleep 0.1
done
echo "STATE: -media-empty-error" >&2
while [ -e "$tray/busy" ]; do sleep 0.1; done
[ -e "$tray/fail" ] && exit 1
echo "$2|$3" >> "$tray/titles"
cat "${6:--}" > "$tray/part" && mv "$tray/part" "$tray/$1.pdf"
"""


class CupsQueue:
    """The queue and its printer. `folder`: short, as a socket's path has room for 107 bytes."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "sock"
        self.tray = folder / "tray"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("root", "spool", "cache", "state", "temp", "bin/backend", "tray"):
            (folder / name).mkdir(parents=True)
        for name in ("filter", "daemon", "notifier"):
            (folder / "bin" / name).symlink_to(_LIB / name)
        backend = folder / "bin" / "backend" / "folder"
        backend.write_text(_BACKEND)
        backend.chmod(0o700)  # cupsd runs it as who owns it, not as lp
        self._write("cupsd.conf", _CUPSD_CONF)
        self._write("cups-files.conf", _FILES_CONF)
        self._write("printers.conf", _PRINTERS_CONF)

    def start(self) -> None:
        """Run it until `stop`; what was left in its spool is there again."""
        root = self._folder / "root"
        command = [CUPSD, "-f", "-c", str(root / "cupsd.conf"), "-s", str(root / "cups-files.conf")]
        self.socket.unlink(missing_ok=True)
        with (self._folder / "out").open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, process_group=0)
        self._await(self.socket.exists, "cupsd does not listen")

    def stop(self, *, crash: bool = True) -> None:
        """As a crash ends it, or else as systemd does: then its jobs wait for the next start."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if crash else signal.SIGTERM)
            self._process.wait(_WAIT_S)
            self._process = None

    def administer(self, *command: str) -> None:
        """One of CUPS' own tools, at this cupsd."""
        environment = {"CUPS_SERVER": str(self.socket), "PATH": "/usr/sbin:/usr/bin"}
        subprocess.run([*command, QUEUE], env=environment, timeout=_WAIT_S, check=True)

    def paper(self, *, there: bool) -> None:
        """Take the paper out of the printer, or put it in."""
        mark = self.tray / "paper_out"
        if there:
            mark.unlink(missing_ok=True)
        else:
            (self.tray / "waits").unlink(missing_ok=True)
            mark.touch()

    def await_waiting(self) -> None:
        """Until the printer stands still for want of paper, and the queue says so."""
        self._await((self.tray / "waits").exists, "no job waits for paper")
        self._await(lambda: "media-empty" in self._alerts(), "the queue does not say so")

    def documents(self) -> list[bytes]:
        """What has come out, oldest first."""
        found = sorted(self.tray.glob("*.pdf"), key=lambda path: int(path.stem))
        return [path.read_bytes() for path in found]

    def _alerts(self) -> str:
        command = ["lpstat", "-h", str(self.socket), "-l", "-p", QUEUE]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=_WAIT_S, check=False
        ).stdout

    def _write(self, name: str, text: str) -> None:
        filled = text.format(folder=self._folder, socket=self.socket, tray=self.tray, queue=QUEUE)
        (self._folder / "root" / name).write_text(filled)

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + _WAIT_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise TimeoutError(what)
            time.sleep(0.02)
