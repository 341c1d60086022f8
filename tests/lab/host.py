"""One host of a fleet as its users see it: run, login, put, reboot, kill, start."""

from __future__ import annotations

import contextlib
import io
import logging
import shlex
import socket
import subprocess
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .connect import socket_in
from .errors import LabError
from .guest import Guest
from .ssh import Road

FIRST_BOOT = 75.0  # seconds; one boot in some hundreds hangs and is then started once more
BOOT = 150.0
PAUSE = 0.05
LOOK = 1.0  # seconds between looks whether the kernel still lives
LOG = logging.getLogger("lab")
BOOT_ID = "/proc/sys/kernel/random/boot_id"


@dataclass(frozen=True)
class Result:
    """How a command on a host ended."""

    command: str
    rc: int
    stdout: str
    stderr: str


class CommandError(LabError):
    """A command on a host ended with another status than 0."""

    def __init__(self, host: str, result: Result) -> None:
        said = "\n".join(part for part in (result.stdout, result.stderr) if part)
        super().__init__(f"{host}: {result.command!r} ended with {result.rc}:\n{said}")
        self.result = result


class Host:
    """A running (or killed) host; made by Fleet."""

    def __init__(self, guest: Guest, road: Road) -> None:
        self.guest = guest
        self.road = road

    @property
    def name(self) -> str:
        return self.guest.seat.name

    @property
    def address(self) -> str:
        return self.guest.seat.address

    def __repr__(self) -> str:
        return f"<Host {self.name} {self.address}>"

    def run(
        self,
        command: str | Sequence[str],
        *,
        user: str = "root",
        check: bool = True,
        timeout: float = 60.0,
        stdin: bytes = b"",
    ) -> Result:
        """Run an argument list, or a script as text, on the host.

        As root it goes over one lasting connection (no PAM session of its own); as another user
        it is a new login each time, as `login` is. CommandError for a status other than 0 unless
        `check` is false; LabError when `timeout` seconds pass.
        """
        if user != "root":
            return self.login(user, command, check=check, timeout=timeout, stdin=stdin)
        return self._ssh(self.road.channel(self.guest.seat), command, check, timeout, stdin)

    def login(
        self,
        user: str,
        command: str | Sequence[str],
        *,
        check: bool = True,
        timeout: float = 60.0,
        stdin: bytes = b"",
    ) -> Result:
        """Like `run`, but always through a new ssh login, with PAM's limits and session scope."""
        return self._ssh(self.road.login(self.guest.seat, user), command, check, timeout, stdin)

    def _ssh(
        self,
        ssh: list[str],
        command: str | Sequence[str],
        check: bool,
        timeout: float,
        stdin: bytes,
    ) -> Result:
        text = command if isinstance(command, str) else shlex.join(command)
        try:
            done = subprocess.run(
                [*ssh, "--", text], input=stdin, capture_output=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name}: {text!r} took more than {timeout:g} s") from None
        result = Result(
            text,
            done.returncode,
            done.stdout.decode("utf-8", "surrogateescape"),
            done.stderr.decode("utf-8", "surrogateescape"),
        )
        if check and result.rc != 0:
            raise CommandError(self.name, result)
        return result

    def put(self, local: Path, remote: str) -> None:
        """Copy a file or a folder with all below it to the path `remote`, owned by root."""
        target = PurePosixPath(remote)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(local, arcname=target.name, filter=_owned_by_root)
        self._unpack(packed, target)

    def write(self, remote: str, text: str | bytes, mode: int = 0o644) -> None:
        """Write a file of root's on the host."""
        target = PurePosixPath(remote)
        data = text.encode() if isinstance(text, str) else text
        entry = tarfile.TarInfo(target.name)
        entry.size, entry.mode, entry.mtime = len(data), mode, int(time.time())
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.addfile(entry, io.BytesIO(data))
        self._unpack(packed, target)

    def _unpack(self, packed: io.BytesIO, target: PurePosixPath) -> None:
        folder = shlex.quote(str(target.parent))
        self.run(f"mkdir -p {folder} && tar -xpf - -C {folder}", stdin=packed.getvalue())

    def read(self, remote: str) -> str:
        """The text of a file of the host."""
        return self.run(["cat", remote]).stdout

    def boot_id(self) -> str:
        """The kernel's random name of this boot."""
        return self.login("root", ["cat", BOOT_ID], timeout=25).stdout.strip()

    def start(self) -> None:
        """Power on and wait for ssh; a boot that hangs is tried a second time."""
        self.power_on()
        self.wait_ready()

    def power_on(self) -> None:
        """Power on, without waiting."""
        self.guest.prepare()
        self.guest.start()

    def wait_ready(self) -> None:
        """Wait until ssh answers; start the guest once more where the first boot hangs."""
        try:
            self.wait_ssh(FIRST_BOOT)
        except LabError as error:
            LOG.warning("%s\n%s: booting once more", error, self.name)
            self.kill()
            self.power_on()
            self.wait_ssh(BOOT)

    def wait_ssh(self, deadline: float = BOOT) -> None:
        """Wait up to `deadline` seconds for ssh; LabError with the console's end if mute."""
        end = time.monotonic() + deadline
        look = time.monotonic() + LOOK
        while not self._banner():
            now = time.monotonic()
            if now > end:
                raise self._silent(f"no ssh within {deadline:g} s")
            if now > look:
                look = now + LOOK
                if self._ended():
                    raise self._silent("its kernel has ended")
            time.sleep(PAUSE)

    def _ended(self) -> bool:
        """True when the kernel is gone; a reboot's exec hides it for a moment, so look twice."""
        if self.guest.running():
            return False
        time.sleep(PAUSE)
        return not self.guest.running()

    def _silent(self, what: str) -> LabError:
        return LabError(f"{self.name}: {what}; its console ends with\n{self.guest.last_words()}")

    def _banner(self) -> bool:
        with contextlib.suppress(OSError), socket_in(self.road.namespace) as link:
            link.settimeout(0.5)
            link.connect((self.address, 22))
            link.settimeout(3)
            return link.recv(4, socket.MSG_WAITALL) == b"SSH-"
        return False

    def reboot(self, deadline: float = BOOT) -> None:
        """Reboot from inside; returns when a new boot lets everybody log in."""
        before = self.boot_id()
        with contextlib.suppress(LabError):  # the connection may hang as its other end goes down
            self.run("reboot", check=False, timeout=20)
        self.hang_up()
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            self.wait_ssh(max(PAUSE, end - time.monotonic()))
            with contextlib.suppress(LabError):  # the old system may still answer, or hang up
                if self.boot_id() != before:
                    # a boot that goes on refuses everybody but root
                    self.login("root", "while [ -e /run/nologin ]; do sleep 0.1; done")
                    return
            time.sleep(PAUSE)
        raise self._silent(f"no new boot within {deadline:g} s")

    def hang_up(self) -> None:
        """Close the lasting connection, so that the next command makes a new one."""
        ssh = self.road.channel(self.guest.seat)
        if self.road.socket(self.guest.seat).exists():
            subprocess.run(
                [*ssh[:-1], "-O", "exit", ssh[-1]], capture_output=True, timeout=20, check=False
            )

    def kill(self) -> None:
        """Power off hard, as a power cut does: what was not synced is lost."""
        self.guest.kill()
        self.hang_up()


def _owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
