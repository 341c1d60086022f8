# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet's tuning as a NodeTuning and back: pure, with a note for whatever has no counterpart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError, Place

GROUP = "limitwise.dev"
API_VERSION = f"{GROUP}/v1alpha1"
KIND = "NodeTuning"
MODES = ("Enforce", "Report")
ON_DELETE = ("Restore", "Keep")
RESTARTS = ("Never", "Allowed", "AfterDrain")

NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
LABEL = re.compile(r"(!?)([A-Za-z0-9][A-Za-z0-9._/-]{0,316})(?:(!?)==?([A-Za-z0-9._-]{0,63}))?")
LARGEST = 2**63 - 1  # what the API server takes as a whole number

TO_RESTART = {"never": "Never", "if-needed": "Allowed"}
FROM_RESTART = {"Never": "never", "Allowed": "if-needed", "AfterDrain": "if-needed"}
NO_REBOOT = "reboots of nodes are left to you"
INSTEAD = {
    "confirm": "a rollout stops at the first nodes that fail",
    "boot_script": "nodes boot with systemd",
}
STAYS_BEHIND = ("nodeSelector", "priority", "mode", "onDelete", "rollout")

Document = Dict[str, Any]
Notes = Tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """What a NodeTuning has beyond its tuning. ``restart``: "" to take it from the policy."""

    name: str
    selector: Mapping[str, Any]
    priority: int = 0
    mode: str = "Enforce"
    on_delete: str = "Restore"
    restart: str = ""


def selector(everywhere: bool, labels: Sequence[str]) -> Document:
    """A nodeSelector from ``--all`` or from words such as pool=a, pool!=a, gpu and !gpu."""
    if everywhere == bool(labels):
        raise InputError(
            "a NodeTuning says which nodes it is for", remedy="give either --all or --selector"
        )
    if everywhere:
        return {"all": True}
    matched: Dict[str, str] = {}
    expressions: List[Document] = []
    for word in (part for text in labels for part in text.split(",")):
        found = LABEL.fullmatch(word.strip())
        if not found or (found.group(1) and found.group(4) is not None):
            raise InputError(f"--selector {word}: pool=a, pool!=a, gpu or !gpu is wanted")
        absent, key, unequal, value = found.groups()
        if value is None:
            operator = "DoesNotExist" if absent else "Exists"
            expressions.append({"key": key, "operator": operator})
        elif unequal:
            expressions.append({"key": key, "operator": "NotIn", "values": [value]})
        elif matched.setdefault(key, value) != value:
            raise InputError(f"--selector {word}: no node has two values of {key}")
    wanted: Document = {"matchLabels": matched} if matched else {}
    return {**wanted, **({"matchExpressions": expressions} if expressions else {})}


def rendered(document: Mapping[str, Any], wish: Wish) -> Tuple[Document, Notes]:
    """The NodeTuning of a document that the engine has read without errors, and what it lost."""
    if not NAME.fullmatch(wish.name):
        raise InputError(
            f"{wish.name!r} is no name for an object: small letters, digits, - and .",
            remedy="say it with --name",
        )
    notes: List[str] = []
    disruption: Document = {}
    tuning: Document = {}
    for name, section in document.items():
        if name == "policy":
            bounds, disruption = _policy(section or {}, notes)
            tuning.update({"policy": bounds} if bounds else {})
        else:
            tuning[name] = _section(name, section, notes)
    if not tuning:
        raise InputError("the tuning names no layer: there is nothing to render")
    if wish.restart:
        disruption["restart"] = wish.restart
    spec: Document = {
        "nodeSelector": dict(wish.selector),
        "priority": wish.priority,
        "mode": wish.mode,
        "onDelete": wish.on_delete,
        "tuning": tuning,
        **({"disruption": disruption} if disruption else {}),
    }
    body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": wish.name}, "spec": spec}
    return body, tuple(notes)


def extracted(body: Any, file: str) -> Tuple[Document, Notes]:
    """The fleet's document of a NodeTuning, and what of it a fleet says elsewhere."""
    here = Place(file)
    version = str(body.get("apiVersion")) if isinstance(body, Mapping) else ""
    if version.partition("/")[0] != GROUP or body.get("kind") != KIND:
        raise InputError(f"is no {KIND} of {GROUP}", place=here)
    spec = _map(body, "spec", here)
    tuning = _map(spec, "tuning", here)
    disruption = _map(spec, "disruption", here)
    notes: List[str] = []
    policy = dict(_map(tuning, "policy", here))
    restart = disruption.get("restart")
    if restart is not None:
        if restart not in RESTARTS:
            raise InputError(f"disruption.restart {restart!r}: no such word", place=here)
        policy["restart"] = FROM_RESTART[restart]
        if restart == "AfterDrain":
            notes.append("disruption.restart: a fleet's hosts are not drained before a restart")
    if "reboot" in disruption:
        policy["reboot"] = "never"
    left = [name for name in STAYS_BEHIND if name in spec]
    if left:
        notes.append(f"{', '.join(left)}: a fleet says such things in its inventory and its play")
    layers = {name: section for name, section in tuning.items() if name != "policy"}
    return {**({"policy": policy} if policy else {}), **layers}, tuple(notes)


def _map(body: Mapping[str, Any], key: str, place: Place) -> Mapping[str, Any]:
    found = body.get(key)
    if not isinstance(found, (Mapping, type(None))):
        raise InputError(f"has a {key} that is no map", place=place)
    return found or {}


def _policy(section: Mapping[str, Any], notes: List[str]) -> Tuple[Document, Document]:
    """What stays policy, and what is disruption."""
    bounds: Document = {}
    disruption: Document = {}
    for key, value in section.items():
        if value is None:
            continue
        if key == "restart":
            disruption["restart"] = TO_RESTART[value]
        elif key == "reboot" and value == "never":
            disruption["reboot"] = "Never"
        elif key == "reboot":
            notes.append(f"policy.reboot is left out: {NO_REBOOT}")
        elif key in INSTEAD:
            notes.append(f"policy.{key} is left out: {INSTEAD[key]}")
        else:
            bounds[key] = value
    return bounds, disruption


def _section(name: str, section: Any, notes: List[str]) -> Any:
    if name == "limits":
        return _logins(section or [])
    if name == "kubelet":
        section = _nested(section or {})
    return _plain(name, section or {}, notes)


def _logins(entries: Sequence[Mapping[str, Any]]) -> List[Document]:
    """One entry for each domain, type and item; the API server knows these in small letters."""
    found: Dict[Tuple[str, str, str], Document] = {}
    for entry in entries:
        limit = {
            "domain": str(entry["domain"]),
            "type": str(entry["type"]).lower(),
            "item": str(entry["item"]).lower(),
        }
        found.setdefault(
            (limit["domain"], limit["type"], limit["item"]),
            {**limit, "value": _number(entry["value"])},
        )
    return list(found.values())


def _nested(section: Mapping[str, Any]) -> Document:
    """``evictionHard.pid.available: 5%`` as a map in a map, which is how the API server has it."""
    whole: Document = {}
    for key, value in section.items():
        first, dot, rest = str(key).partition(".")
        if dot:
            whole.setdefault(first, {})[rest] = value
        elif isinstance(value, Mapping):
            whole.setdefault(first, {}).update(value)
        else:
            whole[first] = value
    return whole


def _plain(path: str, value: Any, notes: List[str]) -> Any:
    """The value as the API server can keep it: no null, no number beyond 64 bits."""
    if isinstance(value, Mapping):
        whole = {}
        for key, below in value.items():
            if below is None:
                notes.append(f"{path}.{key} is left out: it has no value")
            else:
                whole[str(key)] = _plain(f"{path}.{key}", below, notes)
        return whole
    if isinstance(value, list):
        return [_plain(path, one, notes) for one in value]
    return _number(value) if isinstance(value, (str, int, float)) else str(value)


def _number(value: Any) -> Any:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if whole and abs(value) > LARGEST else value
