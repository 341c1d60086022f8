# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule by its code: what documentation and switches are made from."""

from __future__ import annotations

from typing import Dict

from . import ceilings, consistency, docker, kubelet, limits, relief, run, sysctl, tuning, units
from .rule import Rule

ALL = (
    tuning.RULES + limits.RULES + sysctl.RULES + units.RULES + docker.RULES
    + consistency.RULES + run.RULES + ceilings.RULES
    + kubelet.RULES + relief.RULES
)

RULES: Dict[str, Rule] = {rule.code: rule for rule in ALL}
