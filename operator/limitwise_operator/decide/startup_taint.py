"""The start-up taint: a new node takes pods only when everything that selects it is in force."""

from __future__ import annotations

from . import restart
from .fleet import Fleet
from .verdict import Verdict
from .writes import RemoveStartupTaint


def removals(fleet: Fleet) -> list[RemoveStartupTaint]:
    """For each tainted node that is at its target."""
    return [
        RemoveStartupTaint(one.name, one.node.uid)
        for one in fleet.nodes.values()
        if one.node.startup_taint and at_target(fleet, one)
    ]


def at_target(fleet: Fleet, one: Verdict) -> bool:
    """Whether all valid tunings that select a node are in force there, restarts included.

    A tuning that is paused holds the node back: it would take pods without its limits. One that
    is invalid does not: nothing of it could ever be applied, and its author is told.
    """
    wanted = [judged for judged in fleet.groups[one.name].enforced if judged.valid]
    if not wanted:
        return not one.pending
    told = all(one.has(judged.tuning) for judged in wanted)
    return told and one.current and not one.phase and not restart.outstanding(fleet, one)
