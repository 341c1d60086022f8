# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking up unit directives: may it stand there, may a tuning set it, will systemd read it."""

from __future__ import annotations

from functools import partial
from typing import Dict, Optional, Tuple

from . import kinds
from .classes import REFUSED
from .problem import ERROR, WARNING, Problem, ValueKindError, sensible
from .suggest import nearest
from .unit_directive import Directive
from .unit_names import KNOWN
from .unit_table import DIRECTIVES

_BY_NAME: Dict[str, Directive] = {directive.name: directive for directive in DIRECTIVES}
_BY_RLIMIT: Dict[str, Directive] = {each.rlimit: each for each in DIRECTIVES if each.rlimit}
_DEPRECATED = frozenset(each.name for each in DIRECTIVES if each.replacement)

SECTION_OF_TYPE: Dict[str, str] = {
    "slice": "Slice",
    "service": "Service",
    "scope": "Scope",
    "socket": "Socket",
    "mount": "Mount",
    "swap": "Swap",
    "automount": "Automount",
    "timer": "Timer",
    "path": "Path",
}
"""Unit name suffix to the section of its own; targets and devices have none."""


def lookup(name: str) -> Optional[Directive]:
    """The directive of exactly that name if it is a limit, or None."""
    return _BY_NAME.get(name)


def of_rlimit(name: str) -> Optional[Directive]:
    """The directive that sets a resource ("RLIMIT_NOFILE"), or None."""
    return _BY_RLIMIT.get(name)


def settable(name: str) -> bool:
    """Whether a tuning may set it: a limit that is neither deprecated nor anything else."""
    directive = lookup(name)
    return directive is not None and directive.klass != REFUSED


def refusal(name: str) -> str:
    """Why a tuning may not set a directive."""
    directive = lookup(name)
    if directive and directive.replacement:
        return "it is deprecated, %s has taken its place" % directive.replacement
    if any(name in names for names in KNOWN.values()):
        return "it says what a unit runs or may do, not how much it gets"
    return "systemd does not know it"


def is_known(section: str, name: str) -> bool:
    """Whether systemd reads that name in that section; X- names and sections are for others."""
    if section.startswith("X-") or name.startswith("X-"):
        return True
    return name in KNOWN.get(section, ())


def sections_of(name: str) -> Tuple[str, ...]:
    """All sections in which systemd reads that name, in no order that means anything."""
    return tuple(section for section, names in KNOWN.items() if name in names)


def nearest_directive(section: str, word: str) -> Optional[str]:
    """The name that was most likely meant in that section, or None.

    The same letters in another case come first, then limits, then all other names.
    "RLIMIT_NOFILE" and "nofile" mean LimitNOFILE.
    """
    names = KNOWN.get(section, frozenset()) - _DEPRECATED
    same_letters = nearest(word, names, 0)
    if same_letters:
        return same_letters
    by_rlimit = of_rlimit("RLIMIT_" + word.upper().replace("RLIMIT_", ""))
    if by_rlimit and section in by_rlimit.sections:
        return by_rlimit.name
    return nearest(word, names.intersection(_BY_NAME)) or nearest(word, names)


def nearest_section(word: str) -> Optional[str]:
    """The section that was most likely meant, or None."""
    return nearest(word, KNOWN)


def check_value(directive: Directive, text: str) -> Tuple[Problem, ...]:
    """What systemd would drop or misread in a value; an empty one resets and is right."""
    return sensible(_check_value(directive, text), partial(_check_value, directive))


def _check_value(directive: Directive, text: str) -> Tuple[Problem, ...]:
    if not text:
        return ()
    if directive.replacement:
        return (Problem(WARNING, refusal(directive.name), directive.replacement),)
    try:
        value = kinds.parse(directive.kind, text)
    except ValueKindError as error:
        return (Problem(ERROR, error.message, error.suggestion),)
    low, high = directive.low, directive.high
    if isinstance(value, int) and low is not None and high is not None and not low <= value <= high:
        return (Problem(ERROR, "%s is out of the range %s" % (text, directive.range_in_words)),)
    return ()
