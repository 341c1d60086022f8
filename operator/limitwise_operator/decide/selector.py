"""Label selectors, with the meaning that Kubernetes gives them; one that says nothing: no node."""

from __future__ import annotations

from collections.abc import Mapping

from ..kinds.node_tuning import NodeSelector, Requirement

IN = "In"
NOT_IN = "NotIn"
EXISTS = "Exists"
DOES_NOT_EXIST = "DoesNotExist"
WITH_VALUES = (IN, NOT_IN)
OPERATORS = (IN, NOT_IN, EXISTS, DOES_NOT_EXIST)


def matches(selector: NodeSelector, labels: Mapping[str, str]) -> bool:
    """Whether a node with these labels is selected."""
    if selector.all:
        return True
    if not selector.match_labels and not selector.match_expressions:
        return False
    return all(labels.get(key) == value for key, value in selector.match_labels) and all(
        _meets(one, labels) for one in selector.match_expressions
    )


def _meets(one: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(one.key)
    if one.operator == IN:
        return value is not None and value in one.values
    if one.operator == NOT_IN:
        return value is None or value not in one.values
    if one.operator == EXISTS:
        return value is not None
    return one.operator == DOES_NOT_EXIST and value is None


def problems(selector: NodeSelector) -> tuple[str, ...]:
    """What is wrong with a selector, in words."""
    labelled = bool(selector.match_labels or selector.match_expressions)
    if selector.all and labelled:
        return ("nodeSelector: all: true and labels exclude each other",)
    if not selector.all and not labelled:
        return ("nodeSelector selects nothing; say all: true for every node",)
    return tuple(found for one in selector.match_expressions for found in _wrong(one))


def _wrong(one: Requirement) -> list[str]:
    if one.operator not in OPERATORS:
        return [f"nodeSelector: {one.key}: {one.operator!r} is none of {', '.join(OPERATORS)}"]
    if (one.operator in WITH_VALUES) != bool(one.values):
        needs = "needs values" if one.operator in WITH_VALUES else "has no values"
        return [f"nodeSelector: {one.key}: {one.operator} {needs}"]
    return []
