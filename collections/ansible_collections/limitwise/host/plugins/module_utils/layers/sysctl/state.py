# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host has that concerns sysctls: live values, files, and who applies them at boot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ...acts import FileImage
from ...catalogue.suggest import nearest
from ...catalogue.sysctl import counterpart
from ...findings import Finding
from ...formats import keyed
from ...formats.sysctl_conf import dotted
from ...host.machine import MOUNTED, Host
from ...tuning import Item
from . import script, shares
from .check import resolved
from .files import (
    Applier,
    Assigned,
    ConfFile,
    Given,
    no_applier,
    not_read,
    procps,
    read,
    systemd_sysctl,
)
from .use import present_use
from .values import lowers

OWN = "/etc/sysctl.d/zz-limitwise.conf"

SYSTEMD = "systemd-sysctl"
PROCPS = "sysctl --system"
NOBODY = "nobody"
APPLIERS: Dict[str, Applier] = {
    SYSTEMD: systemd_sysctl, PROCPS: procps, NOBODY: no_applier,
}

# What runs "sysctl --system" at boot: Debian's init script as sysv-rc links it, OpenRC, runit.
START_FOLDERS = ("/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d")
START_LINK = re.compile(r"S[0-9]+(procps|sysctl)")
START_FILES = (
    "/etc/runlevels/boot/sysctl", "/etc/runlevels/default/sysctl",
    "/etc/runit/core-services/08-sysctl.sh",
)
IN_RAM = ("rootfs", "tmpfs", "ramfs")


@dataclass(frozen=True)
class Live:
    """One key on the host. ``near``: an existing key with a similar name, for one that is absent.

    ``used`` is known only where a value might be lowered: finding it out can cost a scan.
    """

    value: Optional[str] = None
    exists: bool = True
    writable: bool = True
    used: Optional[int] = None
    near: Optional[str] = None


@dataclass(frozen=True)
class State:
    """Everything that a plan needs to know. ``keys`` is empty for an image.

    ``slices``: those whose units share out the thread and PID ceilings that a plan may change.
    """

    running: bool
    boot: str
    why_nobody: str = ""
    own: Optional[FileImage] = None
    files: Tuple[ConfFile, ...] = ()
    keys: Mapping[str, Live] = field(default_factory=dict)
    kernel: Tuple[int, ...] = ()
    script_path: Optional[str] = None
    script: Optional[FileImage] = None
    systemd: bool = False
    slices: Tuple[str, ...] = ()

    @property
    def in_script(self) -> bool:
        """Whether our values live in the boot script rather than in a file of ours."""
        return self.boot == NOBODY and self.script_path is not None

    @property
    def home(self) -> str:
        """The file that holds our values."""
        return self.script_path if self.in_script and self.script_path is not None else OWN

    @property
    def ours(self) -> Dict[str, str]:
        """What our own file, or our block in the boot script, holds."""
        if self.in_script:
            return script.values(self.script)
        return keyed.values("sysctl_conf", self.own.data) if self.own is not None else {}

    @property
    def at_boot(self) -> Assigned:
        """What the next boot would give, as the files are."""
        if not self.in_script:
            return APPLIERS[self.boot](self.files)
        return Assigned({
            path: Given(value, self.home, script.line_of(self.script, path) or 0, 1)
            for path, value in self.ours.items()
        })


def observe(host: Host, items: Sequence[Item], script_path: Optional[str]) -> State:
    """Read the host; ``script_path`` is the policy's boot script."""
    boot, why = boot_applier(host)
    state = State(
        running=host.running,
        boot=boot,
        why_nobody=why,
        own=host.files.image(OWN),
        files=read(host),
        kernel=version(host.sysctl("kernel/osrelease") or ""),
        script_path=script_path,
        script=host.files.image(script_path) if script_path is not None else None,
        systemd=host.has_systemd,
    )
    if not host.running:
        return state
    keys = _keys(host, items, state.ours)
    shared = state.systemd and any(path in keys for path in shares.SHARED_OUT)
    return replace(state, keys=keys, slices=shares.slices(host) if shared else ())


def boot_applier(host: Host) -> Tuple[str, str]:
    """Who applies sysctl files when this host boots, and if nobody does, why."""
    # In a pod /proc/mounts is the pod's own table; process 1 is the host's.
    if root_in_ram(host.proc("1/mounts" if host.form == MOUNTED else "mounts") or ""):
        return NOBODY, "its root file system is in RAM"
    if host.has_systemd:
        return SYSTEMD, ""
    if any(map(host.files.exists, START_FILES)) or any(
        START_LINK.fullmatch(name) for folder in START_FOLDERS for name in host.files.names(folder)
    ):
        return PROCPS, ""
    return NOBODY, "no systemd, and no init script that runs sysctl"


def root_in_ram(mounts: str) -> bool:
    """Whether the last file system mounted at / is one that a reboot empties."""
    kinds = [line.split()[2] for line in mounts.splitlines() if line.split()[1:2] == ["/"]]
    return bool(kinds) and kinds[-1] in IN_RAM


def version(release: str) -> Tuple[int, ...]:
    """``6.1.0-18-amd64`` as (6, 1, 0); empty when there is none."""
    match = re.match(r"\d+(\.\d+)*", release)
    return tuple(map(int, match.group().split("."))) if match else ()


def unread(host: Host) -> List[Finding]:
    """A finding when the host has an /etc/sysctl.conf that its boot does not read."""
    return not_read(read(host), APPLIERS[boot_applier(host)[0]])


def _keys(host: Host, items: Sequence[Item], ours: Mapping[str, str]) -> Dict[str, Live]:
    wanted = {one.path: one for one in resolved(items)}
    found: Dict[str, Live] = {}
    others = (counterpart(path) for path in (*wanted, *ours))
    for path in dict.fromkeys((*wanted, *ours, *(path for path in others if path is not None))):
        value = host.sysctl(path)
        if not host.kernel.exists(path):
            found[path] = Live(exists=False, near=_near(host, path))
            continue
        one = wanted.get(path)
        down = one is None or (value is not None and lowers(one.key, value, one.text))
        used = present_use(host, path) if down else None
        found[path] = Live(value, True, host.kernel.writable(path), used)
    return found


def _near(host: Host, path: str) -> Optional[str]:
    folder, _slash, name = path.rpartition("/")
    names: List[str] = host.kernel.names(folder) if folder else []
    near = nearest(name, names)
    return dotted(f"{folder}/{near}") if near is not None else None
