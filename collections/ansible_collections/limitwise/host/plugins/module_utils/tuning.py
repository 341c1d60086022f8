# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tuning document: its shape, its policy, and every wanted value as one flat list of items.

Whatever the layer, a wanted value is an :class:`Item`: subject, key, value. Merging, provenance,
purging, changes and the ledger all speak of the same (layer, subject, key).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from .catalogue.rules import tuning as rules
from .catalogue.suggest import nearest
from .findings import NOWHERE, Finding, Place
from .formats.sysctl_conf import canonical, dotted
from .policy import DEFAULT_POLICY, Policy, read_policy
from .policy_names import unknown

Path = Tuple[str, ...]
Places = Mapping[Path, Place]


@dataclass(frozen=True)
class Item:
    """One wanted value. ``subject``: unit, domain or empty; ``key``: sysctl path, directive, ...

    ``origin`` is the name of the tuning it comes from (merging), ``place`` where it stands there.
    """

    layer: str
    subject: str
    key: str
    value: Any
    place: Place = NOWHERE
    origin: str = ""

    @property
    def id(self) -> Tuple[str, str, str]:
        return (self.layer, self.subject, self.key)

    @property
    def name(self) -> str:
        """How a person calls it: ``kernel.pid_max``, ``user.slice TasksMax``."""
        key = dotted(self.key) if self.layer == "sysctl" else self.key
        return f"{self.subject} {key}" if self.subject else key

    @property
    def text(self) -> str:
        """The value as text: scalars as they are written, lists and maps as compact JSON."""
        if isinstance(self.value, (dict, list, bool)) or self.value is None:
            return json.dumps(self.value, separators=(",", ":"), ensure_ascii=False)
        return str(self.value)


@dataclass(frozen=True)
class Tuning:
    """A checked document: the layers it names (also with nothing in them), their items, policy."""

    layers: Tuple[str, ...] = ()
    items: Tuple[Item, ...] = ()
    policy: Policy = DEFAULT_POLICY

    def of(self, layer: str) -> Tuple[Item, ...]:
        """The items of one layer, in the document's order."""
        return tuple(item for item in self.items if item.layer == layer)


class Reader:
    """Collects items and findings while one document is read."""

    def __init__(self, places: Places, file: Optional[str], origin: str) -> None:
        self.places = places
        self.file = file
        self.origin = origin
        self.items: List[Item] = []
        self.findings: List[Finding] = []

    def place(self, path: Path) -> Place:
        """Where ``path`` stands, or the nearest thing above it that has a place."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        return Place(self.file)

    def wrong(self, path: Path, wanted: str, found: Any) -> None:
        what = ".".join(path) or "the tuning"
        self.findings.append(
            rules.WRONG_SHAPE.at(self.place(path), found=kind_of(found), what=what, wanted=wanted)
        )

    def add(self, path: Path, layer: str, subject: str, key: str, value: Any) -> None:
        self.items.append(Item(layer, subject, key, value, self.place(path), self.origin))


def kind_of(value: Any) -> str:
    """The word of the document's own language for a value's type."""
    if value is None:
        return "nothing"
    for kind, word in ((bool, "a boolean"), (int, "a number"), (float, "a decimal number"),
                       (str, "a text"), (list, "a list"), (dict, "a map")):
        if isinstance(value, kind):
            return word
    return type(value).__name__


def _scalar(reader: Reader, path: Path, value: Any) -> bool:
    if isinstance(value, bool):
        reader.wrong(path, "a number or text (a boolean is 1 or 0, or a quoted word)", value)
        return False
    if not isinstance(value, (int, str)):
        reader.wrong(path, "a number or text", value)
        return False
    if isinstance(value, str) and any(ord(char) < 32 and char != "\t" for char in value):
        reader.findings.append(
            rules.NO_WAY.at(reader.place(path), found=value, what=".".join(path))
        )
        return False
    return True


def _read_sysctl(reader: Reader, section: Any) -> None:
    if not isinstance(section, dict):
        return reader.wrong(("sysctl",), "a map of keys and values", section)
    for key, value in section.items():
        path = ("sysctl", str(key))
        if _scalar(reader, path, value):
            reader.add(path, "sysctl", "", canonical(str(key)), value)


LIMIT_FIELDS = ("domain", "type", "item", "value")


def _read_limits(reader: Reader, section: Any) -> None:
    if not isinstance(section, list):
        return reader.wrong(("limits",), "a list of entries", section)
    for index, entry in enumerate(section):
        path = ("limits", str(index))
        if not isinstance(entry, dict) or set(entry) != set(LIMIT_FIELDS):
            reader.wrong(path, "a map of domain, type, item and value", entry)
            continue
        if not all(_scalar(reader, (*path, name), entry[name]) for name in LIMIT_FIELDS):
            continue
        # pam_limits lowers type and item before it compares them, never the domain
        kind, item = str(entry["type"]).lower(), str(entry["item"]).lower()
        for one in ("soft", "hard") if kind == "-" else (kind,):
            reader.add(path, "limits", str(entry["domain"]), f"{one} {item}", entry["value"])


def _read_by_subject(layer: str) -> Callable[[Reader, Any], None]:
    def read(reader: Reader, section: Any) -> None:
        if not isinstance(section, dict):
            return reader.wrong((layer,), "a map of units", section)
        for subject, settings in section.items():
            path = (layer, str(subject))
            if not isinstance(settings, dict):
                reader.wrong(path, "a map of directives and values", settings)
                continue
            for key, value in settings.items():
                if _scalar(reader, (*path, str(key)), value):
                    reader.add((*path, str(key)), layer, str(subject), str(key), value)

    return read


def pointer(parts: Sequence[str]) -> str:
    """A JSON pointer (RFC 6901) from its parts."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def _read_json(
    layer: str, what: str, parts_of: Callable[[str], Path]
) -> Callable[[Reader, Any], None]:
    """A section of leaves by JSON pointer; ``parts_of`` reads the names at its top."""

    def read(reader: Reader, section: Any) -> None:
        if not isinstance(section, dict):
            return reader.wrong((layer,), f"a map of {what}", section)

        def descend(place: Path, parts: Path, value: Any) -> None:
            if isinstance(value, dict) and value:
                for key, below in value.items():
                    descend((*place, str(key)), (*parts, str(key)), below)
            else:
                reader.add((layer, *place), layer, "", pointer(parts), value)

        for key, value in section.items():
            descend((str(key),), parts_of(str(key)), value)

    return read


def _whole(name: str) -> Path:
    return (name,)


def _dotted(name: str) -> Path:
    """``evictionHard.pid.available`` is a key of evictionHard: no field's own name has a dot."""
    first, dot, rest = name.partition(".")
    return (first, rest) if dot else (first,)


SECTIONS: Dict[str, Callable[[Reader, Any], None]] = {
    "sysctl": _read_sysctl,
    "limits": _read_limits,
    "slices": _read_by_subject("slices"),
    "units": _read_by_subject("units"),
    "docker_daemon": _read_json("docker_daemon", "daemon.json's keys", _whole),
    "kubelet": _read_json("kubelet", "the kubelet's settings", _dotted),
}
PLANNED = ("groups", "containers", "containerd", "earlyoom", "guard")


def read(
    document: Any, *, places: Optional[Places] = None, file: Optional[str] = None, origin: str = ""
) -> Tuple[Tuning, Tuple[Finding, ...]]:
    """A document (as YAML or JSON gives it) as a tuning, with everything wrong about its shape.

    ``places`` maps paths such as ``("sysctl", "kernel.pid_max")`` to where they stand; entries of
    lists are named by their index as text. Whether keys and values are right is the layers' check.
    """
    reader = Reader(places or {}, file, origin)
    if not isinstance(document, dict):
        reader.wrong((), "a map of layers", document)
        return Tuning(), tuple(reader.findings)
    policy = DEFAULT_POLICY
    layers = []
    for name, section in document.items():
        if name == "policy":
            policy, found = read_policy(section, reader.place)
            reader.findings.extend(found)
        elif name in SECTIONS:
            layers.append(name)
            SECTIONS[name](reader, section if section is not None else type_of(name)())
        else:
            reader.findings.append(_unknown(str(name), reader.place((str(name),))))
    named = {name for item in reader.items for name in (item.key, item.name)}
    reader.findings.extend(unknown(policy, named, reader.place))
    reader.findings.extend(twice(reader.items))
    return Tuning(tuple(layers), tuple(reader.items), policy), tuple(reader.findings)


def type_of(layer: str) -> type:
    """The Python type of a layer's section; an empty one means: nothing is wanted any more."""
    return list if layer == "limits" else dict


def _unknown(name: str, place: Place) -> Finding:
    if name in PLANNED:
        return rules.NOT_BUILT.at(place, found=name)
    known = [*SECTIONS, *PLANNED, "policy"]
    return rules.UNKNOWN_SECTION.at(place, found=name, suggestion=nearest(name, known))


def twice(items: Sequence[Item]) -> List[Finding]:
    """Keys that stand more than once with different values (two spellings, ``-`` beside soft)."""
    first: Dict[Tuple[str, str, str], Item] = {}
    found = []
    for item in items:
        earlier = first.setdefault(item.id, item)
        if earlier.text != item.text:
            found.append(
                rules.TWICE.at(
                    item.place, found=item.text, layer=item.layer, what=item.name,
                    first=earlier.text, second=item.text,
                )
            )
    return found
