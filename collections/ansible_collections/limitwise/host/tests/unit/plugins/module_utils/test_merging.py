# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging: the higher priority wins key by key, conflicts are named, origins are kept."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError
from ansible_collections.limitwise.host.plugins.module_utils.merging import Source, merged
from ansible_collections.limitwise.host.plugins.module_utils.task import tuning_of
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

Document = Dict[str, Any]


def source(name: str, priority: int, document: Document) -> Source:
    tuning, found = read(document, file=name + ".yml")
    assert not found
    return Source(name, priority, tuning)


def test_the_higher_priority_wins_and_the_origin_is_kept() -> None:
    tuning, found = merged([
        source("dense", 10, {"sysctl": {"kernel.pid_max": 4194304}, "units": {}}),
        source("base", 0, {
            "sysctl": {"kernel.pid_max": 65536, "vm.swappiness": 10},
            "limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 5}],
        }),
        source("soft", 5, {
            "limits": [{"domain": "*", "type": "soft", "item": "nofile", "value": 3}]
        }),
    ])
    assert found == ()
    assert tuning.layers == ("sysctl", "units", "limits")
    assert [(one.name, one.text, one.origin) for one in tuning.items] == [
        ("kernel.pid_max", "4194304", "dense"),
        ("vm.swappiness", "10", "base"),
        ("* soft nofile", "3", "soft"),
        ("* hard nofile", "5", "base"),
    ]


def test_a_conflict_is_named_and_leaves_the_key_out() -> None:
    tuning, (found,) = merged([
        source("one", 5, {"sysctl": {"vm.swappiness": 1, "kernel.pid_max": 9}}),
        source("two", 5, {"sysctl": {"vm.swappiness": 2, "kernel.pid_max": 9}}),
        source("low", 0, {"sysctl": {"vm.swappiness": 3}}),
    ])
    assert [(one.name, one.origin) for one in tuning.items] == [("kernel.pid_max", "one")]
    assert (found.code, found.severity, found.place.file) == ("LW006", "error", "one.yml")
    assert "vm.swappiness is 1 and 2 at the same priority 5 (from one, two)" in found.message


def test_lists_of_daemon_json_are_replaced_whole() -> None:
    tuning, _found = merged([
        source("base", 0, {"docker_daemon": {"dns": ["a", "b"], "log-opts": {"x": "1"}}}),
        source("over", 1, {"docker_daemon": {"dns": ["c"], "log-opts": {"y": "2"}}}),
    ])
    assert {one.key: one.value for one in tuning.items} == {
        "/dns": ["c"], "/log-opts/x": "1", "/log-opts/y": "2"
    }


def test_each_policy_key_comes_from_the_highest_that_sets_it() -> None:
    tuning, _found = merged([
        source("over", 5, {"policy": {"confirm": "30s"}}),
        source("base", 0, {"policy": {"confirm": "60s", "restart": "if-needed"}}),
    ])
    assert (tuning.policy.confirm, tuning.policy.restart) == (30, "if-needed")


def test_a_higher_priority_can_tighten() -> None:
    tuning, _found = merged([
        source("over", 100, {"policy": {"restart": "never", "maximum": {"kernel.pid_max": 2}}}),
        source("base", 0, {"policy": {
            "restart": "if-needed", "maximum": {"fs.file-max": 1, "kernel.pid_max": 1},
            "allow_lowering": ["fs.file-max"],
        }}),
        source("other", 5, {"policy": {"allow_lowering": ["kernel.pid_max"]}}),
    ])
    policy = tuning.policy
    assert (policy.restart, dict(policy.maximum)) == ("never", {
        "fs.file-max": 1, "kernel.pid_max": 2
    })
    assert policy.allow_lowering == ("fs.file-max", "kernel.pid_max")
    again, _found = merged([Source("all", 0, tuning)])
    assert again.policy == policy


KEYS = ["kernel.pid_max", "vm.swappiness", "fs.file-max"]
SOURCES = st.lists(
    st.tuples(st.integers(-1, 2), st.dictionaries(st.sampled_from(KEYS), st.integers(0, 2))),
    max_size=4,
)


@given(SOURCES, st.randoms(use_true_random=False))
def test_the_order_of_the_sources_does_not_matter(
    documents: List[Tuple[int, Dict[str, int]]], random: Any
) -> None:
    sources = [
        source(f"s{number}", priority, {"sysctl": values})
        for number, (priority, values) in enumerate(documents)
    ]
    tuning, found = merged(sources)
    got = {one.name: one.value for one in tuning.items}
    conflicts = {one.message.split()[0] for one in found}
    for key in KEYS:
        having = [(one, values[key]) for one, values in documents if key in values]
        top = {value for one, value in having if one == max(first for first, _value in having)}
        assert (key in got) == (len(top) == 1)
        assert (key in conflicts) == (len(top) > 1)
        assert key not in got or got[key] in top
    random.shuffle(sources)
    again, found_again = merged(sources)
    assert {one.name: one.value for one in again.items} == got
    assert len(found_again) == len(found)


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ({"limitwise_tuning_a": []}, "limitwise_tuning_a must be a map of priority and tuning"),
        ({"limitwise_tuning_a": {"priority": 1}}, "must be a map of priority and tuning"),
        ({"limitwise_tuning_a": {"tuning": {}, "prio": 1}}, "must be a map of priority and tuning"),
        ({"limitwise_tuning_a": {"tuning": {}, "priority": "1"}}, "must be a whole number"),
        ({"limitwise_tuning_a": {"tuning": {}, "priority": True}}, "must be a whole number"),
    ],
)
def test_a_source_of_another_shape_is_refused(sources: Dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        tuning_of({}, sources)
