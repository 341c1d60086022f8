"""NodeRemediation: one incident of one node, from the trigger to the end."""

from __future__ import annotations

from ..meta import NODE_REMEDIATION, NODE_REMEDIATIONS
from ..node_remediation import MAX_STEPS, PHASES
from ..watch import LEVELS, MAX_RAISED
from . import emergency
from .conditions import conditions
from .custom_resource import Kind
from .shapes import Schema, boolean, choice, listing, record, rule, ruled, text, time, whole

DESCRIPTION = (
    "NodeRemediation is one incident of one node: why it began, what was done, how it ended. The"
    " operator makes and writes it; after a restart it goes on from what stands here. Deleting one"
    " that has not ended gives the node back."
)
_NAME = 253
_TEXT = 4096


def _spec() -> Schema:
    trigger = record(
        "Why.",
        {
            "name": text("The trigger of the policy.", longest=63),
            "since": time("Since when it held."),
            "message": text("What was seen.", longest=_TEXT),
            "level": choice("Where tasks ran out.", "", *LEVELS),
            "subject": text("Which unit, slice or pod.", longest=1024),
        },
        ("name", "since"),
    )
    whole_spec = record(
        "What it is about; written once, by the operator.",
        {
            "node": text("The node.", longest=_NAME),
            "nodeUID": text("Its uid.", longest=64),
            "policy": text("The RemediationPolicy.", longest=_NAME),
            "policyUID": text("Its uid.", longest=64),
            "trigger": trigger,
            # A spec with all its defaults, which is not judged again.
            "rules": {
                "description": "What the policy said when it began.",
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
            },
        },
        ("node", "nodeUID", "policy", "policyUID", "trigger", "rules"),
    )
    return ruled(whole_spec, rule("self == oldSelf", "an incident's spec stays as it was written"))


def _status() -> Schema:
    step = record(
        "One phase as it was lived.",
        {
            "phase": choice("The phase.", *PHASES),
            "start": time("When it began."),
            "end": time("When it ended."),
            "result": text("How it ended, in one word.", longest=64),
            "message": text("How it ended, for people.", longest=_TEXT),
        },
        ("phase", "start"),
    )
    raised = record(
        "One ceiling that was changed at once.",
        {
            "what": text("kernel.pid_max, kernel.threads-max or a cgroup.", longest=_TEXT),
            "before": text("Its value before.", longest=32),
            "after": text("Its value then.", longest=32),
        },
        ("what",),
    )
    culprit = emergency.culprit(
        "Who took the tasks.",
        namespace=text("Namespace of the pod.", longest=63),
        name=text("Name of the pod.", longest=_NAME),
        evicted=boolean("Whether it was evicted."),
    )
    return record(
        "How far it is; written by the operator.",
        {
            "phase": choice("How far.", "", *PHASES),
            "try": whole("Which try this is.", 1),
            "startTime": time("When it began."),
            "endTime": time("When it ended."),
            "notBefore": time("When the next try may begin."),
            "message": text("What it waits for or why it ended, for people.", longest=_TEXT),
            "cordoned": boolean("The cordon on the node is ours."),
            "unschedulableBefore": boolean("Somebody else had cordoned the node before."),
            "evicted": whole("How many pods were evicted.", 0),
            "blocking": text("The pod in the way of the drain, and why.", longest=_TEXT),
            "culprit": culprit,
            "raised": listing("What the agent raised.", raised, most=MAX_RAISED),
            "steps": listing("All phases so far, the last ones.", step, most=MAX_STEPS),
            "conditions": conditions("Succeeded, Escalated, Told: the webhook and template."),
        },
    )


def node_remediation() -> Kind:
    """The kind."""
    return Kind(
        kind=NODE_REMEDIATION,
        plural=NODE_REMEDIATIONS,
        short="nr",
        description=DESCRIPTION,
        spec=_spec(),
        status=_status(),
        columns=(
            ("Node", "string", ".spec.node", "The node."),
            ("Phase", "string", ".status.phase", "How far it is."),
            ("Try", "integer", ".status.try", "Which try."),
            ("Trigger", "string", ".spec.trigger.name", "Why it began."),
            ("Culprit", "string", ".status.culprit.name", "Who took the tasks."),
            ("Blocking", "string", ".status.blocking", "What is in the way of the drain."),
        ),
    )
