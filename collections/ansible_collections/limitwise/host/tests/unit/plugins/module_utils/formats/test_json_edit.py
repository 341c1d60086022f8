# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Editing JSON in place: the layout of the text is kept, and nothing else moves."""

from __future__ import annotations

import json
from typing import Any, Dict, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.formats.json_edit import (
    prune,
    remove,
    set_value,
)
from ansible_collections.limitwise.host.plugins.module_utils.formats.json_text import (
    parse,
    parse_value,
    quoted,
)

OBJECTS = st.dictionaries(
    st.text(max_size=3),
    st.recursive(
        st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
        ),
        max_leaves=6,
    ),
    min_size=1,
    max_size=4,
)
LAYOUTS = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 1, 2, 4, "\t"]),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]),
        "ensure_ascii": st.booleans(),
    }
)


@pytest.mark.parametrize(
    ("text", "path", "value", "result"),
    [
        ("", "a", "1", '{\n  "a": 1\n}\n'),
        ("\r\n", "a", "1", '{\r\n  "a": 1\r\n}\r\n'),
        ("{}", "a", "1", '{\n  "a": 1\n}'),
        ("{ }\n", "a.b", "1", '{\n  "a": {\n    "b": 1\n  }\n}\n'),
        ('{"a":1}', "a", "2", '{"a":2}'),
        ('{"a":1}', "b", "[1,2]", '{"a":1,"b":[1,2]}'),
        ('{"a": 1}', "b", "[1,2]", '{"a": 1, "b": [1, 2]}'),
        ('{ "a": 1 }', "b", "2", '{ "a": 1, "b": 2 }'),
        ('{ "a" : 1 }', "b.c", "2", '{ "a" : 1, "b" : {"c" : 2} }'),
        ('{"a": {}}', "a.b", "2", '{"a": {"b": 2}}'),
        ('{"a": 5}', "a.b.c", "2", '{"a": {"b": {"c": 2}}}'),
        ('{"a": 1, "a": 2}', "a", "3", '{"a": 1, "a": 3}'),
        (
            '{\n    "a": 1\n}\n',
            "b.c",
            '{"x":[1],"y":2}',
            '{\n    "a": 1,\n    "b": {\n        "c": {"x": [1], "y": 2}\n    }\n}\n',
        ),
        ('{\n\t"a": {}\n}', "a.b", "1", '{\n\t"a": {\n\t\t"b": 1\n\t}\n}'),
        ('{\r\n  "a": 1\r\n}', "b", "2", '{\r\n  "a": 1,\r\n  "b": 2\r\n}'),
        ('{\n  "a": 1,\n\n  "b": 2\n}', "c", "3", '{\n  "a": 1,\n\n  "b": 2,\n  "c": 3\n}'),
        ('{\n  "a":\n    1\n}', "b", "2", '{\n  "a":\n    1,\n  "b": 2\n}'),
        (
            '{\n  "a": {\n    "b": 1\n  },\n  "z": 9\n}',
            "a.c.d",
            "2",
            '{\n  "a": {\n    "b": 1,\n    "c": {\n      "d": 2\n    }\n  },\n  "z": 9\n}',
        ),
        ('{"a": 10000000000000000000000, "b": 1.0}', "b", "1.50",
         '{"a": 10000000000000000000000, "b": 1.50}'),
    ],
)  # fmt: skip
def test_set(text: str, path: str, value: str, result: str) -> None:
    assert set_value(text.encode(), path.split("."), parse_value(value)).decode() == result


@pytest.mark.parametrize(
    ("text", "path", "result"),
    [
        ('{"a": 1, "b": 2, "c": 3}', "a", '{"b": 2, "c": 3}'),
        ('{"a": 1, "b": 2, "c": 3}', "b", '{"a": 1, "c": 3}'),
        ('{"a": 1, "b": 2, "c": 3}', "c", '{"a": 1, "b": 2}'),
        ('{"a": 1}', "a", "{}"),
        ('{\n  "a": 1,\n  "b": 2\n}\n', "a", '{\n  "b": 2\n}\n'),
        ('{\n  "a": 1,\n  "b": 2\n}\n', "b", '{\n  "a": 1\n}\n'),
        ('{"a": 1, "b": 2, "a": 3, "a": 4}', "a", '{"b": 2}'),
        ('{"b": 2, "a": 3, "a": 4}', "a", '{"b": 2}'),
        ('{"a": 3, "a": 4, "b": 2}', "a", '{"b": 2}'),
        ('{"a": {"b": 1}}', "a.b", '{"a": {}}'),
        ('{"a": {"b": 1}}', "a.c", '{"a": {"b": 1}}'),
        ('{"a": 1}', "a.c", '{"a": 1}'),
        ('{"a": 1}', "b.c", '{"a": 1}'),
        ("", "a", ""),
    ],
)
def test_remove(text: str, path: str, result: str) -> None:
    assert remove(text.encode(), path.split(".")).decode() == result


@pytest.mark.parametrize(
    ("text", "path", "result"),
    [
        ('{"a": {"b": {"c": 1}}, "d": 1}', "a.b.c", '{"d": 1}'),
        ('{"a": {"b": {"c": 1}, "e": 2}}', "a.b.c", '{"a": {"e": 2}}'),
        ('{"a": {"b": 1, "c": 2}}', "a.b", '{"a": {"c": 2}}'),
        ('{"a": {"b": 1}}', "a.b", "{}"),
        ('{"a": {}}', "a.b", '{"a": {}}'),
    ],
)
def test_prune(text: str, path: str, result: str) -> None:
    assert prune(text.encode(), path.split(".")).decode() == result


def same(left: object, right: object) -> bool:
    """Equal with the keys in the same order."""
    return json.dumps(left) == json.dumps(right)


@given(OBJECTS, LAYOUTS, st.lists(st.text(max_size=3), min_size=1, max_size=3), st.integers())
def test_set_changes_one_value_and_keeps_the_order(
    value: Dict[str, Any], layout: Dict[str, Any], path: Any, new: int
) -> None:
    data = json.dumps(value, **layout).encode()
    expected = json.loads(json.dumps(value))
    node = expected
    for key in path[:-1]:
        if not isinstance(node.get(key), dict):
            node[key] = {}
        node = node[key]
    node[path[-1]] = new
    assert same(json.loads(set_value(data, path, parse_value(str(new)))), expected)


@given(OBJECTS, LAYOUTS, st.lists(st.text(max_size=3), max_size=2), st.integers())
def test_what_is_added_goes_without_a_trace(
    value: Dict[str, Any], layout: Dict[str, Any], below: Any, new: int
) -> None:
    data = json.dumps(value, **layout).encode()
    path: Tuple[str, ...] = ("new!", *below)
    added = set_value(data, path, parse_value(str(new)))
    assert added != data
    assert prune(added, path) == data


@given(OBJECTS, LAYOUTS, st.data())
def test_a_replaced_value_is_all_that_changes(
    value: Dict[str, Any], layout: Dict[str, Any], data: st.DataObject
) -> None:
    text = json.dumps(value, **layout)
    key = data.draw(st.sampled_from(sorted(value)))
    member = parse(text.encode()).root.find(key)
    assert member is not None
    before, after = text[: member.value.start], text[member.value.end :]
    assert before.rstrip(" :").endswith((quoted(key), json.dumps(key)))
    result = set_value(text.encode(), [key], parse_value('"new"')).decode()
    assert result == before + '"new"' + after
