"""A directory that looks like the root of a running host: its /proc/sys are plain files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

SYSCTLS = {
    "kernel/threads-max": "10000",
    "kernel/pid_max": "32768",
    "vm/max_map_count": "65530",
    "fs/file-max": "100000",
    "fs/file-nr": "1000\t0\t100000",
    "fs/nr_open": "1048576",
    "kernel/random/boot_id": "11111111-1111-1111-1111-111111111111",
}
FILES = {
    "proc/loadavg": "0.00 0.00 0.00 1/200 1234\n",
    "proc/meminfo": "MemTotal: 1000000 kB\nMemAvailable: 900000 kB\n",
    "proc/self/mounts": "",
    "etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
    # Without systemd no command of the host is needed: a directory has none.
    "etc/rcS.d/S12procps": "",
}
FOLDERS = ("etc/sysctl.d", "etc/security/limits.d", "etc/pam.d", "var/lib", "tmp")
OWN = "etc/sysctl.d/zz-limitwise.conf"


class FakeRoot:
    """What tests read and write of it."""

    def __init__(self, path: Path, sysctls: Mapping[str, str] = SYSCTLS) -> None:
        self.path = path
        for name in FOLDERS:
            (path / name).mkdir(parents=True)
        for name, text in FILES.items():
            self.write(name, text)
        for name, value in sysctls.items():
            self.set(name, value)

    def write(self, name: str, text: str) -> None:
        """A file of it."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def set(self, name: str, value: str) -> None:
        """A value below /proc/sys, as somebody else would write it."""
        self.write(f"proc/sys/{name}", value + "\n")

    def get(self, name: str) -> str:
        """A value below /proc/sys."""
        return (self.path / "proc/sys" / name).read_text().strip()

    def own(self) -> str:
        """Limitwise's own file of sysctls; empty when there is none."""
        file = self.path / OWN
        return file.read_text() if file.exists() else ""

    def reboot(self, **lost: str) -> None:
        """A new boot, with these values of /proc/sys (in which a dot stands for a slash)."""
        self.set("kernel/random/boot_id", "22222222-2222-2222-2222-222222222222")
        for name, value in lost.items():
            self.set(name.replace("__", "/"), value)
