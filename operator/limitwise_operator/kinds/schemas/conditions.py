"""Conditions as Kubernetes writes them."""

from __future__ import annotations

from .shapes import Schema, choice, listing, record, text, time, whole


def conditions(description: str) -> Schema:
    """A list with one entry per type."""
    fields = {
        "type": text("What it is about.", longest=316, pattern="^[A-Z][A-Za-z0-9]*$"),
        "status": choice("Whether it is so.", "True", "False", "Unknown"),
        "reason": text("Why, in one word.", longest=1024, pattern="^([A-Z][A-Za-z0-9]*)?$"),
        "message": text("Why, for people.", longest=32768),
        "observedGeneration": whole("The metadata.generation that it was told of.", 0),
        "lastTransitionTime": time("Since when the status is what it is."),
    }
    required = ("type", "status", "reason", "message", "lastTransitionTime")
    return listing(description, record("One condition.", fields, required), most=16, keys=("type",))
