# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer slices: limits of whole trees of processes, such as all sessions of a user."""

from __future__ import annotations

from .dropins import DropinLayer


class SlicesLayer(DropinLayer):
    """Slices, and prefixes of slices such as ``user-.slice`` for every user now and later."""

    name = "slices"

    def is_ours(self, unit: str) -> bool:
        return unit.endswith(".slice")
