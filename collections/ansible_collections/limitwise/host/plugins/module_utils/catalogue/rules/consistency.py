# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that need more than one layer: limits that contradict each other or the host (LW5nn)."""

from __future__ import annotations

from .rule import Rule

LOGIN_ABOVE_NR_OPEN = Rule(
    "LW501", "login-nofile-above-nr-open", "limits", "error",
    "{what} {found} is above fs.nr_open ({nr_open}): these logins would be refused (on Debian the "
    "limit would not be set); raise fs.nr_open in the same tuning",
    "setrlimit fails above fs.nr_open, pam_limits then refuses the session: nobody of that "
    "domain can log in over ssh any more, nor use su. Debian's Linux-PAM goes on without the "
    "limit. The kernel's own default is 1048576.",
)
CONTAINER_ABOVE_NR_OPEN = Rule(
    "LW502", "container-nofile-above-nr-open", "docker_daemon", "error",
    "{what} {found} is above fs.nr_open ({nr_open}): no container would start; "
    "raise fs.nr_open in the same tuning",
    "The container runtime sets the limit before it starts the program, and a refused setrlimit "
    "ends the container: 'error setting rlimit type 7: operation not permitted'.",
)
UNIT_ABOVE_NR_OPEN = Rule(
    "LW503", "unit-nofile-above-nr-open", "units", "warning",
    "{what} {found} is above fs.nr_open ({nr_open}): the unit gets no more than that",
    "systemd sets the nearest limit that the kernel takes, without a message.",
)
NPROC_ABOVE_HALF = Rule(
    "LW504", "nproc-above-half", "limits", "info",
    "{what} {found} is more than half of kernel.threads-max ({threads_max}): "
    "one user can take the host's threads from all others",
    "The kernel's own default of RLIMIT_NPROC is half of threads-max, so that one user leaves "
    "room for the rest.",
)
TASKS_ABOVE_PID_MAX = Rule(
    "LW505", "tasks-above-pid-max", "units", "info",
    "{what} {found} is above kernel.pid_max ({pid_max}): pid_max binds first",
    "A fork fails at the lowest of all ceilings. Raising TasksMax beyond pid_max is the classic "
    "false fix.",
)
CAPS_ABOVE_RAM = Rule(
    "LW506", "caps-above-ram", "slices", "warning",
    "the memory caps of {what} add up to {found}: together they can fill the host's RAM",
    "Each tree stays within its cap and the host still runs out: three caps of 16 GB on 32 GB.",
)

RULES = (
    LOGIN_ABOVE_NR_OPEN, CONTAINER_ABOVE_NR_OPEN, UNIT_ABOVE_NR_OPEN, NPROC_ABOVE_HALF,
    TASKS_ABOVE_PID_MAX, CAPS_ABOVE_RAM,
)
