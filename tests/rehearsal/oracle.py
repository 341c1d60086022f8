"""What must be so in the end, worked out in the plainest way and without the planner's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limitwise_operator.decide import selector
from limitwise_operator.decide.observed import Observed
from limitwise_operator.decide.quantity import amount
from limitwise_operator.kinds.meta import KEEP
from limitwise_operator.kinds.node_tuning import NodeTuning
from limitwise_operator.kinds.node_tuning_state import NodeTuningState

from .world import World

Values = dict[str, Any]


def flat(document: Mapping[str, Any]) -> Values:
    """Values by ``layer key``, for documents of sysctl and docker_daemon without maps below."""
    return {
        f"{layer} {key}": value
        for layer, section in document.items()
        if layer != "policy"
        for key, value in section.items()
    }


def selects(one: NodeTuning, world: World, node: str) -> bool:
    """Whether a tuning wants to be in force on a node."""
    wanted = not one.deleting and not one.reports_only
    return wanted and selector.matches(one.selector, world.nodes[node].labels)


def wanted(world: World, node: str) -> tuple[Values, dict[str, set[Any]]]:
    """The values that a node must have, and for keys in conflict those that are proposed."""
    rivals: dict[str, list[tuple[int, Any]]] = {}
    for one in world.tunings.values():
        if selects(one, world, node):
            for key, value in flat(one.tuning).items():
                rivals.setdefault(key, []).append((one.priority, value))
    values: Values = {}
    conflicts: dict[str, set[Any]] = {}
    for key, found in rivals.items():
        top = max(priority for priority, _value in found)
        winners = {value for priority, value in found if priority == top}
        if len(winners) == 1:
            values[key] = winners.pop()
        else:
            conflicts[key] = winners
    return values, conflicts


def check_values(world: World, node: str, kept: Mapping[str, NodeTuning]) -> None:
    """``kept``: tunings that were deleted or left with onDelete Keep at some time, by name."""
    values, conflicts = wanted(world, node)
    found = flat(world.in_force.get(node, {}))
    for key, value in values.items():
        assert found.get(key) == value, f"{node}: {key} is {found.get(key)}, not {value}"
    state = world.states.get(node)
    left = found.keys() - values.keys()
    givers = _givers(state) if state is not None else {}
    for key in left:
        giver = givers[key]
        there = giver in world.tunings and selects(world.tunings[giver], world, node)
        assert (key in conflicts and there) or giver in kept, f"{node}: {key} is {giver}'s"


def _givers(state: NodeTuningState) -> dict[str, str]:
    """By ``layer key``, who gave it."""
    found = {}
    for key, name in state.spec.content.provenance.items():
        layer, _subject, rest = key.split("|", 2)
        found[f"{layer} {rest.lstrip('/')}"] = name
    return found


def keeps(one: NodeTuning) -> bool:
    """Whether its values stay when it goes."""
    return one.on_delete == KEEP


def moving(world: World, name: str | None = None) -> set[str]:
    """Nodes in change: told something that their agents have not ended, or being restarted.

    ``name``: only those that were told something of that tuning.
    """
    found = set()
    for state in world.states.values():
        go, restart = state.spec.go_ahead, state.spec.restart
        if not _present(world, state) or go is None:
            continue
        told = state.status.observed_revision != state.spec.revision
        restarting = restart is not None and restart.phase in ("Draining", "Granted")
        late = (world.now - go.time).total_seconds() > 600
        changing = told and not late
        if (changing and name in go.tunings) or (name is None and (changing or restarting)):
            found.add(state.name)
    return found


def _present(world: World, state: NodeTuningState) -> bool:
    """Whether a state is that of a node which is there, not of a former one of its name."""
    node = world.nodes.get(state.name)
    return node is not None and node.uid == state.spec.node_uid


def unresolved(world: World, name: str) -> set[str]:
    """Nodes that were told of a tuning and have not come through, or are out for a restart: more
    may be told to these, as they are counted already.
    """
    return {
        state.name
        for state in world.states.values()
        if _present(world, state)
        and state.spec.go_ahead is not None
        and name in state.spec.go_ahead.tunings
        and not (
            any(one.type == "Applied" and one.true for one in state.status.conditions)
            and state.spec.restart is None
        )
    } | moving(world, name)


def limit(written: int | str, nodes: int) -> int:
    """A budget in nodes."""
    return amount(written).of(nodes)


def pools(one: NodeTuning, believed: Observed) -> dict[str, set[str]]:
    """By pool, the nodes that a tuning selects or has given something to."""
    found: dict[str, set[str]] = {}
    for node in believed.nodes.values():
        state = believed.states.get(node.name)
        own = state if state is not None and state.spec.node_uid == node.uid else None
        holds = own is not None and own.spec.content.source(one.name) is not None
        if holds or selector.matches(one.selector, node.labels):
            pool = node.labels["pool"] if one.rollout.pool_label else ""
            found.setdefault(pool, set()).add(node.name)
    return found
