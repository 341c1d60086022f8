# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking up keys of daemon.json: known, ignored, settable, and what is wrong with a value."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from .classes import REFUSED
from .docker_key import DaemonKey
from .docker_table import IGNORED, IGNORED_WITHOUT_KEY, KEYS
from .docker_values import pointer, pools_of
from .problem import ERROR, NAME, WARNING, Problem
from .suggest import nearest

_BY_NAME: Dict[str, DaemonKey] = {key.name: key for key in KEYS}
_BY_FLAG: Dict[str, DaemonKey] = {key.flag or key.name: key for key in KEYS}
_BY_LETTER: Dict[str, DaemonKey] = {key.short: key for key in KEYS if key.short}


def lookup(path: str) -> Optional[DaemonKey]:
    """The key that a JSON pointer ("/default-ulimits/nofile/Hard") or a bare name is part of."""
    return _BY_NAME.get(parts_of(path)[0])


def of_flag(flag: str) -> Optional[DaemonKey]:
    """The key that a flag of dockerd sets: "--default-ulimit=...", "--debug", "-H"; or None."""
    name = flag.split("=", 1)[0]
    if name.startswith("--"):
        return _BY_FLAG.get(name[2:]) or _BY_NAME.get(IGNORED.get(name[2:], ""))
    return _BY_LETTER.get(name[1:2]) if name.startswith("-") else None


def ignored_twin(name: str) -> Optional[str]:
    """The key that was meant by a name which dockerd accepts and ignores, or None."""
    return IGNORED.get(name)


def nearest_key(name: str) -> Optional[str]:
    """The key that was most likely meant by an unknown name, or None."""
    return IGNORED.get(name) or nearest(name, _BY_NAME)


def settable(path: str) -> bool:
    """Whether a tuning may set what a JSON pointer or a bare name names."""
    return not refusal(path)


def refusal(path: str) -> str:
    """Why a tuning may not set it; empty when it may."""
    name, rest = parts_of(path)
    key = _BY_NAME.get(name)
    if key is None:
        return "dockerd does not know it"
    if key.klass == REFUSED:
        return key.doc
    if rest and rest[0].lower() in key.refused_parts:
        return "it is a security setting"
    return ""


def check_value(path: str, value: object) -> Tuple[Problem, ...]:
    """What is wrong with a value at a JSON pointer (or bare name); problems carry full pointers.

    A pointer below a key is checked in the shape of that key. An unknown key is one problem.
    """
    name, rest = parts_of(path)
    key = _BY_NAME.get(name)
    if key is None:
        return (_unknown(name),)
    if value is None:
        message = "null leaves the default in place: leave the key out"
        return (Problem(WARNING, message, None, _pointer(name, rest)),)
    whole: object = value
    for part in reversed(rest):
        whole = {part: whole}
    problems = tuple(key.check(whole, "/" + pointer(name)))
    return tuple(each for each in problems if _concerns(each.path, _pointer(name, rest)))


def check_document(document: Mapping[str, object]) -> Tuple[Problem, ...]:
    """What is wrong with a whole daemon.json: every value, and what contradicts what."""
    problems: List[Problem] = []
    for name, value in document.items():
        problems += check_value("/" + pointer(name), value)
    if not problems:
        problems += _bridge_in_pool(document)
    return tuple(problems)


def parts_of(path: str) -> Tuple[str, Tuple[str, ...]]:
    """The key's name and the names below it, from a JSON pointer or a bare name."""
    if not path.startswith("/"):
        return path, ()
    name, *rest = (part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))
    return name, tuple(rest)


def _unknown(name: str) -> Problem:
    twin = IGNORED.get(name)
    if twin:
        message = "dockerd accepts %r and ignores it: %s is the key" % (name, twin)
        return Problem(ERROR, message, twin, "/" + pointer(name), NAME)
    if name in IGNORED_WITHOUT_KEY:
        message = "dockerd accepts %r and ignores it: it is a flag, not a key" % name
        return Problem(ERROR, message, None, "/" + pointer(name), NAME)
    message = "%r is no key of daemon.json: dockerd does not start with it" % name
    return Problem(ERROR, message, nearest_key(name), "/" + pointer(name), NAME)


def _pointer(name: str, rest: Tuple[str, ...]) -> str:
    return "".join("/" + pointer(part) for part in (name, *rest))


def _concerns(problem: str, asked: str) -> bool:
    """Whether a problem lies at or below the asked pointer, or says that it is misplaced."""
    return problem == asked or problem.startswith(asked + "/") or asked.startswith(problem + "/")


def _bridge_in_pool(document: Mapping[str, object]) -> Iterator[Problem]:
    """A bridge as large as a pool; a smaller one takes its own subnet and leaves the others.

    Docker 20.10 and 26.1 start with either, and then make no network of a pool that is covered.
    """
    bridge = document.get("bip")
    if not isinstance(bridge, str):
        return
    own = pools_of([{"base": bridge, "size": 32}])[0][0]
    for base, _size in pools_of(document.get("default-address-pools")):
        if base.version == own.version and base.subnet_of(own):  # type: ignore[arg-type]
            message = "bip %s covers the pool %s: no network can be made of it" % (bridge, base)
            yield Problem(WARNING, message, None, "/bip")
