# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rule has a code and a name of its own, words that can be filled, and a reason."""

from __future__ import annotations

import re
import string

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.rules.rule import Rule
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.rules.table import ALL
from ansible_collections.limitwise.host.plugins.module_utils.findings import SEVERITIES, Place


def test_codes_and_names_are_unique():
    assert len({rule.code for rule in ALL}) == len(ALL)
    assert len({(rule.layer, rule.name) for rule in ALL}) == len(ALL)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_rule_is_well_formed(rule: Rule):
    assert re.fullmatch(r"LW\d{3}", rule.code)
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", rule.name)
    assert rule.severity in SEVERITIES
    assert rule.why.endswith(".")


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_message_is_filled_from_words(rule: Rule):
    names = {field[1] for field in string.Formatter().parse(rule.message) if field[1]}
    words = dict.fromkeys(names - {"found", "suggestion"}, "one")
    finding = rule.at(Place("file", 3), found="this", suggestion="that", **words)
    assert finding.code == rule.code
    assert "{" not in finding.message
    assert str(finding).startswith("file:3: ")
