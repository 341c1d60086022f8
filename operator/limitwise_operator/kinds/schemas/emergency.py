"""What operator and agent say to each other in an emergency, as fields of a NodeTuningState."""

from __future__ import annotations

from ..watch import CULPRITS, LEVELS, MAX_RAISED, MAX_WATCHED, TASK_STATES, TASKS
from .shapes import Schema, boolean, choice, listing, mapping, record, text, time, whole

RELIEF_TARGETS = ("threads", "pids", "kubepods", "slice", "pod")
_ID = 512
_SUBJECT = 1024


def relief() -> Schema:
    """Leave to raise ceilings at once; in a policy and in what its nodes are told."""
    most = mapping(
        "The highest value for each of threads (kernel.threads-max), pids (kernel.pid_max),"
        " kubepods, slice and pod (pids.max of these cgroups). What is not named is not raised.",
        whole("The highest value.", 1, 4194304),
        most=len(RELIEF_TARGETS),
    )
    allowed = ", ".join(f"'{name}'" for name in RELIEF_TARGETS)
    most["x-kubernetes-validations"] = [
        {
            "rule": f"self.all(name, name in [{allowed}])",
            "message": f"names are {', '.join(RELIEF_TARGETS)}",
            "reason": "FieldValueInvalid",
        }
    ]
    return record(
        "Ceilings that the agent raises at once, without a fork, when they are nearly exhausted.",
        {
            "at": whole("Percent of a limit that is gone when it is raised.", 50, 100, default=95),
            "most": most,
            "cap": boolean(
                "Hold a culprit that is no pod (a unit, a user's slice) at its present size.",
                default=True,
            ),
        },
    )


def wanted() -> dict[str, Schema]:
    """The operator's fields."""
    watched = record(
        "One ceiling to judge.",
        {
            "id": text("The policy and its trigger.", longest=_ID),
            "level": choice("Where.", *LEVELS),
            "subject": text("Which slice; empty for the others.", longest=_SUBJECT),
            "usedPercent": whole("So much of it gone; 0: not asked.", 0, 100),
            "withinSeconds": whole("Gone in so many seconds; 0: not asked.", 0),
            "forSeconds": whole("For so long.", 0),
        },
        ("id", "level"),
    )
    return {
        "watch": record(
            "What RemediationPolicies want of the agent.",
            {
                "ceilings": listing("Ceilings to judge.", watched, most=MAX_WATCHED),
                "relief": relief(),
            },
        ),
        "incident": text("The unfinished NodeRemediation; relief lasts as long.", longest=253),
        "task": record(
            "One thing that a NodeRemediation asks of the agent.",
            {
                "id": text("Its name, for good.", longest=_ID),
                "do": choice("What.", *TASKS),
                "level": choice("The level that has to have headroom.", *LEVELS),
                "subject": text("Its subject.", longest=_SUBJECT),
                "seconds": whole("For so long.", 0),
                "headroom": whole("Percent of the limit that must be left.", 0, 100),
                "forks": whole("So many tasks must start.", 0, 4096),
            },
            ("id", "do"),
        ),
    }


def seen() -> dict[str, Schema]:
    """The agent's fields."""
    fired = record(
        "One watched ceiling that is tight.",
        {
            "id": text("The policy and its trigger.", longest=_ID),
            "since": time("Since when."),
            "level": choice("Where.", *LEVELS),
            "subject": text("Which unit, slice or pod.", longest=_SUBJECT),
            "limit": whole("The limit.", 0),
            "used": whole("Its use.", 0),
            "secondsLeft": whole("When it will be gone; 0: not known.", 0),
        },
        ("id",),
    )
    raised = record(
        "One ceiling that was changed at once.",
        {
            "what": text("kernel.pid_max, kernel.threads-max or a cgroup.", longest=4096),
            "before": text("Its value before.", longest=32),
            "after": text("Its value now.", longest=32),
        },
        ("what",),
    )
    return {
        "pressure": record(
            "What the agent sees and does in an emergency; absent when all is calm.",
            {
                "fired": listing("Triggers that hold.", fired, most=MAX_WATCHED),
                "raised": listing("Ceilings raised.", raised, most=MAX_RAISED),
                "capped": listing("Cgroups held at their size.", raised, most=MAX_RAISED),
                "spent": boolean("Tight still, and nothing may be raised further."),
                "relieved": time("When a ceiling was raised first."),
                "culprit": culprit("Who takes the tasks."),
            },
        ),
        "task": record(
            "How far the agent is with spec.task.",
            {
                "id": text("Which task.", longest=_ID),
                "state": choice("How far.", *TASK_STATES),
                "message": text("For people.", longest=4096),
                "time": time("Since when."),
            },
            ("id", "state"),
        ),
    }


def culprit(description: str, **more: Schema) -> Schema:
    """Who takes the tasks."""
    return record(
        description,
        {
            "kind": choice("What it is.", *CULPRITS),
            "subject": text("A pod's uid, or a unit or slice.", longest=_SUBJECT),
            "container": text("Id of the container in it.", longest=128),
            "tasks": whole("Tasks it has.", 0),
            "growth": whole("Tasks a minute that it gained; less than 0: lost.", -(2**31)),
            "capped": boolean("Whether it is held at its present size."),
            **more,
        },
        ("kind", "subject"),
    )
