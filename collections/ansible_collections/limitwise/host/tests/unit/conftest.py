# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the property tests run: without a time limit per example, for machines are noisy."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("limitwise", deadline=None, print_blob=True)
settings.load_profile("limitwise")
