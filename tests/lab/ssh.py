"""How a host of a fleet is reached: ssh's command line, with the namespace entered by its proxy."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from .addresses import Seat

CONNECT = Path(__file__).with_name("connect.py")


@dataclass(frozen=True)
class Road:
    """The way to the hosts of one fleet: its namespace, state folder and login key."""

    namespace: str
    folder: Path
    private_key: Path

    def options(self) -> list[str]:
        """Options that hold for every connection: strict host keys, no user's own configuration."""
        proxy = [sys.executable, "-I", "-S", str(CONNECT), self.namespace, "%h", "%p"]
        return [
            *("-F", "none"),
            *("-i", str(self.private_key)),
            *("-o", "IdentitiesOnly=yes"),
            *("-o", "BatchMode=yes"),
            *("-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}"),
            *("-o", "StrictHostKeyChecking=yes"),
            *("-o", "LogLevel=ERROR"),
            *("-o", "ConnectTimeout=20"),
            *("-o", "ProxyUseFdpass=yes"),
            *("-o", f"ProxyCommand={shlex.join(proxy)}"),
        ]

    def login(self, seat: Seat, user: str) -> list[str]:
        """ssh for a login of its own: sshd and PAM do all they do for a person who logs in."""
        return ["ssh", *self.options(), "-o", "ControlPath=none", f"{user}@{seat.address}"]

    def channel(self, seat: Seat) -> list[str]:
        """ssh for root over one lasting connection: quick, and no new login per command."""
        return [
            *("ssh", *self.options()),
            *("-o", "ControlMaster=auto", "-o", "ControlPersist=yes"),
            *("-o", f"ControlPath={self.socket(seat)}"),
            *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6"),
            f"root@{seat.address}",
        ]

    def socket(self, seat: Seat) -> Path:
        """Where the lasting connection of a host listens."""
        return self.folder / "channels" / seat.name

    def known_hosts(self, host_key: str, seats: list[Seat]) -> str:
        """The text of known_hosts: all hosts have the golden image's key."""
        kind, key = host_key.split()[:2]
        return "".join(f"{seat.address} {kind} {key}\n" for seat in seats)

    def inventory(self, seats: list[Seat]) -> str:
        """An Ansible inventory (INI); Ansible's ssh sockets stay in the fleet's folder.

        Hosts of two fleets have equal addresses, so a common socket folder would mix them up.
        """
        hosts = "".join(f"{seat.name} ansible_host={seat.address}\n" for seat in seats)
        return (
            f"[fleet]\n{hosts}\n[fleet:vars]\n"
            "ansible_user=root\n"
            "ansible_python_interpreter=/usr/bin/python3\n"
            f"ansible_control_path_dir={self.folder / 'ansible'}\n"
            f"ansible_ssh_common_args={shlex.join(self.options())}\n"
        )
