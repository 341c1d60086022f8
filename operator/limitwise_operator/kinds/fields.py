"""Reading fields of foreign objects: what is missing has a default, what is wrong a name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .meta import KindError

Body = Mapping[str, Any]
EMPTY: Body = {}


def mapping(body: Body, key: str, where: str = "") -> Body:
    """The map at ``key``, an empty one when there is none."""
    return _typed(body, key, where, Mapping, "a map") or EMPTY


def sequence(body: Body, key: str, where: str = "") -> Sequence[Any]:
    """The list at ``key``, an empty one when there is none."""
    value = body.get(key)
    if isinstance(value, str):
        raise _wrong(where, key, "a list", value)
    found: Sequence[Any] = _typed(body, key, where, Sequence, "a list") or ()
    return found


def maps(body: Body, key: str, where: str = "") -> list[Body]:
    """The list of maps at ``key``."""
    items = sequence(body, key, where)
    for item in items:
        if not isinstance(item, Mapping):
            raise _wrong(where, key, "a list of maps", item)
    return list(items)


def text(body: Body, key: str, default: str = "", where: str = "") -> str:
    """The text at ``key``; numbers are taken as they are written."""
    value = body.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _wrong(where, key, "a text", value)
    return str(value)


def number(body: Body, key: str, default: int = 0, where: str = "") -> int:
    """The whole number at ``key``."""
    value = body.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(where, key, "a whole number", value)
    return value


def truth(body: Body, key: str, default: bool = False, where: str = "") -> bool:
    """The boolean at ``key``."""
    value = _typed(body, key, where, bool, "a boolean")
    return default if value is None else bool(value)


def texts(body: Body, key: str, where: str = "") -> dict[str, str]:
    """The map of texts at ``key`` (labels and the like)."""
    found = mapping(body, key, where)
    return {str(name): str(value) for name, value in found.items()}


def amount(body: Body, key: str, default: int | str, where: str = "") -> int | str:
    """A count or a percentage as it is written: its meaning is judged later, with the object."""
    value = body.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise _wrong(where, key, 'a count or a percentage such as "10%"', value)
    return value


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None: an absent field is absent, not null."""
    return {key: value for key, value in fields.items() if value is not None}


def digest(value: Any, length: int = 12) -> str:
    """The first hex digits of a hash over the content, whatever the order of its keys."""
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode()).hexdigest()[:length]


def _typed(body: Body, key: str, where: str, kind: type, wanted: str) -> Any:
    value = body.get(key)
    if value is not None and not isinstance(value, kind):
        raise _wrong(where, key, wanted, value)
    return value


def _wrong(where: str, key: str, wanted: str, found: Any) -> KindError:
    field = f"{where}.{key}" if where else key
    return KindError(f"{field} is {type(found).__name__}, not {wanted}", remedy="see its CRD")
