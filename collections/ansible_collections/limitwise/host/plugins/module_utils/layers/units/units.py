# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer units: limits of services, scopes and the other units that run processes."""

from __future__ import annotations

from .dropins import DropinLayer


class UnitsLayer(DropinLayer):
    """All units with processes but slices; ``t3-serve@.service`` covers every instance."""

    name = "units"

    def is_ours(self, unit: str) -> bool:
        return not unit.endswith(".slice")
