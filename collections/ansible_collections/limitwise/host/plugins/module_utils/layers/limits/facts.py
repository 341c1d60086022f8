# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What decides on a host how limits.conf is read: Linux-PAM's version, the root rule, accounts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional, Tuple

from ...host.machine import Host
from .accounts import UNKNOWN, Accounts, read_accounts

Version = Tuple[int, ...]

DPKG_STATUS = "/var/lib/dpkg/status"
APK_INSTALLED = "/lib/apk/db/installed"
PACKAGED = (
    (DPKG_STATUS, re.compile(rb"^Package: libpam-modules\n(?:.+\n)*?Version: (?:\d+:)?(\d[\d.]*)",
                             re.MULTILINE)),
    (APK_INSTALLED, re.compile(rb"^P:linux-pam\n(?:.+\n)*?V:(\d[\d.]*)", re.MULTILINE)),
)  # fmt: skip
EXEMPTING = ("debian", "ubuntu")
SERVICE_FOLDERS = ("/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d", "/usr/share/pam.d")
RUNS_LIMITS = re.compile(rb"^[^#\n]*\bpam_limits\.so\b", re.MULTILINE)


@dataclass(frozen=True)
class Facts:
    """None and UNKNOWN: not known (a file without its host, another package manager)."""

    version: Optional[Version] = None
    root_is_exempt: bool = False
    nr_open: Optional[int] = None
    accounts: Accounts = UNKNOWN
    in_use: bool = True


NO_FACTS = Facts()


def read_facts(host: Host) -> Facts:
    """The facts of a host or image; changes nothing and runs nothing."""
    nr_open = (host.sysctl("fs/nr_open") or "").strip()
    return Facts(
        version=_version(host),
        root_is_exempt=_exempts_root(host),
        nr_open=int(nr_open) if nr_open.isdigit() else None,
        accounts=read_accounts(
            host.files.read("/etc/passwd") or b"",
            host.files.read("/etc/group") or b"",
            host.files.read("/etc/nsswitch.conf") or b"",
        ),
        in_use=_runs_pam_limits(host),
    )


def _version(host: Host) -> Optional[Version]:
    for path, pattern in PACKAGED:
        found = pattern.search(host.files.read(path) or b"")
        if found:
            return tuple(int(part) for part in found.group(1).split(b".") if part)
    return None


def _exempts_root(host: Host) -> bool:
    """Debian patches Linux-PAM so that ``*`` and @group are not about root, and its children
    inherit that; upstream's parse_config_file has no such check.
    """
    release = host.release()
    families = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    return any(family in EXEMPTING for family in families)


def _runs_pam_limits(host: Host) -> bool:
    paths = [f"{folder}/{name}" for folder in SERVICE_FOLDERS for name in host.files.names(folder)]
    for path in ("/etc/pam.conf", *paths):
        is_file = not host.files.is_directory(path)
        if is_file and RUNS_LIMITS.search(host.files.read(path) or b"") is not None:
            return True
    return False
