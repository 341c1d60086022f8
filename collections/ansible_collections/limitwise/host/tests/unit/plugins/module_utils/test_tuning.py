# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tuning document: its shape, where things stand in it, and what is said of a wrong one."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import Place
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item, read

LIMIT = {"domain": "@student", "type": "hard", "item": "nproc", "value": 65536}


def test_every_layer_becomes_items() -> None:
    tuning, found = read({
        "policy": {"confirm": "60s"},
        "sysctl": {"kernel.pid_max": 4194304, "net/ipv4/tcp_rmem": "1 2 3"},
        "limits": [LIMIT, {"domain": "*", "type": "-", "item": "NOFILE", "value": 5}],
        "slices": {"user.slice": {"MemoryMax": "80%"}},
        "units": {"docker.service": {"TasksMax": "infinity"}},
        "docker_daemon": {"default-ulimits": {"nofile": {"Soft": 5}}, "a/b~c": [1], "d": {}},
    }, origin="base")
    assert found == ()
    assert tuning.policy.confirm == 60
    assert tuning.layers == ("sysctl", "limits", "slices", "units", "docker_daemon")
    assert {one.origin for one in tuning.items} == {"base"}
    assert [(one.layer, one.subject, one.key, one.text, one.name) for one in tuning.items] == [
        ("sysctl", "", "kernel/pid_max", "4194304", "kernel.pid_max"),
        ("sysctl", "", "net/ipv4/tcp_rmem", "1 2 3", "net.ipv4.tcp_rmem"),
        ("limits", "@student", "hard nproc", "65536", "@student hard nproc"),
        ("limits", "*", "soft nofile", "5", "* soft nofile"),
        ("limits", "*", "hard nofile", "5", "* hard nofile"),
        ("slices", "user.slice", "MemoryMax", "80%", "user.slice MemoryMax"),
        ("units", "docker.service", "TasksMax", "infinity", "docker.service TasksMax"),
        ("docker_daemon", "", "/default-ulimits/nofile/Soft", "5", "/default-ulimits/nofile/Soft"),
        ("docker_daemon", "", "/a~1b~0c", "[1]", "/a~1b~0c"),
        ("docker_daemon", "", "/d", "{}", "/d"),
    ]


@pytest.mark.parametrize("layer", ["sysctl", "limits", "slices", "units", "docker_daemon"])
@pytest.mark.parametrize("empty", [None, {}, []])
def test_an_empty_layer_is_named_and_wants_nothing(layer: str, empty: Any) -> None:
    tuning, found = read({layer: empty})
    if isinstance(empty, (dict if layer == "limits" else list)):
        assert [one.code for one in found] == ["LW003"]
    else:
        assert (tuning.layers, tuning.items, found) == ((layer,), (), ())


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        (None, "LW003", "the tuning must be a map of layers, not nothing"),
        ([], "LW003", "not a list"),
        ("sysctl", "LW003", "not a text"),
        ({"sysctls": {}}, "LW001", "sysctl"),
        ({"Slices": {}}, "LW001", "slices"),
        ({7: {}}, "LW001", "7"),
        ({"groups": {}}, "LW002", "not built yet"),
        ({"sysctl": {"kernel.pid_max": True}}, "LW003", "not a boolean"),
        ({"sysctl": {"kernel.pid_max": None}}, "LW003", "not nothing"),
        ({"sysctl": {"kernel.pid_max": 1.5}}, "LW003", "not a decimal number"),
        ({"sysctl": {"kernel.pid_max": [1]}}, "LW003", "not a list"),
        ({"sysctl": {"kernel.pid_max": "1\nkernel.panic = 1"}}, "LW011", "cannot hold"),
        ({"sysctl": {"kernel.pid_max": 1, "kernel/pid_max": 2}}, "LW008", "given twice: 1 and 2"),
        ({"sysctl": ["a"]}, "LW003", "sysctl must be a map"),
        ({"limits": LIMIT}, "LW003", "a list of entries, not a map"),
        ({"limits": [7]}, "LW003", "limits.0 must be a map of domain"),
        ({"limits": [{**LIMIT, "note": "x"}]}, "LW003", "limits.0"),
        ({"limits": [{**LIMIT, "value": None}]}, "LW003", "limits.0.value"),
        ({"limits": [LIMIT, {**LIMIT, "type": "-", "value": 1}]}, "LW008", "twice"),
        ({"slices": {"user.slice": 5}}, "LW003", "slices.user.slice must be a map"),
        ({"units": {"a.service": {"TasksMax": [1]}}}, "LW003", "units.a.service.TasksMax"),
        ({"docker_daemon": "x"}, "LW003", "docker_daemon must be a map"),
    ],
)
def test_a_wrong_shape_is_one_finding(document: Any, code: str, words: str) -> None:
    _tuning, found = read(document, file="tuning.yml")
    assert [one.code for one in found] == [code]
    assert found[0].severity == "error"
    assert words in str(found[0])


PLACES = {
    ("sysctl",): Place("t.yml", 1, 1), ("sysctl", "kernel.pid_max"): Place("t.yml", 2, 3),
    ("limits", "0"): Place("t.yml", 4, 5), ("sysctls",): Place("t.yml", 7, 1),
}


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"sysctl": {"kernel.pid_max": True}}, Place("t.yml", 2, 3)),
        ({"sysctl": {"kernel.threads-max": True}}, Place("t.yml", 1, 1)),
        ({"limits": [{**LIMIT, "value": []}]}, Place("t.yml", 4, 5)),
        ({"sysctls": {}}, Place("t.yml", 7, 1)),
        ({"units": []}, Place("t.yml")),
    ],
)
def test_findings_stand_where_the_document_says_it(document: Any, place: Place) -> None:
    _tuning, (found,) = read(document, places=PLACES, file="t.yml")
    assert found.place == place


def test_items_know_where_they_stand() -> None:
    tuning, _found = read({"sysctl": {"kernel.pid_max": 5}}, places=PLACES, file="t.yml")
    assert tuning.items == (Item("sysctl", "", "kernel/pid_max", 5, Place("t.yml", 2, 3)),)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANYTHING = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3)
    | st.dictionaries(st.text(max_size=5) | st.integers(), below, max_size=3),
    max_leaves=10,
)
NAMES = ["sysctl", "limits", "slices", "units", "docker_daemon", "policy", "groups"]


@given(ANYTHING | st.dictionaries(st.sampled_from(NAMES), ANYTHING))
def test_any_document_gives_items_or_findings_and_never_a_traceback(document: Any) -> None:
    tuning, found = read(document, file="x")
    assert found or isinstance(document, dict)
    for one in tuning.items:
        assert (one.layer, one.key) != ("", "")
        assert isinstance(one.text, str)


@given(st.dictionaries(st.from_regex(r"[a-z~/]{1,4}", fullmatch=True), st.integers(), min_size=1))
def test_daemon_json_keys_are_never_mixed_up(keys: Dict[str, int]) -> None:
    tuning, _found = read({"docker_daemon": keys})
    got: List[Tuple[str, Any]] = [(one.key, one.value) for one in tuning.items]
    assert len({key for key, _value in got}) == len(keys)
    unescaped = {key[1:].replace("~1", "/").replace("~0", "~"): value for key, value in got}
    assert unescaped == keys
