"""The few shapes that every schema here is built of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

LINE = r"^[^\x00-\x08\x0a-\x1f\x7f]*$"
"""Text of one line; a tab may stand in it, as in vectors of sysctls."""


def text(description: str, *, longest: int = 256, pattern: str = "", **more: Any) -> Schema:
    """A string of bounded length."""
    schema = {"description": description, "type": "string", "maxLength": longest, **more}
    return {**schema, "pattern": pattern} if pattern else schema


def choice(description: str, *words: str, **more: Any) -> Schema:
    """One of these words."""
    return {"description": description, "type": "string", "enum": list(words), **more}


def whole(description: str, low: int, high: int | None = None, **more: Any) -> Schema:
    """A whole number of 64 bits."""
    schema = {"description": description, "type": "integer", "format": "int64", "minimum": low}
    return {**schema, **({} if high is None else {"maximum": high}), **more}


def boolean(description: str, **more: Any) -> Schema:
    """True or false."""
    return {"description": description, "type": "boolean", **more}


def time(description: str, **more: Any) -> Schema:
    """A moment as RFC 3339 writes it."""
    return {"description": description, "type": "string", "format": "date-time", **more}


def either(description: str, pattern: str = LINE, *, longest: int = 64, **more: Any) -> Schema:
    """A whole number, or a string that the pattern fits."""
    return {
        "description": description,
        "x-kubernetes-int-or-string": True,
        "pattern": pattern,
        "maxLength": longest,
        **more,
    }


def record(
    description: str, properties: Mapping[str, Schema], required: Sequence[str] = (), **more: Any
) -> Schema:
    """An object of known fields; what it does not know the server prunes (kubectl refuses it)."""
    schema: Schema = {"description": description, "type": "object", "properties": dict(properties)}
    return {**schema, **({"required": list(required)} if required else {}), **more}


def mapping(description: str, values: Schema, *, most: int, **more: Any) -> Schema:
    """An object with names of the user's own."""
    return {
        "description": description,
        "type": "object",
        "additionalProperties": values,
        "maxProperties": most,
        **more,
    }


def listing(
    description: str, items: Schema, *, most: int, keys: Sequence[str] = (), **more: Any
) -> Schema:
    """A list; with keys, one entry for each of their combinations, so that it can be merged."""
    kind: Schema = {"x-kubernetes-list-type": "map" if keys else "atomic"}
    if keys:
        kind["x-kubernetes-list-map-keys"] = list(keys)
    return {
        "description": description,
        "type": "array",
        "items": items,
        "maxItems": most,
        **kind,
        **more,
    }


def rule(expression: str, message: str) -> Schema:
    """One CEL rule with what people read when it does not hold."""
    return {"rule": expression, "message": message, "reason": "FieldValueInvalid"}


def ruled(schema: Schema, *rules: Schema) -> Schema:
    """The schema with CEL rules about its value, `self`."""
    return {**schema, "x-kubernetes-validations": list(rules)}
