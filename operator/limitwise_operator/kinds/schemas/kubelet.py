"""The layer of the kubelet's own configuration: the PID limits that only it can raise for good."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.kubelet import (
    KEYS,
    THRESHOLD,
    KubeletKey,
)

from .shapes import Schema, either, record, rule, ruled

MAPS = {
    "systemReserved": "What is kept for the host's own services.",
    "kubeReserved": "What is kept for the kubelet and the container runtime.",
    "evictionHard": "When pods are evicted at once. The node's other signals stay.",
}
_SHARE = r"|[0-9]{1,3}(\.[0-9]+)?%"


def kubelet() -> Schema:
    """The layer."""
    return record(
        "PID limits in the kubelet's configuration. It writes kubepods' and the pods' pids.max from"
        " them, so writing those cgroups by other means does not last. Needs a restart of the"
        " kubelet, which spec.disruption has to allow; pods that ran before keep their limit.",
        _below((), KEYS),
    )


def _below(path: tuple[str, ...], keys: Iterable[KubeletKey]) -> dict[str, Schema]:
    """The fields at a path: those that are limits, and maps that hold some."""
    groups: dict[str, list[KubeletKey]] = {}
    for key in keys:
        groups.setdefault(key.pointer.split("/")[len(path) + 1], []).append(key)
    return {
        name: _limit(group[0])
        if group[0].pointer == "/" + "/".join((*path, name))
        else record(MAPS[name], _below((*path, name), group))
        for name, group in groups.items()
    }


def _limit(key: KubeletKey) -> Schema:
    words = f"{key.doc[0].upper()}{key.doc[1:]}: {key.wanted}."
    words += f" The kubelet takes {key.default} otherwise." if key.default else ""
    share = _SHARE if key.kind == THRESHOLD else ""
    bounds = {"minimum": key.smallest}
    if key.largest < 2**53:  # the server compares as floating point
        bounds["maximum"] = key.largest
    schema = either(words, f"^(-?[0-9]{{1,19}}{share})$", **bounds)
    if key.pointer != "/podPidsLimit":
        return schema
    return ruled(schema, rule("self != 0 && self != '0'", "0 is no limit at all: -1 is"))
