# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of limits.conf: what new logins would get by the files; nothing of it is live."""

from __future__ import annotations

from typing import Iterator, Sequence

from ..host.machine import Host
from ..layers.limits.effective import in_force, read_source
from ..layers.limits.facts import read_facts
from ..layers.limits.layer import read_files
from ..layers.limits.wanted import satisfied, wanted_of
from ..policy import Policy
from ..tuning import Item
from .deviation import Drift, of_item


def drifts(host: Host, items: Sequence[Item], policy: Policy) -> Iterator[Drift]:
    """The limits that another line decides now, or none."""
    facts = read_facts(host)
    chain = tuple(
        read_source(file.path, file.data, facts.version) for file in read_files(host)
    )
    for want in wanted_of(items, policy):
        there = in_force(chain, *want.key, facts.accounts, facts.root_is_exempt)
        if there is None:
            yield of_item(want.item, None, None)
        elif not satisfied(want, there.value):
            yield of_item(want.item, None, there.value, there.file)
