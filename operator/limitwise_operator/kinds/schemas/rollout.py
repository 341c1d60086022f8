"""How a change spreads over nodes, and what it may disrupt."""

from __future__ import annotations

from ..meta import NEVER, REBOOTS, RESTARTS
from .selector import label_key
from .shapes import Schema, boolean, choice, either, listing, record, text, whole

DURATION = r"^[1-9][0-9]{0,5}(s|m|h)$"
_CRON = r"^[0-9A-Za-z*/,?#L-]+( [0-9A-Za-z*/,?#L-]+){4}$"


def _duration(description: str, **more: object) -> Schema:
    return text(
        f"{description} A number with s, m or h.", longest=8, pattern=DURATION, **more
    )


def _share(description: str, low: int, default: int | str) -> Schema:
    pattern = r"^(100|[1-9]?[0-9])%$" if low == 0 else r"^(100|[1-9][0-9]?)%$"
    words = f"{description} A number, or a percentage of the matched nodes."
    return either(words, pattern, longest=4, minimum=low, maximum=100_000, default=default)


def rollout() -> Schema:
    """The schema of spec.rollout."""
    window = record(
        "One window.",
        {
            "cron": text(
                "When it opens: minute, hour, day of month, month, day of week.",
                longest=128,
                pattern=_CRON,
            ),
            "duration": _duration("How long it stays open."),
            "timeZone": text(
                "Of the cron fields, such as Europe/Berlin.",
                longest=64,
                pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$",
                default="UTC",
            ),
        },
        ("cron", "duration"),
    )
    return record(
        "How a change spreads: first the canaries, then batches within the budget, in an order that"
        " stays the same. New nodes are tuned at once, within the same budget.",
        {
            "canary": _share("Nodes that go first and alone; 0 for none.", 0, 1),
            "maxUnavailable": _share(
                "Nodes that may be in change, not ready or failed at a time, in each pool.",
                1,
                "10%",
            ),
            "poolLabel": text(
                "Label of nodes that divides them into pools, such as topology.kubernetes.io/zone;"
                " maxUnavailable then counts within each pool.",
                longest=317,
                pattern=label_key("")["pattern"].replace("^", "^(", 1)[:-1] + ")?$",
                default="",
            ),
            "soak": text(
                "How long a batch must be applied, not drifted and ready before the next begins. A"
                " number with s, m or h.",
                longest=8,
                pattern=r"^[0-9]{1,6}(s|m|h)$",
                default="30s",
            ),
            "windows": listing(
                "When changes may begin; always if there are none. What is under way ends.",
                window,
                most=16,
            ),
            "failureThreshold": _share(
                "So many failed nodes pause the rollout, until content or retry changes.", 1, 1
            ),
            "progressDeadline": _duration(
                "A node whose agent has not reported by then counts as failed.", default="10m"
            ),
            "paused": boolean("true: no further node is changed.", default=False),
            "retry": whole(
                "Raise it to forget the failures of the present content and go on.",
                0,
                2**31 - 1,
                default=0,
            ),
        },
        default={},
    )


def disruption() -> Schema:
    """The schema of spec.disruption."""
    return record(
        "What a change may disrupt. Without leave, a value that needs it is written and waits:"
        " NodeTuningState.status.waiting names it.",
        {
            "restart": choice(
                "Restart of kubelet, container runtime or another unit for limits that need it."
                " Allowed: at once, under the rollout's budget. AfterDrain: the node is cordoned"
                " and drained before, and uncordoned after it.",
                *RESTARTS,
                default=NEVER,
            ),
            "reboot": choice("Reboots are left to you.", *REBOOTS, default=NEVER),
        },
        default={},
    )
