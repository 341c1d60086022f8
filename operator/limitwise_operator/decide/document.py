"""The engine's items as the engine's document again: what ``tuning.read`` takes apart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from ansible_collections.limitwise.host.plugins.module_utils import engine, tuning
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.rules.tuning import (
    NOT_A_LIMIT,
)
from ansible_collections.limitwise.host.plugins.module_utils.findings import Finding, errors
from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import dotted
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item, Tuning

from ..kinds.node_tuning import ELSEWHERE


def plain(document: Mapping[str, Any]) -> str:
    """A document as the text under which it is known: equal documents have equal texts."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=512)
def read(text: str, origin: str = "") -> Tuning:
    """The document behind a text; what is wrong with it is :func:`problems`' to say."""
    found, _findings = tuning.read(json.loads(text), origin=origin)
    return found


@lru_cache(maxsize=512)
def problems(text: str) -> tuple[str, ...]:
    """Everything that the engine refuses in a document, and what belongs elsewhere.

    A key that is no limit is each node's to refuse: its /etc/limitwise/allow may name it.
    """
    document = json.loads(text)
    policy = document.get("policy")
    misplaced = [
        f"tuning.policy.{name}: {instead}"
        for name, instead in ELSEWHERE.items()
        if isinstance(policy, dict) and name in policy
    ]
    one, findings = tuning.read(document)
    found: list[Finding] = errors(findings) or errors(engine.check(one))
    wrong = [str(finding) for finding in found if finding.code != NOT_A_LIMIT.code]
    return (*misplaced, *wrong)


def key(item: Item) -> str:
    """``layer|subject|key``: how provenance and conflicts name a value."""
    return f"{item.layer}|{item.subject}|{dotted(item.key) if item.layer == 'sysctl' else item.key}"


def name(item: Item) -> str:
    """How statuses name a value: ``sysctl kernel.pid_max``."""
    return f"{item.layer} {item.name}"


def written(merged: Tuning) -> dict[str, Any]:
    """The document of a tuning: reading it gives the same layers, items and policy."""
    document: dict[str, Any] = {}
    for layer in merged.layers:
        items = merged.of(layer)
        if tuning.type_of(layer) is list:
            document[layer] = _entries(items)
        elif layer == "sysctl":
            document[layer] = {dotted(item.key): item.value for item in items}
        else:
            document[layer] = _nested(items)
    policy = _policy(merged.policy)
    return {"policy": policy, **document} if policy else document


def _entries(items: Iterable[Item]) -> list[dict[str, Any]]:
    """Entries of limits; soft and hard of one value are one entry with ``-``."""
    found: dict[tuple[str, str, str], set[str]] = {}
    values: dict[tuple[str, str, str], Any] = {}
    for item in items:
        kind, what = item.key.split(" ", 1)
        same = (item.subject, what, item.text)
        found.setdefault(same, set()).add(kind)
        values[same] = item.value
    return [
        {
            "domain": domain,
            "type": "-" if len(kinds) > 1 else min(kinds),
            "item": what,
            "value": values[domain, what, text],
        }
        for (domain, what, text), kinds in found.items()
    ]


def _nested(items: Iterable[Item]) -> dict[str, Any]:
    """Maps by subject and key, or by the parts of a JSON pointer (RFC 6901)."""
    section: dict[str, Any] = {}
    # Shorter pointers first: an empty map that is a value of its own may be filled by others.
    for item in sorted(items, key=lambda one: len(one.key)):
        pointer = item.key.startswith("/")
        parts = [_unescaped(part) for part in item.key.split("/")[1:]] if pointer else [item.key]
        below = section
        for part in [*([item.subject] if item.subject else []), *parts[:-1]]:
            inner = below.setdefault(part, {})
            below = inner if isinstance(inner, dict) else below
        below[parts[-1]] = dict(item.value) if isinstance(item.value, dict) else item.value
    return section


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _policy(policy: Policy) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if policy.allow_lowering:
        found["allow_lowering"] = list(policy.allow_lowering)
    if policy.maximum:
        found["maximum"] = dict(policy.maximum)
    return found
