"""RemediationPolicy: when a node is in trouble, and what may be done to it then."""

from __future__ import annotations

from ..meta import ENFORCE, MODES, REMEDIATION_POLICIES, REMEDIATION_POLICY
from ..remediation_policy import (
    AFTER_TIMEOUT,
    DELETE_AFTER,
    DRAINS,
    GIVE_BACK,
    IF_NEEDED,
    KEEP_CORDONED,
    MAX_WOULD,
)
from ..watch import LEVELS, SLICE
from .conditions import conditions
from .custom_resource import Kind
from .emergency import relief
from .selector import label_key, selector
from .shapes import (
    Schema,
    boolean,
    choice,
    either,
    listing,
    record,
    rule,
    ruled,
    text,
    whole,
)

DESCRIPTION = (
    "RemediationPolicy says when a node is in trouble (a condition, a ceiling that its agent"
    " measures, a silent agent) and what is done then: ceilings are raised at once, the culprit is"
    " dealt with, and only if that is not enough is the node cordoned, drained, brought to its"
    " NodeTunings again, verified and given back. Each incident is a NodeRemediation."
)
NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
SPAN = r"^[0-9]{1,6}(s|m|h)$"
LASTING = r"^[1-9][0-9]{0,5}(s|m|h)$"
SUBJECT = r"^[A-Za-z0-9:_.@\\-]+\.(slice|service|scope)$"
ONE_KIND = (
    "[has(self.condition), has(self.ceiling), has(self.agentSilent)].filter(x, x).size() == 1"
)


def span(description: str, default: str = "", *, zero: bool = False) -> Schema:
    """A duration; with ``zero`` it may be none."""
    more = {"default": default} if default else {}
    pattern = SPAN if zero else LASTING
    words = f"{description} A number with s, m or h."
    return text(words, longest=8, pattern=pattern, **more)


def share(description: str, default: str) -> Schema:
    """A count of nodes, or a share of those selected."""
    words = f"{description} A number, or a percentage of the selected nodes."
    return either(
        words, r"^(100|[1-9][0-9]?)%$", longest=4, minimum=1, maximum=100_000, default=default
    )


def _trigger() -> Schema:
    condition = record(
        "A condition of the Node, by whomever it is set.",
        {
            "type": text("Its type, such as PIDPressure.", longest=316, pattern=r"^[^\s]+$"),
            "status": choice("What it says.", "True", "False", "Unknown", default="True"),
        },
        ("type",),
    )
    ceiling = record(
        "A ceiling on tasks that the node's agent measures, four times a second.",
        {
            "level": choice(
                "host: pid_max and threads-max; kubepods: all pods; slice: the unit or slice in"
                " subject; pod: any pod's own limit.",
                *LEVELS,
            ),
            "subject": text("The unit or slice.", longest=255, pattern=SUBJECT),
            "usedPercent": whole("Percent of the limit that are gone.", 1, 100),
            "within": span("It will be gone so soon at the present rate."),
        },
        ("level",),
    )
    subject = f"has(self.subject) == (self.level == '{SLICE}')"
    ceiling = ruled(
        ceiling,
        rule(subject, "subject is for level slice, and that needs one"),
        rule(
            "has(self.usedPercent) || has(self.within)",
            "a ceiling needs usedPercent or within",
        ),
    )
    one = record(
        "One trigger.",
        {
            "name": text("Its name in this policy.", longest=63, pattern=NAME),
            "condition": condition,
            "ceiling": ceiling,
            # Without `properties`: an empty map of them would not come back from the server.
            "agentSilent": {
                "description": "The node's agent no longer renews its Lease.",
                "type": "object",
            },
            "for": span("For so long without a break.", "0s", zero=True),
        },
        ("name",),
    )
    return ruled(one, rule(ONE_KIND, "a trigger is one of condition, ceiling and agentSilent"))


def _drain() -> Schema:
    fields = {
        "when": choice(
            "IfNeeded: only if the node is exhausted still when relief and culprit are done, or if"
            " a value waits for a restart that its NodeTuning allows.",
            *DRAINS,
            default=IF_NEEDED,
        ),
        "after": span("IfNeeded: how long relief may take to show.", "30s", zero=True),
        "timeout": span("How long a drain may take.", "30m"),
        "gracePeriodSeconds": whole("For every pod; without it each pod's own.", 0, 86400),
        "emptyDir": boolean("Evict pods that lose an emptyDir by it.", default=True),
        "unmanaged": boolean("Evict pods that no controller makes again.", default=False),
        "optOut": listing(
            "Pods with one of these annotations or labels and the value false are not evicted.",
            text("An annotation or label.", longest=317),
            most=8,
            default=["cluster-autoscaler.kubernetes.io/safe-to-evict"],
        ),
        "afterTimeout": choice(
            "A drain that does not end. GiveBack: the node goes back into service. KeepCordoned: it"
            " is escalated. DeleteAfter: pods are deleted deleteAfter later, whatever their"
            " PodDisruptionBudgets say (the operator needs leave for it).",
            *AFTER_TIMEOUT,
            default=GIVE_BACK,
        ),
        "deleteAfter": span("How long after the timeout pods are deleted."),
    }
    return ruled(
        record("How pods leave.", fields, default={}),
        rule(
            f"(has(self.afterTimeout) && self.afterTimeout == '{DELETE_AFTER}')"
            " == has(self.deleteAfter)",
            "deleteAfter is for afterTimeout: DeleteAfter, and that needs it",
        ),
    )


def _steps() -> Schema:
    def step(description: str, timeout: str, most: str) -> Schema:
        fields = {
            "enabled": boolean("Whether it is done.", default=True),
            "timeout": span(most, timeout),
        }
        return record(description, fields, default={})

    verify = record(
        "What must be so before the node is given back, by the agent's own measurement.",
        {
            "for": span("For so long without a break.", "30s", zero=True),
            "headroomPercent": whole(
                "So much of the limit that triggered must be free.", 0, 95, default=20
            ),
            "forks": whole("So many tasks must start at once.", 0, 4096, default=32),
            "timeout": span("How long that may take.", "5m"),
        },
        default={},
    )
    return record(
        "What is done, in this order.",
        {
            "relieve": step(
                "Wait for what the agent raises at once.", "10s", "How long it is waited for."
            ),
            "culprit": step(
                "Evict the pod that takes the tasks; what is no pod is capped by the agent.",
                "1m",
                "How long it is tried.",
            ),
            "drain": _drain(),
            "apply": step(
                "Bring the node to its NodeTunings again.", "15m", "How long that may take."
            ),
            "verify": verify,
        },
        default={},
    )


def _escalation() -> Schema:
    template = record(
        "An object that another remediator acts on, named like the node (the medik8s contract).",
        {
            "apiVersion": text("Its API.", longest=317, pattern=r"^[a-z0-9.-]+/v[a-z0-9]+$"),
            "kind": text("Its kind.", longest=63, pattern=r"^[A-Z][A-Za-z0-9]*$"),
            "namespace": text("Its namespace; none for a kind without.", longest=63, pattern=NAME),
            "spec": {
                "description": "Its spec.",
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
            },
        },
        ("apiVersion", "kind"),
    )
    return record(
        "What is done when nothing helps, besides event, condition and metric.",
        {
            "node": choice(
                "Whether the node stays cordoned.", GIVE_BACK, KEEP_CORDONED, default=KEEP_CORDONED
            ),
            "webhook": text(
                "An https address that gets one POST with the incident as JSON.",
                longest=2048,
                pattern=r"^https://[^\s]+$",
            ),
            "template": template,
        },
        default={},
    )


def rules() -> dict[str, Schema]:
    """The fields that a NodeRemediation keeps a snapshot of."""
    return {
        "triggers": listing("Any of these.", _trigger(), most=16, keys=("name",), minItems=1),
        "relief": relief(),
        "steps": _steps(),
        "retries": record(
            "How often the whole is tried before it is escalated.",
            {
                "tries": whole("How often.", 1, 20, default=3),
                "pause": span("Rest after the first try; twice as long after each more.", "5m"),
                "longestPause": span("The longest rest.", "1h"),
            },
            default={},
        ),
        "escalation": _escalation(),
        "budget": record(
            "How many nodes may be in remediation or otherwise out of service. Rollouts and"
            " restarts share the operator's own budget with it.",
            {
                "maxUnavailable": share("So many at a time, in each pool.", "10%"),
                "poolLabel": text(
                    "Label of nodes that divides them into pools.",
                    longest=317,
                    pattern=label_key("")["pattern"].replace("^", "^(", 1)[:-1] + ")?$",
                    default="",
                ),
            },
            default={},
        ),
        "storm": record(
            "When so much is wrong that it is no node's own trouble.",
            {
                "limit": share("More in trouble at once: no new remediation begins.", "40%"),
                "cooldown": span(
                    "How long after that none begins; then one at a time until one succeeds.", "5m"
                ),
            },
            default={},
        ),
        "cooldown": span(
            "How long a node is left alone after a remediation.", "10m", zero=True
        ),
    }


def _spec() -> Schema:
    return record(
        "What is wanted.",
        {
            "nodeSelector": selector(),
            "mode": choice(
                "Enforce: nodes are remediated. Report: status.would says which would be.",
                *MODES,
                default=ENFORCE,
            ),
            **rules(),
            "pauseRequests": listing(
                "Reasons for which no new remediation begins; it goes on when there are none.",
                text("A reason.", longest=256),
                most=16,
            ),
            "keep": whole("So many ended NodeRemediations are kept.", 0, 10_000, default=100),
        },
        ("nodeSelector", "triggers"),
    )


def _status() -> Schema:
    def nodes(what: str) -> Schema:
        return whole(f"Nodes {what}.", 0)

    would = record(
        "One node.",
        {
            "node": text("The node.", longest=253),
            "trigger": text("The trigger that holds.", longest=63),
            "message": text("What was seen, and why nothing is done.", longest=2048),
        },
        ("node", "trigger"),
    )
    return record(
        "How its nodes fare; written by the operator.",
        {
            "observedGeneration": whole("The metadata.generation that all this is about.", 0),
            "nodes": record(
                "How many nodes.",
                {
                    "matched": nodes("that are selected"),
                    "troubled": nodes("on which a trigger holds"),
                    "active": nodes("in remediation"),
                    "waiting": nodes("whose turn has not come"),
                    "escalated": nodes("for which nothing helped"),
                },
            ),
            "would": listing(
                f"Nodes that would be remediated if something did not hinder, the first"
                f" {MAX_WOULD}.",
                would,
                most=MAX_WOULD,
            ),
            "conditions": conditions(
                "Valid: it can be followed. Active: new remediations may begin. Storm: too many"
                " nodes are in trouble."
            ),
        },
    )


def remediation_policy() -> Kind:
    """The kind."""
    nodes = ".status.nodes"
    return Kind(
        kind=REMEDIATION_POLICY,
        plural=REMEDIATION_POLICIES,
        short="rp",
        description=DESCRIPTION,
        spec=_spec(),
        status=_status(),
        columns=(
            ("Mode", "string", ".spec.mode", "Enforce or Report."),
            ("Matched", "integer", f"{nodes}.matched", "Nodes that are selected."),
            ("Troubled", "integer", f"{nodes}.troubled", "Nodes on which a trigger holds."),
            ("Active", "integer", f"{nodes}.active", "Nodes in remediation."),
            ("Escalated", "integer", f"{nodes}.escalated", "Nodes for which nothing helped."),
            (
                "Storm",
                "string",
                '.status.conditions[?(@.type=="Storm")].status',
                "Whether too many nodes are in trouble.",
            ),
        ),
    )
