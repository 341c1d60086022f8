# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drifts keep their time, and the tuning that corrects them holds no more than they do."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.drift.deviation import (
    Drift,
    document,
    enforce,
    of_item,
    remember,
)
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

T1, T2 = "2026-11-22T20:30:00Z", "2026-11-22T21:30:00Z"


def key_of(entry: Any) -> Tuple[str, str, str]:
    return (entry["domain"], entry["type"], entry["item"])


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True)
SCALARS = st.one_of(st.integers(0, 10**6), NAMES)
DOCUMENTS = st.fixed_dictionaries({}, optional={
    "sysctl": st.dictionaries(st.tuples(NAMES, NAMES).map(".".join), SCALARS, max_size=4),
    "limits": st.lists(
        st.fixed_dictionaries({
            "domain": NAMES, "type": st.sampled_from(["soft", "hard"]), "item": NAMES,
            "value": SCALARS,
        }),
        max_size=4, unique_by=key_of,
    ),
    "slices": st.dictionaries(
        NAMES.map("{}.slice".format), st.dictionaries(NAMES, SCALARS, max_size=3), max_size=3
    ),
    "docker_daemon": st.dictionaries(
        st.from_regex(r"[a-z~/]{1,5}", fullmatch=True),
        st.recursive(
            st.one_of(SCALARS, st.lists(SCALARS, max_size=2)),
            lambda below: st.dictionaries(NAMES, below, max_size=3), max_leaves=5,
        ),
        max_size=3,
    ),
})


def drift(key: str, live: str = "1", since: Optional[str] = None) -> Drift:
    return Drift("sysctl", "", key, "2", live, "2", since=since)


@pytest.mark.parametrize(("previous", "since"), [
    ([], T2),
    ([drift("kernel/pid_max", since=T1)], T1),
    ([drift("kernel/pid_max", live="7", since=T1)], T1),
    ([drift("kernel/threads-max", since=T1)], T2),
    ([drift("kernel/pid_max")], T2),
])
def test_a_drift_keeps_the_time_it_was_first_seen(previous: Any, since: str) -> None:
    (kept,) = remember(previous, T2, [drift("kernel/pid_max")])
    assert kept == drift("kernel/pid_max", since=since)


@given(DOCUMENTS)
def test_a_tuning_as_a_document_reads_back_as_itself(wanted: Dict[str, Any]) -> None:
    tuning, found = read(wanted)
    again, wrong = read(document(tuning))
    assert not found
    assert not wrong
    assert again.layers == tuning.layers
    assert {item.id: item.value for item in again.items} == {
        item.id: item.value for item in tuning.items
    }


@given(DOCUMENTS, st.data())
def test_only_what_drifted_is_enforced(wanted: Dict[str, Any], data: st.DataObject) -> None:
    tuning, _found = read(wanted)
    chosen = [item for item in tuning.items if data.draw(st.booleans())]
    smaller = enforce(tuning, [of_item(item, None, None) for item in chosen])
    assert list(smaller.items) == chosen
    assert set(smaller.layers) == {item.layer for item in chosen}
    assert smaller.policy == tuning.policy
