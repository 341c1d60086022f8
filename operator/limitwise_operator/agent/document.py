"""The document of a run: what is wanted, and every layer that still holds something of ours.

A layer that is named and empty goes back to its originals; one that nobody names is not touched.
So a deleted tuning is a document of empty layers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError
from ansible_collections.limitwise.host.plugins.module_utils.tuning import type_of

UNSAFE = "__ansible_unsafe"
# What an author of cluster objects has no say in: `disruption` and the agent's form decide it.
OURS = ("restart", "reboot", "confirm", "boot_script")


def document(
    tuning: Mapping[str, Any], holds: Iterable[str], restart: bool = False
) -> dict[str, Any]:
    """The engine's document for `tuning` on a node whose layers `holds` have values of ours.

    `restart`: services may be restarted now, because the operator has granted it.
    """
    policy = {key: value for key, value in policy_of(tuning).items() if key not in OURS}
    if restart:
        policy["restart"] = "if-needed"
    whole = {name: section for name, section in tuning.items() if name != "policy"}
    for layer in sorted(holds):
        whole.setdefault(layer, type_of(layer)())
    return {"policy": policy, **whole} if policy else whole


def policy_of(tuning: Mapping[str, Any]) -> Mapping[str, Any]:
    """The policy section; an empty one where there is none."""
    found = tuning.get("policy")
    return found if isinstance(found, Mapping) else {}


def wrapped(value: Any) -> Any:
    """The value with every text marked so that Ansible never takes it for a template.

    Keys are no templates for Ansible, but one that begins like a mark would be read as the mark:
    InputError.
    """
    if isinstance(value, str):
        return {UNSAFE: value}
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or key.startswith("__ansible"):
                raise InputError(f"{key!r} cannot be a key of a tuning")
        return {key: wrapped(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [wrapped(one) for one in value]
    return value
