# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over assignments of other unit files: commented out, and given back word for word."""

from __future__ import annotations

from dataclasses import replace
from typing import AbstractSet, Dict, List, Mapping, Sequence, Set, Tuple

from ...acts import FileImage
from ...formats.text import Revision, encode, split
from ...tuning import Item
from .files import Setting, read_source
from .observe import State
from .wanted import Wanted, key_of, units_of

TOOK_OVER = "# limitwise took over: "

Images = Mapping[str, FileImage]


def commented(image: FileImage, settings: Sequence[Setting]) -> FileImage:
    """The file with these assignments as comments; continued lines whole."""
    lines = split(image.data)
    revision = Revision()
    for setting in settings:
        for number in range(setting.line, setting.last_line + 1):
            revision.texts[number] = TOOK_OVER + lines[number - 1].text
    return replace(image, data=revision.apply(lines))


def given_back(state: State, wanted: Wanted, items: Sequence[Item]) -> Dict[str, FileImage]:
    """The files in which lines come back: those about no key that is still wanted there."""
    needed = _needed(state, wanted, items)
    found = {}
    for path, image in state.files.items():
        after = _without_marks(path, image, needed)
        if after != image:
            found[path] = after
    return found


def with_files(state: State, images: Images) -> State:
    """The state with these files in its chains."""
    if not images:
        return state
    chains = {
        name: tuple(
            read_source(source.path, images[source.path].data, dropin=source.dropin)
            if source.path in images else source
            for source in chain
        )
        for name, chain in state.chains.items()
    }
    return replace(state, chains=chains)


def _needed(state: State, wanted: Wanted, items: Sequence[Item]) -> Set[Tuple[str, str]]:
    """Files and keys of which nothing may come back: a wanted value depends on it."""
    keys = [(name, key) for name, values in wanted.items() for key in values]
    keys.extend((item.subject, key_of(item)) for item in items)
    return {
        (source.path, key)
        for subject, key in keys
        for unit in units_of(state, wanted, subject, key)
        for source in state.chain(unit)
    }


def _without_marks(
    path: str, image: FileImage, needed: AbstractSet[Tuple[str, str]]
) -> FileImage:
    if encode(TOOK_OVER) not in image.data:
        return image
    lines = split(image.data)
    bare = {
        line.number: line.text[len(TOOK_OVER) :]
        for line in lines
        if line.text.startswith(TOOK_OVER)
    }
    whole = read_source(path, Revision(dict(bare)).apply(lines), dropin=True)
    back: List[int] = []
    for setting in whole.settings:
        numbers = range(setting.line, setting.last_line + 1)
        is_taken = all(number in bare for number in numbers)
        if is_taken and (path, f"{setting.section}/{setting.key}") not in needed:
            back.extend(numbers)
    texts = {number: bare[number] for number in back}
    return replace(image, data=Revision(dict(texts)).apply(lines))
