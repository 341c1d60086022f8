# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our lines in a boot script: for hosts where nothing else applies sysctls at boot."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Dict, List, Mapping, Optional

from ...acts import FileImage
from ...catalogue.rules import run as run_rules
from ...catalogue.rules import sysctl as rules
from ...findings import Finding, Place
from ...formats.block import replace_block
from ...formats.text import split

BEGIN = re.compile(r"# BEGIN limitwise sysctl \(owner: ([^)]*)\)")
END = "# END limitwise sysctl"
LINE = re.compile(r"printf '%s\\n' '([^']*)' > '/proc/sys/([^']+)'")
# What stays one word between single quotes in any shell, and is no option to anybody.
PLAIN_VALUE = re.compile(r"[A-Za-z0-9 ._,:/+@%=-]+")
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./:@-]+")
NEW_SCRIPT = FileImage(b"#!/bin/sh\n", 0o755)


def begin(owner: str) -> str:
    """The line that opens our block."""
    return f"# BEGIN limitwise sysctl (owner: {owner})"


def owner_of(image: Optional[FileImage]) -> Optional[str]:
    """Whose block the script has; None when it has none."""
    for line in split(image.data) if image is not None else ():
        match = BEGIN.fullmatch(line.text)
        if match is not None:
            return match.group(1)
    return None


def foreign(image: Optional[FileImage], owner: str, path: str) -> List[Finding]:
    """A finding when the block is another owner's."""
    other = owner_of(image)
    if other is None or other == owner:
        return []
    return [run_rules.OTHER_OWNER.at(Place(path), layer="sysctl", found=other, owner=owner)]


def values(image: Optional[FileImage]) -> Dict[str, str]:
    """The keys and values of our block."""
    found: Dict[str, str] = {}
    inside = False
    for line in split(image.data) if image is not None else ():
        if BEGIN.fullmatch(line.text) or line.text == END:
            inside = line.text != END
            continue
        match = LINE.fullmatch(line.text) if inside else None
        if match is not None:
            found[match.group(2)] = match.group(1)
    return found


def lines(wanted: Mapping[str, str]) -> List[str]:
    """One shell line for every key."""
    return [
        f"printf '%s\\n' '{_one_blank(value)}' > '/proc/sys/{path}'"
        for path, value in wanted.items()
    ]


def unsafe(path: str, name: str, value: str, place: Place) -> List[Finding]:
    """A finding when the key or its value could be more than one plain word to a shell."""
    if PLAIN_VALUE.fullmatch(_one_blank(value)) and PLAIN_PATH.fullmatch(path):
        return []
    return [rules.UNSAFE_IN_SCRIPT.at(place, found=value, what=name)]


def rewritten(
    image: Optional[FileImage], wanted: Mapping[str, str], owner: str
) -> Optional[FileImage]:
    """The script with exactly these values in our block, and no block when there are none.

    Raises FormatError when the block's markers are damaged.
    """
    if image is None and not wanted:
        return None
    script = image if image is not None else NEW_SCRIPT
    data, other = script.data, owner_of(image)
    if other is not None and (other != owner or not wanted):
        data = replace_block(data, begin(other), END, None)
    if wanted:
        data = replace_block(data, begin(owner), END, lines(wanted))
    if data == script.data:
        return image
    return replace(script, data=data)


def line_of(image: Optional[FileImage], path: str) -> Optional[int]:
    """The line of a key in our block."""
    if image is None:
        return None
    for line in split(image.data):
        match = LINE.fullmatch(line.text)
        if match is not None and match.group(2) == path:
            return line.number
    return None


def _one_blank(value: str) -> str:
    return " ".join(value.split())
