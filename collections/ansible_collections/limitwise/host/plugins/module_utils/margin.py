# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The margin: how far above its present use a ceiling must stay."""

from __future__ import annotations

LEAST = 32


def margin(used: int) -> int:
    """A tenth of what is in use, at least 32."""
    return max(LEAST, used // 10)


def too_low(limit: int, used: int) -> bool:
    """Whether a ceiling of ``limit`` would leave less than the margin above its present use."""
    return limit < used + margin(used)
