"""What we may change of a Node, as JSON patches of the Node as it was just read.

Taints are a list without keys to a JSON patch, so each patch replaces the whole list and holds
only for exactly the version that it was made from: whoever changes a taint meanwhile wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..kinds.meta import (
    CORDON_ANNOTATION,
    DRAIN_TAINT,
    NO_SCHEDULE,
    NODE_REMEDIATION,
    STARTUP_TAINT,
)
from ..kinds.node import Cordon

Ops = list[dict[str, Any]]


def cordon(node: Mapping[str, Any], note: Cordon) -> Ops:
    """Out of service, by us: unschedulable, our taint, our note. Empty when it is so already."""
    ours = {"key": DRAIN_TAINT, "effect": NO_SCHEDULE}
    kept = [one for one in _taints(node) if one.get("key") != DRAIN_TAINT]
    ops = _annotation(node, note.to_text())
    if ours not in _taints(node):
        ops.append({"op": "add", "path": "/spec/taints", "value": [*kept, ours]})
    if not node["spec"].get("unschedulable"):
        ops.append({"op": "add", "path": "/spec/unschedulable", "value": True})
    return _if_unchanged(node, ops)


def outdated(node: Mapping[str, Any], note: Cordon) -> bool:
    """Whether somebody has cordoned or uncordoned it since: by the note it is given back.

    A restart's note says what its state remembers, which was written down before.
    """
    if not note.by.startswith(f"{NODE_REMEDIATION}/"):
        return False
    own = (node["metadata"].get("annotations") or {}).get(CORDON_ANNOTATION)
    return own is None and bool(node["spec"].get("unschedulable")) != note.unschedulable_before


def uncordon(node: Mapping[str, Any], schedulable: bool) -> Ops:
    """Our taint and note off and, if `schedulable`, pods may come again."""
    ops = _annotation(node, None) + _without(node, DRAIN_TAINT)
    if schedulable and node["spec"].get("unschedulable"):
        ops.append({"op": "remove", "path": "/spec/unschedulable"})
    return _if_unchanged(node, ops)


def tuned(node: Mapping[str, Any]) -> Ops:
    """The start-up taint off."""
    return _if_unchanged(node, _without(node, STARTUP_TAINT))


def _taints(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(node["spec"].get("taints") or ())


def _without(node: Mapping[str, Any], key: str) -> Ops:
    taints = _taints(node)
    kept = [one for one in taints if one.get("key") != key]
    if len(kept) == len(taints):
        return []
    return [{"op": "add", "path": "/spec/taints", "value": kept}]


def _annotation(node: Mapping[str, Any], text: str | None) -> Ops:
    present = node["metadata"].get("annotations")
    if (present or {}).get(CORDON_ANNOTATION) == text:
        return []
    path = "/metadata/annotations/" + CORDON_ANNOTATION.replace("~", "~0").replace("/", "~1")
    if text is None:
        return [{"op": "remove", "path": path}]
    if present is None:
        return [{"op": "add", "path": "/metadata/annotations", "value": {CORDON_ANNOTATION: text}}]
    return [{"op": "add", "path": path, "value": text}]


def _if_unchanged(node: Mapping[str, Any], ops: Ops) -> Ops:
    if not ops:
        return []
    version = node["metadata"]["resourceVersion"]
    return [{"op": "add", "path": "/metadata/resourceVersion", "value": version}, *ops]
