# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `limitwise`: thin over the engine in the collection limitwise.host."""

__version__ = "0.1.0"
