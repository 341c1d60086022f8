"""NodeTuningState: one node's wanted limits from the operator, how it fares from its agent."""

from __future__ import annotations

from ..meta import NODE_TUNING_STATE, NODE_TUNING_STATES, ON_DELETE, RESTART_PHASES
from . import emergency
from .conditions import conditions
from .custom_resource import Kind
from .document import document
from .shapes import (
    Schema,
    boolean,
    choice,
    either,
    listing,
    mapping,
    record,
    rule,
    ruled,
    text,
    time,
    whole,
)

DESCRIPTION = (
    "NodeTuningState is one node's share of all NodeTunings, under the node's own name. The"
    " operator writes spec: the merged tuning and where each value comes from. The agent on that"
    " node, and nobody else, writes status: what is applied, what would change, who else writes"
    " there. It belongs to the Node and goes with it."
)
REVISION = r"^[0-9a-f]{12}$"
_NAME = 253
_VALUE = 16384


def _revision(description: str) -> Schema:
    return text(description, longest=12, pattern=REVISION)


def _limit(**more: Schema) -> dict[str, Schema]:
    return {
        "layer": text("Its layer, such as sysctl.", longest=32),
        "subject": text("Its unit or domain; empty if it has none.", longest=512),
        "key": text("Its key, such as kernel/pid_max or TasksMax.", longest=1024),
        **more,
    }


def _value(description: str) -> Schema:
    return text(description, longest=_VALUE, nullable=True)


def _spec() -> Schema:
    source = record(
        "One NodeTuning's part.",
        {
            "name": text("The NodeTuning.", longest=_NAME),
            "uid": text("Its uid.", longest=64),
            "revision": _revision("Which of its contents; zeros: some of a former one."),
            "priority": whole("Its priority then.", -1000, 1000),
            "onDelete": choice("What becomes of it when that goes.", *ON_DELETE),
        },
        ("name", "uid", "revision"),
    )
    conflict = record(
        "A limit that keeps the value it has.",
        {
            "key": text("The limit.", longest=2048),
            "tunings": listing("Who differs.", text("A NodeTuning.", longest=_NAME), most=32),
        },
        ("key", "tunings"),
    )
    restart = record(
        "Leave to restart what waits for it.",
        {
            "phase": choice(
                "Draining: pods are being moved. Granted: the agent may restart. Blocked: the drain"
                " did not end in time; the node is in service again and tried later.",
                *RESTART_PHASES,
            ),
            "since": time("Since when."),
            "unschedulableBefore": boolean("Whether somebody else had cordoned the node before."),
        },
        ("phase",),
    )
    uid = ruled(
        text("The node's uid; another node of its name gets an object of its own.", longest=64),
        rule("self == oldSelf", "nodeUID names the node that this is about and stays"),
    )
    merged = "The whole of what is wanted on this node{}, as the engine reads it."
    return record(
        "What the node should be; written by the operator.",
        {
            "nodeUID": uid,
            "revision": _revision("Name of this spec's tuning."),
            "goAhead": record(
                "The revision whose turn has come on this node.",
                {
                    "revision": _revision("It."),
                    "time": time("When."),
                    "tunings": listing(
                        "The NodeTunings whose turn it was.",
                        text("A NodeTuning.", longest=_NAME),
                        most=64,
                    ),
                },
                ("revision",),
            ),
            "tuning": document(merged.format(""), judged=False),
            "preview": document(merged.format(", with NodeTunings of mode Report"), judged=False),
            "sources": listing("Where it comes from.", source, most=64, keys=("name",)),
            "provenance": mapping(
                "Layer|subject|key of each limit to the NodeTuning that set it.",
                text("A NodeTuning.", longest=_NAME),
                most=8192,
            ),
            "conflicts": listing("Limits on which NodeTunings differ.", conflict, most=256),
            "restart": restart,
            **emergency.wanted(),
        },
        ("nodeUID", "revision"),
    )


def _plan(description: str) -> Schema:
    change = record(
        "One change.",
        _limit(
            before=_value("The value in force."),
            after=_value("The wanted value."),
            takesEffect=text("What it needs then: none, reload, restart, reboot.", longest=32),
        ),
        ("layer", "key"),
    )
    return record(
        description,
        {
            "revision": _revision("Of which spec."),
            "time": time("When it was made."),
            "changes": listing("The changes, the first 100.", change, most=100),
            "more": whole("How many there are beyond these.", 0),
        },
        ("revision",),
    )


def _drift() -> Schema:
    return listing(
        "Limits that somebody else has changed, the first 50.",
        record(
            "One of them.",
            _limit(
                wanted=_value("The value that the tuning wants."),
                live=_value("The value in force."),
                file=text("The file that overrides it, if one does.", longest=4096, nullable=True),
                since=time("When it was first seen.", nullable=True),
                writer=text("Who wrote it, where that is known.", longest=1024, nullable=True),
            ),
            ("layer", "key"),
        ),
        most=50,
    )


def _ceilings() -> Schema:
    number = r"^[0-9]{1,20}$"
    return listing(
        "Limits that are half used up or more. Rewritten only when use crosses 50, 70, 80, 90 or"
        " 95 %, and at once at 99 %; the figures in between are metrics.",
        record(
            "One of them.",
            {
                "resource": text("What is limited, such as pids.", longest=128),
                "scope": text(
                    "What it holds for: host, namespace, user, slice, unit, kubepods, pod,"
                    " container, cgroup or process.",
                    longest=64,
                ),
                "subject": text("Which of these.", longest=1024),
                "limit": either("The limit.", number, minimum=0),
                "used": either("Its use when the mark was crossed.", number, minimum=0),
                "mark": whole("The mark that use is above, in percent.", 0, 100),
            },
            ("resource", "mark"),
        ),
        most=10,
    )


def _status() -> Schema:
    finding = record(
        "One finding.",
        {
            "code": text("Its rule, such as LW102.", longest=16),
            "severity": choice("How bad it is.", "error", "warning", "info"),
            "message": text("What it is about.", longest=4096),
        },
        ("message",),
    )
    waiting = record(
        "One thing.",
        {
            "what": choice("What is needed.", "restart", "reboot"),
            "unit": text("Of which unit; empty for the node.", longest=512, nullable=True),
            "message": text("For which limit.", longest=4096),
        },
        ("what",),
    )
    original = record("One value.", _limit(value=_value("The original value.")), ("layer", "key"))
    applied = record(
        "What the node has.",
        {
            "revision": _revision("Of which spec."),
            "runId": text("The run in the node's journal.", longest=128),
            "time": time("When it was applied."),
        },
        ("revision",),
    )
    return record(
        "How the node fares; written by the agent on that node.",
        {
            "observedRevision": _revision("Newest revision that was tried to its end."),
            "applied": applied,
            "plan": _plan("What the last revision was to change; written before it was applied."),
            "preview": _plan("What spec.preview would change."),
            "findings": listing("What the last run found, the first 20.", finding, most=20),
            "waiting": listing("What is written and not yet in force.", waiting, most=50),
            "drift": _drift(),
            "ceilings": _ceilings(),
            "originals": listing("What the node had before, the first 200.", original, most=200),
            "bootID": text("The boot that all this was seen in.", longest=64),
            "agentVersion": text("Version of the agent.", longest=64),
            **emergency.seen(),
            "conditions": conditions(
                "Applied: the node has the newest revision. Drifted: see drift. RestartNeeded: see"
                " waiting."
            ),
        },
    )


def node_tuning_state() -> Kind:
    """The kind."""
    return Kind(
        kind=NODE_TUNING_STATE,
        plural=NODE_TUNING_STATES,
        short="nts",
        description=DESCRIPTION,
        spec=_spec(),
        status=_status(),
        columns=(
            ("Revision", "string", ".spec.revision", "What the node should have."),
            (
                "Applied",
                "string",
                '.status.conditions[?(@.type=="Applied")].status',
                "Whether it has.",
            ),
            (
                "Drifted",
                "string",
                '.status.conditions[?(@.type=="Drifted")].status',
                "Whether somebody else has changed it.",
            ),
        ),
    )
