"""The tuning document as a schema: the same layers as the engine's, and what policy may say."""

from __future__ import annotations

from ..node_tuning import ELSEWHERE
from .daemon import daemon
from .directives import slices, units
from .kubelet import kubelet
from .logins import logins
from .shapes import Schema, either, listing, mapping, record, rule, ruled, text, whole
from .sysctls import sysctls

DOCUMENTS = 16
"""So many full NodeTunings fit into one node's state."""


def policy(*, judged: bool) -> Schema:
    """How far limits may go; with refusals that say where the rest belongs."""
    fields = {
        "allow_lowering": listing(
            "Limits that may go down (kernel.pid_max, containerd.service LimitNOFILE, hard"
            " nofile); never below present use.",
            text("A limit's name.", longest=512),
            most=256,
        ),
        "maximum": mapping(
            "How far a limit may be raised, by name; for the relief of a full node too.",
            whole("The most it may become.", 0),
            most=256,
        ),
    }
    if not judged:
        return record("Bounds of the tuning.", fields)
    for name, instead in ELSEWHERE.items():
        fields[name] = either(f"Not here: {instead}.")
    rules = [
        rule(f"!has(self.{name})", f"policy.{name} is not for NodeTunings: {instead}")
        for name, instead in ELSEWHERE.items()
    ]
    return ruled(record("Bounds of the tuning.", fields), *rules)


def document(description: str, *, judged: bool) -> Schema:
    """A tuning; `judged` adds what only a document that people write needs."""
    layers = {
        "sysctl": sysctls(judged=judged),
        "limits": logins(merged_by_key=judged),
        "slices": slices(),
        "units": units(),
        "docker_daemon": daemon(),
        "kubelet": kubelet(),
    }
    sections = {"policy": policy(judged=judged), **layers}
    if judged:
        return {**record(description, sections), "minProperties": 1}
    return record(description, {name: _merged(section) for name, section in sections.items()})


def _merged(section: Schema) -> Schema:
    """A node may have several documents' entries in one."""
    bounds = [name for name in ("maxProperties", "maxItems") if name in section]
    return {**section, **{name: section[name] * DOCUMENTS for name in bounds}}
