# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over: other people's lines that win over ours are commented out, and given back later."""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Optional, Sequence, Set, Tuple

from ...formats.sysctl_conf import parse
from ...formats.text import Revision, encode, split
from .check import Wanted
from .files import Applier, ConfFile, Given, with_content
from .values import enough

MARK = "# limitwise took over: "

Files = Tuple[ConfFile, ...]


def taken_over(
    files: Files, appliers: Sequence[Applier], wanted: Sequence[Wanted], names: Sequence[str]
) -> Tuple[Files, Set[str]]:
    """The files with every line in ``names`` commented out that leaves a wanted value unfulfilled.

    Also the paths of the keys concerned.
    """
    touched: Set[str] = set()
    for applier in appliers if names else ():
        for one in wanted:
            given = applier(files).of(one.path)
            while given is not None and not fulfils(given, one) and _named(files, given, names):
                files = _commented(files, given)
                touched.add(one.path)
                given = applier(files).of(one.path)
    return files, touched


def given_back(files: Files, paths: AbstractSet[str]) -> Files:
    """The files with the lines of these keys as they were before they were taken over."""
    mark = encode(MARK)
    for file in files:
        if mark not in file.data or file.image is None:
            continue
        revision = Revision()
        lines = split(file.data)
        for line in lines:
            if line.text.startswith(MARK):
                kept = line.text[len(MARK) :]
                if any(entry.path in paths for entry in parse(encode(kept)).entries):
                    revision.texts[line.number] = kept
        image = replace(file.image, data=revision.apply(lines))
        files = with_content(files, file.real, image)
    return files


def fulfils(given: Optional[Given], wanted: Wanted) -> bool:
    """Whether what a boot gives a key is as wanted."""
    if given is None or given.value is None:
        return False
    return enough(wanted.key, given.value, wanted.text)


def _named(files: Files, given: Given, names: Sequence[str]) -> bool:
    paths = {file.path for file in files if file.real == given.file}
    return given.file in names or any(path in names for path in paths)


def _commented(files: Files, given: Given) -> Files:
    for file in files:
        if file.real == given.file and file.image is not None:
            lines = split(file.data)
            revision = Revision({given.line: MARK + lines[given.line - 1].text})
            image = replace(file.image, data=revision.apply(lines))
            return with_content(files, file.real, image)
    return files
