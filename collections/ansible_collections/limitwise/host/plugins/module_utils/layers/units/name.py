# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit names: which are valid, which other units they cover, and where their drop-ins lie.

Source: systemd.unit(5), src/basic/unit-name.c and src/shared/dropin.c of systemd 257.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Optional, Tuple

from ...catalogue.suggest import nearest

SECTIONS: Dict[str, str] = {
    "slice": "Slice",
    "service": "Service",
    "scope": "Scope",
    "socket": "Socket",
    "mount": "Mount",
    "swap": "Swap",
}
"""The unit types that have a cgroup, and the section in which their limits stand."""

LIMITLESS = ("target", "timer", "path", "device", "automount", "snapshot")
LONGEST = 255
CHARACTERS = re.compile(r"[A-Za-z0-9:_.\\@-]+")

FOLDER = "/etc/systemd/system"
OWN = "zz-limitwise.conf"


def own_path(name: str) -> str:
    """The drop-in of ours for a unit."""
    return f"{FOLDER}/{name}.d/{OWN}"


def split(name: str) -> Tuple[str, str]:
    """Stem and type: ``("user-1000", "slice")``; the type is empty where there is no dot."""
    stem, dot, kind = name.rpartition(".")
    return (stem, kind) if dot else (name, "")


def section_of(name: str) -> str:
    """The section in which a unit's limits stand; empty for types that have none."""
    return SECTIONS.get(split(name)[1], "")


def objection(name: str) -> Optional[Tuple[str, Optional[str]]]:
    """Why a name cannot be a unit with limits, and the name that was probably meant."""
    if not name or len(name) > LONGEST:
        return f"a unit name has 1 to {LONGEST} characters", None
    if "*" in name or "?" in name:
        return "a wildcard; a prefix with a dash or a template covers many", _covering(name)
    if not CHARACTERS.fullmatch(name):
        return "only letters, digits and : _ . \\ @ - may stand in it", None
    return _type_objection(name)


def _type_objection(name: str) -> Optional[Tuple[str, Optional[str]]]:
    stem, kind = split(name)
    if kind in LIMITLESS:
        return f"a {kind} has no processes and no limits", None
    if kind not in SECTIONS:
        return "it must end in one of ." + " .".join(SECTIONS), _with_type(stem, kind, name)
    if not stem or stem.startswith(("@", ".")):
        return "nothing stands before its type", None
    if kind == "slice":
        return _slice_objection(stem)
    return None


def _slice_objection(stem: str) -> Optional[Tuple[str, Optional[str]]]:
    if stem == "-":
        return None
    if "@" in stem:
        return "a slice cannot be a template", None
    if stem.startswith("-") or "--" in stem:
        return "the dashes of a slice part its parents' names, so none is empty", None
    return None


def _covering(name: str) -> Optional[str]:
    """``user-.slice`` for ``user-*.slice``, ``t3@.service`` for ``t3@*.service``."""
    stem, kind = split(name)
    bare = f"{stem[:-1]}.{kind}"
    usable = stem.endswith(("-*", "@*")) and kind in SECTIONS and objection(bare) is None
    return bare if usable else None


def _with_type(stem: str, kind: str, name: str) -> Optional[str]:
    near = nearest(kind, list(SECTIONS)) if kind else None
    candidate = f"{stem}.{near}" if near else f"{name}.service"
    return candidate if objection(candidate) is None else None


def covers_many(name: str) -> bool:
    """Whether a name stands for other units: a template, or a prefix that ends in a dash."""
    stem = split(name)[0]
    return stem.endswith("@") or (stem.endswith("-") and stem != "-")


def covers(subject: str, name: str) -> bool:
    """Whether drop-ins of ``subject`` are read for the unit ``name``."""
    return name == subject or subject in broader(name)


def pattern(subject: str) -> str:
    """The glob with which systemctl finds the loaded units that a subject covers."""
    stem, kind = split(subject)
    if not covers_many(subject):
        return subject
    return f"{stem[:-1]}*@*.{kind}" if stem.endswith("-@") else f"{stem}*.{kind}"


def broader(name: str) -> Tuple[str, ...]:
    """The templates and prefixes whose drop-ins a unit reads too, the most specific first."""
    return tuple(dict.fromkeys(_broader(name)))


def _broader(name: str) -> Iterator[str]:
    stem, kind = split(name)
    prefix, at, instance = stem.partition("@")
    if instance:
        template = f"{prefix}@.{kind}"
        yield template
        yield from _broader(template)
    # "foo--" stands for "foo-": one dash at the end belongs to the prefix itself
    cut = prefix[:-1].rfind("-") if prefix.endswith("-") else prefix.rfind("-")
    if cut > 0:
        shorter = f"{prefix[: cut + 1]}{at}{instance}.{kind}"
        yield shorter
        yield from _broader(shorter)


def folders(names: Tuple[str, ...]) -> List[str]:
    """The names of the drop-in folders of a unit with these names, the most specific first."""
    found = [folder for name in names for folder in (name, *broader(name))]
    kinds = [split(name)[1] for name in names]
    return list(dict.fromkeys(f"{name}.d" for name in [*found, *kinds]))
