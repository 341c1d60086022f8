"""The reference page of the cluster's kinds, made from their schemas and written to the output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from limitwise_operator.kinds.crds import definitions
from limitwise_operator.kinds.meta import API_VERSION

HEAD = f"""\
# Kinds

Every field of our kinds (`{API_VERSION}`, cluster-scoped). `kubectl explain nodetunings.spec
--recursive` says the same. This page is made from the schemas with `make docs`.
"""
# Shown once: under NodeTuning's spec.
TUNING = "spec.tuning"
AGAIN = {("NodeTuningState", TUNING), ("NodeTuningState", "spec.preview")}
NOTE = "Directives of slices are units' too and stand here once.\n"
LARGEST = 2**62
QUOTE = '"'
UNTOLD: tuple[object, ...] = (None, {}, "")
INT_OR_STRING = "x-kubernetes-int-or-string"
RULES = "x-kubernetes-validations"

Schema = Mapping[str, Any]
Row = tuple[str, str, str]


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, *(_kind(one) for one in definitions())])


def _kind(definition: Schema) -> str:
    spec = definition["spec"]
    names, [version] = spec["names"], spec["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    shown = ", ".join(column["name"] for column in version["additionalPrinterColumns"])
    short = ", ".join(f"`{name}`" for name in names["shortNames"])
    head = (
        f"## {names['kind']}\n\n{schema['description']}\n\n"
        f"`kubectl get {names['plural']}` (short {short}) prints {shown}.\n"
    )
    return "\n".join([head, *(_part(names["kind"], schema, name) for name in ("spec", "status"))])


def _part(kind: str, schema: Schema, name: str) -> str:
    """The table of spec or status; the tuning, which is long, has one of its own."""
    rows = list(_rows(kind, name, schema["properties"][name]))
    tuning = [row for row in rows if row[0].startswith(TUNING + ".")]
    rest = [row for row in rows if row not in tuning]
    text = _table(f"### {kind} {name}\n", rest)
    if not tuning:
        return text
    of_slices = {
        (path.replace(".slices.", ".units."), *more) for path, *more in tuning if ".slices." in path
    }
    shown = [row for row in tuning if row not in of_slices]
    return f"{text}\n" + _table(f"### {kind} {TUNING}\n\n{NOTE}", shown)


def _table(head: str, rows: list[Row]) -> str:
    lines = [f"| `{path}` | {kind} | {words} |" for path, kind, words in rows]
    return "\n".join([head, "| field | type | |", "|---|---|---|", *lines, ""])


def _rows(kind: str, path: str, schema: Schema) -> Iterator[Row]:
    """A field and those below it: its path, its type and bounds, and what it is."""
    yield path, _type(schema), _words(kind, path, schema)
    if (kind, path) in AGAIN:
        return
    one, below = schema, path
    if "items" in schema:
        one, below = schema["items"], f"{path}[]"
    elif "additionalProperties" in schema:
        one, below = schema["additionalProperties"], f"{path}.NAME"
    for name, field in one.get("properties", {}).items():
        yield from _rows(kind, f"{below}.{name}", field)


def _type(schema: Schema) -> str:
    if "enum" in schema:
        found = [", ".join(f"`{word}`" for word in schema["enum"])]
    elif "items" in schema:
        found = [f"list of {_names(schema['items'])}"]
    elif "additionalProperties" in schema:
        found = [f"map of {_names(schema['additionalProperties'])}"]
    else:
        found = [_name(schema)]
    if range_ := _range(schema):
        found.append(range_)
    if schema.get("default") not in UNTOLD:
        found.append(f"default `{json.dumps(schema['default']).strip(QUOTE)}`")
    return "; ".join(found)


def _range(schema: Schema) -> str:
    """Bounds that people set; those of 64 bits are the type's own."""
    low, high = schema.get("minimum"), schema.get("maximum", LARGEST)
    if low is None or abs(low) >= LARGEST:
        return f"at most {schema['maxItems']}" if "maxItems" in schema else ""
    return f"{low} or more" if high >= LARGEST else f"{low} to {high}"


def _names(schema: Schema) -> str:
    name = _name(schema)
    return "numbers or strings" if " " in name else f"{name}s"


def _name(schema: Schema) -> str:
    if INT_OR_STRING in schema:
        return "number or string"
    return str(schema.get("format") if schema.get("format") == "date-time" else schema["type"])


def _words(kind: str, path: str, schema: Schema) -> str:
    words = [schema["description"]]
    if (kind, path) in AGAIN:
        words.append("Fields as in NodeTuning.")
    words += [f"Rule: {rule['message']}." for one in _own(schema) for rule in one.get(RULES, ())]
    return " ".join(words).replace("|", "\\|").replace("\n", " ")


def _own(schema: Schema) -> Iterator[Schema]:
    """The schema and that of its entries, which have no row of their own."""
    yield schema
    yield from (schema[name] for name in ("items", "additionalProperties") if name in schema)


if __name__ == "__main__":
    sys.stdout.write(page())
