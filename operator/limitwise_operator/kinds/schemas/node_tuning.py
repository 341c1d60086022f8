"""NodeTuning: what the limits of some nodes should be, and how the change spreads."""

from __future__ import annotations

from ..meta import ENFORCE, MODES, NODE_TUNING, NODE_TUNINGS, ON_DELETE, RESTORE
from .conditions import conditions
from .custom_resource import Kind
from .document import document
from .rollout import disruption, rollout
from .selector import selector
from .shapes import Schema, choice, listing, record, text, whole

DESCRIPTION = (
    "NodeTuning says what the limits of some nodes should be: threads, PIDs, open files, memory of"
    " slices, and so on. Every node that it selects gets them, in safe batches, keeps them, and"
    " gets its own values back when the NodeTuning goes. Who may create one governs the nodes as"
    " root does: keep it to administrators."
)


def _spec() -> Schema:
    return record(
        "What is wanted.",
        {
            "nodeSelector": selector(),
            "priority": whole(
                "Where several NodeTunings set one limit of a node, the highest priority wins;"
                " equal priorities with different values are a conflict, and the node keeps what"
                " it has.",
                -1000,
                1000,
                default=0,
            ),
            "mode": choice(
                "Enforce: nodes are made so and kept so. Report: nothing is changed, each"
                " NodeTuningState shows in status.preview what would be.",
                *MODES,
                default=ENFORCE,
            ),
            "onDelete": choice(
                "When the NodeTuning goes or no longer selects a node. Restore: the node gets the"
                " values back that it had before. Keep: it keeps the tuned ones.",
                *ON_DELETE,
                default=RESTORE,
            ),
            "tuning": document(
                "The limits, layer by layer: the same document as a fleet's `limitwise plan FILE`"
                " (`limitwise k8s render` makes one of the other). A layer without entries gives"
                " everything in it back.",
                judged=True,
            ),
            "rollout": rollout(),
            "disruption": disruption(),
        },
        ("nodeSelector", "tuning"),
    )


def _status() -> Schema:
    def nodes(what: str) -> Schema:
        return whole(f"Nodes {what}.", 0)

    counts = record(
        "How many nodes are how far.",
        {
            "matched": nodes("that are selected"),
            "current": nodes("that have the present content and keep it"),
            "updating": nodes("that are being changed"),
            "waiting": nodes("whose turn has not come"),
            "failed": nodes("on which it failed, or whose agent is silent"),
            "drifted": nodes("on which somebody has changed a value since"),
            "unavailable": nodes("not Ready, being deleted, or cordoned by others"),
            "conflicted": nodes("on which another NodeTuning of the same priority differs"),
        },
    )
    conflict = record(
        "One limit that two NodeTunings of the same priority want differently.",
        {
            "key": text("The limit, such as sysctl kernel.pid_max.", longest=1024),
            "with": text("The other NodeTuning.", longest=253),
            "values": listing("Both values.", text("A value.", longest=4096), most=8),
        },
        ("key", "with"),
    )
    problem = record(
        "One node that needs somebody's eye.",
        {
            "name": text("The node, and its NodeTuningState.", longest=253),
            "reason": text("Why, in one word.", longest=128),
            "message": text("Why, for people.", longest=4096),
        },
        ("name", "reason"),
    )
    return record(
        "How far it is; written by the operator.",
        {
            "observedGeneration": whole("The metadata.generation that all this is about.", 0),
            "revision": text("Name of the present content, the same on every node.", longest=64),
            "nodes": counts,
            "conflicts": listing("Conflicts with others, the first 20.", conflict, most=20),
            "problemNodes": listing("Nodes with problems, the first 20.", problem, most=20),
            "conditions": conditions(
                "Valid: it can be applied. Ready: every selected node has it. Progressing: nodes"
                " are being changed. Paused: why no further node is. Conflict: see conflicts."
            ),
        },
    )


def node_tuning() -> Kind:
    """The kind."""
    nodes = ".status.nodes"
    return Kind(
        kind=NODE_TUNING,
        plural=NODE_TUNINGS,
        short="nt",
        description=DESCRIPTION,
        spec=_spec(),
        status=_status(),
        columns=(
            ("Mode", "string", ".spec.mode", "Enforce or Report."),
            ("Priority", "integer", ".spec.priority", "The highest wins."),
            ("Matched", "integer", f"{nodes}.matched", "Nodes that are selected."),
            ("Current", "integer", f"{nodes}.current", "Nodes that have it."),
            ("Failed", "integer", f"{nodes}.failed", "Nodes on which it failed."),
            ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', "All have it."),
        ),
    )
