# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the property tests run: without a time limit per example, for machines are noisy."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

NOISY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
# CI judges a change by the same examples each time; new ones are tried everywhere else.
SAME = "LIMITWISE_CI" in os.environ
settings.register_profile(
    "limitwise", max_examples=100, print_blob=True, derandomize=SAME, **NOISY
)
# The same properties once more, on another Python or under ansible-test, need fewer examples.
settings.register_profile("again", max_examples=15, derandomize=True, **NOISY)
settings.register_profile("soak", max_examples=2000, print_blob=True, **NOISY)
under_ansible_test = "ANSIBLE_CONTROLLER_MIN_PYTHON_VERSION" in os.environ
profile = "again" if under_ansible_test else "limitwise"
settings.load_profile(os.environ.get("LIMITWISE_HYPOTHESIS", profile))
