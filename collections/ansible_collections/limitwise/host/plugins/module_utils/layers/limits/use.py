# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many processes and threads the users of a domain have now: what nproc is held against."""

from __future__ import annotations

import re
from typing import Dict, Optional

from ...host.machine import Host
from .accounts import NUMBER, USER, Accounts, members, source_of

UID = re.compile(r"^Uid:\s+([0-9]+)", re.MULTILINE)
THREADS = re.compile(r"^Threads:\s+([0-9]+)", re.MULTILINE)


def threads_by_uid(host: Host) -> Dict[int, int]:
    """Threads per real UID (proc_pid_status(5)), which is what RLIMIT_NPROC counts."""
    counted: Dict[int, int] = {}
    for name in host.files.names("/proc") if host.running else ():
        status = host.proc(f"{name}/status") if NUMBER.fullmatch(name) else None
        uid, threads = UID.search(status or ""), THREADS.search(status or "")
        if uid and threads:
            counted[int(uid.group(1))] = counted.get(int(uid.group(1)), 0) + int(threads.group(1))
    return counted


def most_in_use(
    domain: str, accounts: Accounts, root_is_exempt: bool, counted: Dict[int, int]
) -> Optional[int]:
    """The threads of the one user of the domain who has most; None when it means nobody here.

    A domain for many counts those who log in only: daemons have no PAM session. Nor does nproc
    hold root (setrlimit(2): CAP_SYS_RESOURCE).
    """
    named = source_of(domain) == USER
    return max(
        (
            counted.get(user.uid, 0)
            for user in members(domain, accounts, root_is_exempt)
            if user.uid != 0 and (user.is_person or (named and user.name == domain))
        ),
        default=None,
    )
