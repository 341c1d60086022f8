# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many open files the files of pam_limits grant: fs.nr_open must not fall below it.

setrlimit(2) refuses more than fs.nr_open, and upstream's Linux-PAM then refuses the login.
"""

from __future__ import annotations

import re
from typing import Iterator, Optional

from ...formats.limits_conf import lowered, parse
from ...host.machine import Host

# limits.conf(5); the last two are where distributions keep what /etc replaces.
FOLDERS = ("/etc/security", "/usr/etc/security", "/usr/share/security")
NUMBER = re.compile(r"\+?([0-9]{1,20})")


def most_open_files(host: Host) -> Optional[int]:
    """The highest nofile of any line that works now, for whomever; None when there is none."""
    top = (host.sysctl("fs/nr_open") or "").strip()
    numbers = (
        int(found.group(1))
        for path in _paths(host)
        for entry in parse(host.files.read(path) or b"").entries
        if lowered(entry.item) == "nofile"
        for found in [NUMBER.match(entry.value)]
        if found is not None
    )
    return max((one for one in numbers if top.isdigit() and one <= int(top)), default=None)


def _paths(host: Host) -> Iterator[str]:
    for folder in FOLDERS:
        names = (name for name in host.files.names(f"{folder}/limits.d") if name.endswith(".conf"))
        for path in (f"{folder}/limits.conf", *(f"{folder}/limits.d/{name}" for name in names)):
            if not host.files.is_directory(path):
                yield path
