# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that carry a tuning: the document and what is merged over it."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment."""

    DOCUMENTATION = r"""
options:
  tuning:
    description:
      - The tuning document.
      - Its keys are V(policy) and the layers V(sysctl), V(limits), V(slices), V(units),
        V(docker_daemon), V(kubelet).
    type: dict
    default: {}
  sources:
    description:
      - Tunings merged over O(tuning), key by key. A map from a name for messages to a map of
        C(priority) and C(tuning).
      - The higher priority wins; O(tuning) itself has V(0), and so has a source without a priority.
        Equal priorities that differ are an error.
    type: dict
    default: {}
"""
