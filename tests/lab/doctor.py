"""What this machine lacks to run the lab, with the exact command that helps."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import commands
from .errors import LabError

TUN = Path("/dev/net/tun")
PACKAGES = (
    # run a fleet
    *("iproute2", "openssh-client", "python3"),
    # a cluster's certificates
    "openssl",
    # golden images
    *("debian-archive-keyring", "e2fsprogs", "mmdebstrap"),
    # the kernel
    *("bc", "bison", "cpio", "flex", "gcc", "libc6-dev", "make", "rsync", "xz-utils"),
)


@dataclass(frozen=True)
class Report:
    """What is missing: packages that apt can install, and obstacles that it cannot remove."""

    packages: tuple[str, ...]
    obstacles: tuple[str, ...]

    @property
    def well(self) -> bool:
        return not self.packages and not self.obstacles

    def remedy(self) -> str:
        """The command that installs the missing packages, or nothing."""
        return f"apt-get install --no-install-recommends {' '.join(self.packages)}"

    def text(self) -> str:
        """For a person: a line per problem, the command last."""
        if self.well:
            return "the lab has all it needs"
        lines = [f"obstacle: {obstacle}" for obstacle in self.obstacles]
        if self.packages:
            lines += [f"missing packages: {' '.join(self.packages)}", f"run: {self.remedy()}"]
        return "\n".join(lines)


def examine() -> Report:
    """Look at this machine."""
    if not shutil.which("dpkg-query"):
        return Report((), ("this is neither Debian nor Ubuntu (no dpkg)",))
    obstacles = [
        problem
        for present, problem in (
            (platform.machine() == "x86_64", f"the lab needs x86_64, this is {platform.machine()}"),
            (os.geteuid() == 0, "the lab needs root (network namespaces and taps)"),
            (TUN.exists(), f"{TUN} is missing: the machine's kernel needs TUN"),
        )
        if not present
    ]
    return Report(missing_packages(_installed()), tuple(obstacles))


def missing_packages(states: Mapping[str, str]) -> tuple[str, ...]:
    """Those of PACKAGES that are not installed, by dpkg's state abbreviations ("ii " and so on)."""
    return tuple(name for name in PACKAGES if states.get(name, "")[:2] not in ("ii", "hi"))


def require() -> None:
    """LabError that says what to do, unless the lab can run here."""
    report = examine()
    if not report.well:
        raise LabError(f"the lab cannot run here:\n{report.text()}")


def install() -> None:
    """Install what is missing, as root; package lists are fetched only where they are too old."""
    report = examine()
    if report.obstacles:
        raise LabError(f"the lab cannot run here:\n{report.text()}")
    if not report.packages:
        return
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    get = ["apt-get", *wait, "install", "-y", "--no-install-recommends", *report.packages]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    first = subprocess.run(get, env=quiet, stdin=subprocess.DEVNULL, check=False)
    if first.returncode != 0:
        commands.output(["apt-get", *wait, "update"])
        again = subprocess.run(get, env=quiet, stdin=subprocess.DEVNULL, check=False)
        if again.returncode != 0:
            raise LabError("apt could not install the lab's packages", report.remedy())


def _installed() -> dict[str, str]:
    done = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Abbrev}\n", *PACKAGES],
        capture_output=True,
        text=True,
        check=False,  # 1 when one of them is unknown
    )
    pairs = (line.partition(" ") for line in done.stdout.splitlines())
    return {name: state for name, _, state in pairs}
