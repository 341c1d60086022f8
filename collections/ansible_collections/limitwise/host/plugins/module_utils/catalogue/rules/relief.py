# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about relief: what could not be done or kept in an emergency (LW82n)."""

from __future__ import annotations

from .rule import Rule

LAYER = "relief"

UNRECORDED = Rule(
    "LW821", "relief-unrecorded", LAYER, "warning",
    "relief cannot be recorded on disk ({reason}): it is done all the same and known to this "
    "process alone",
    "Every value is put on disk before it is changed, so that a killed process can give it back. A "
    "full or broken disk must not keep a host without processes: it is relieved from memory then.",
)
REFUSED = Rule(
    "LW822", "relief-refused", LAYER, "error",
    "the kernel refuses {found} for {what}: {reason}",
    "The ceiling stays as it was. Rights may be missing, or the value is out of its range.",
)
OVERTAKEN = Rule(
    "LW823", "relief-overtaken", LAYER, "info",
    "somebody has set {what} to {found}: relief leaves it alone from now on",
    "What was changed by others after relief is theirs: it is neither held nor given back.",
)
PROTECTED = Rule(
    "LW824", "relief-protected", LAYER, "warning",
    "{what} is not capped: people log in by it, or the node runs by it",
    "A cap on sshd, systemd, the container runtime, the kubelet or on this process itself would "
    "close the last way in.",
)

RULES = (UNRECORDED, REFUSED, OVERTAKEN, PROTECTED)
