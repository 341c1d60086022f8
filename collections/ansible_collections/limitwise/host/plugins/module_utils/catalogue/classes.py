# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The class of a key: how a wanted value relates to the one in force."""

from __future__ import annotations

FLOOR = "floor"
"""A live value at or above the wanted one is fine; it is only ever raised."""

CAP = "cap"
"""The wanted value holds, up or down."""

EXACT = "exact"
"""The wanted value, neither more nor less."""

WEIGHT = "weight"
"""A share relative to siblings; any difference is a change, none is dangerous."""

REFUSED = "refused"
"""Not a limit: a tuning may not set it unless the host allows that key by name."""

ALL = (FLOOR, CAP, EXACT, WEIGHT, REFUSED)
