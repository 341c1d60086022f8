"""One guest as a process of this machine: its kernel command line, starting it, ending it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import commands, launch, processes
from .addresses import GATEWAY, PREFIX, Seat
from .errors import LabError
from .kernels import Kernel

LAUNCH = Path(__file__).with_name("launch.py")
UID = 65534  # nobody: no file of this machine is his


@dataclass(frozen=True)
class Guest:
    """What a guest is started from; `folder` holds its disk, console and control files."""

    seat: Seat
    namespace: str
    folder: Path
    kernel: Kernel
    disk: Path
    memory: str
    seed: Path | None = None

    @property
    def console(self) -> Path:
        return self.folder / "console.log"

    @property
    def overlay(self) -> Path:
        """The copy-on-write file over the golden image: all that this host ever wrote."""
        return self.folder / "disk.cow"

    def further_disks(self) -> dict[str, Path]:
        """Read-only disks beside the root disk, /dev/ubdb and on; the guest finds each by its name.

        `modules` has the kernel's modules, `seed` whatever the fleet's owner gives its hosts.
        """
        disks = {"modules": self.kernel.modules, "seed": self.seed}
        return {name: disk for name, disk in disks.items() if disk}

    def kernel_arguments(self) -> list[str]:
        """The kernel's command line (Documentation/virt/uml/user_mode_linux_howto_v2.rst)."""
        further = [
            word
            for number, name in enumerate(self.further_disks(), start=1)
            for word in (
                f"ubd{number}r={self.folder}/{name}.disk",
                f"lab.{name}=ubd{'abc'[number]}",
            )
        ]
        return [
            *self.kernel.options,
            f"umid={self.seat.name}",
            f"uml_dir={self.folder}/control",
            f"mem={self.memory}",
            f"ubd0={self.overlay},{self.folder}/golden.ext4",
            *further,
            *("root=/dev/ubda", "rw", "con=null", "ssl=null", "con0=null,fd:1"),
            *("quiet", "systemd.show_status=0"),
            f"vec0:transport=fd,fd={launch.TAP},vec=0,mac={self.seat.mac}",
            f"systemd.hostname={self.seat.name}",
            f"lab.host={self.seat.name}",
            f"lab.ip={self.seat.address}/{PREFIX}",
            f"lab.gw={GATEWAY}",
        ]

    def command(self) -> list[str]:
        """The program that reaches what needs root and becomes the kernel."""
        further = {f"{name}.disk": disk for name, disk in self.further_disks().items()}
        bound = {"linux": self.kernel.binary, "golden.ext4": self.disk, **further}
        return [
            *(sys.executable, "-I", "-S", str(LAUNCH)),
            *(self.namespace, self.seat.tap, str(UID)),
            ",".join(f"{source}={self.folder}/{target}" for target, source in bound.items()),
            *(f"{self.folder}/linux", *self.kernel_arguments()),
        ]

    def prepare(self) -> None:
        """A folder that the guest's user may write."""
        for folder in (self.folder, self.folder / "control"):
            folder.mkdir(exist_ok=True)
            os.chown(folder, UID, UID)

    def start(self) -> None:
        """Power on; the guest outlives this program. LabError when it cannot even begin."""
        with self.console.open("ab") as console:
            done = subprocess.run(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.PIPE,
                text=True,
                cwd="/",
                close_fds=commands.KEEP_LOCKS,
                check=False,
            )
        if done.returncode != 0:
            raise LabError(f"{self.seat.name} cannot be started: {done.stderr.strip()}")

    def kill(self) -> None:
        """Power off hard; what is on the overlay stays."""
        processes.end(processes.of_host(processes.everyone(), self.folder))

    def running(self) -> bool:
        """True while the guest's kernel lives."""
        return bool(processes.of_host(processes.everyone(), self.folder))

    def last_words(self, lines: int = 8) -> str:
        """The end of the console, for an error message."""
        if not self.console.exists():
            return "(no console output)"
        return "\n".join(self.console.read_text(errors="replace").splitlines()[-lines:])
