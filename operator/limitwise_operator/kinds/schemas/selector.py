"""Which nodes a NodeTuning is for; an empty selector, which would be all of them, is refused."""

from __future__ import annotations

from .shapes import Schema, boolean, choice, listing, mapping, record, rule, ruled, text

_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
_VALUE = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"

EXACTLY_ONE = (
    "(has(self.all) && self.all) != ((has(self.matchLabels) && size(self.matchLabels) > 0)"
    " || (has(self.matchExpressions) && size(self.matchExpressions) > 0))"
)


def label_key(description: str, **more: object) -> Schema:
    """The name of a label."""
    return text(description, longest=317, pattern=_KEY, **more)


def selector() -> Schema:
    """The schema of spec.nodeSelector."""
    expression = record(
        "One requirement.",
        {
            "key": label_key("The label's name."),
            "operator": choice("What is asked of it.", "In", "NotIn", "Exists", "DoesNotExist"),
            "values": listing(
                "Values for In and NotIn.", text("A value.", longest=63, pattern=_VALUE), most=64
            ),
        },
        ("key", "operator"),
    )
    expression = ruled(
        expression,
        rule(
            "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
            "values are for In and NotIn, and these need some",
        ),
    )
    whole = record(
        "Which nodes it is for. For all of them say {all: true}; an empty selector is refused, so"
        " that a slip does not tune a whole cluster.",
        {
            "all": boolean("true: every node. Not together with labels."),
            "matchLabels": mapping(
                "Labels that a node must have, all of them.",
                text("The label's value.", longest=63, pattern=_VALUE),
                most=32,
            ),
            "matchExpressions": listing(
                "Requirements that a node must meet, all of them.", expression, most=32
            ),
        },
    )
    message = "nodeSelector is either {all: true} or labels and expressions, and never empty"
    return ruled(whole, rule(EXACTLY_ONE, message))
