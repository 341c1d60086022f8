"""The document of a run, and how its texts are kept from being templates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read
from limitwise_operator.agent.document import UNSAFE, document, wrapped

PIDS = {"kernel.pid_max": 4194304}


@pytest.mark.parametrize(
    ("tuning", "holds", "restart", "wanted"),
    [
        ({}, (), False, {}),
        ({"sysctl": PIDS}, (), False, {"sysctl": PIDS}),
        ({}, ("sysctl", "limits"), False, {"limits": [], "sysctl": {}}),
        ({"sysctl": PIDS}, ("sysctl", "units"), False, {"sysctl": PIDS, "units": {}}),
        (
            {"policy": {"maximum": {}, "restart": "if-needed", "confirm": "60s"}}, (), False,
            {"policy": {"maximum": {}}},
        ),
        ({"sysctl": PIDS}, (), True, {"policy": {"restart": "if-needed"}, "sysctl": PIDS}),
        ({"policy": "x", "sysctl": PIDS}, (), False, {"sysctl": PIDS}),
    ],
)
def test_the_document(
    tuning: dict[str, Any], holds: tuple[str, ...], restart: bool, wanted: dict[str, Any]
) -> None:
    assert document(tuning, holds, restart) == wanted


@given(st.sets(st.sampled_from(["sysctl", "limits", "slices", "units", "docker_daemon"])))
def test_a_deleted_tuning_names_every_layer_that_holds_something(holds: set[str]) -> None:
    tuning, findings = read(document({}, holds))
    assert set(tuning.layers) == holds
    assert tuning.items == ()
    assert findings == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.text().filter(lambda key: not key.startswith("__ansible")), inner
    ),
)


def unwrapped(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {UNSAFE}:
            return value[UNSAFE]
        return {key: unwrapped(below) for key, below in value.items()}
    return [unwrapped(one) for one in value] if isinstance(value, list) else value


def bare_texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        below = [] if set(value) == {UNSAFE} else list(value.values())
        return [text for one in below for text in bare_texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in bare_texts(one)]
    return [value] if isinstance(value, str) else []


@given(json_values)
def test_every_text_is_wrapped_and_nothing_is_lost(value: Any) -> None:
    found = wrapped(value)
    assert bare_texts(found) == []
    assert unwrapped(found) == value


@pytest.mark.parametrize("key", [UNSAFE, "__ansible_vault", "__ansible_type", 3])
def test_a_key_that_is_a_mark_is_refused(key: Any) -> None:
    with pytest.raises(InputError):
        wrapped({"sysctl": {key: "x"}})
