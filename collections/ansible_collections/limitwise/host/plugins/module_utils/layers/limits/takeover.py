# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking over lines of limits.conf: they are commented out, and come back word for word later."""

from __future__ import annotations

from typing import AbstractSet, Dict, Iterator, Mapping, Optional, Tuple

from ...formats.text import Revision, encode, split
from .effective import Source, read_source

TAKEN_OVER = "# limitwise took over: "


def taken_lines(
    path: str, data: bytes, version: Optional[Tuple[int, ...]]
) -> Iterator[Tuple[int, str, Source]]:
    """Every line that was taken over: its number, its own text, and what it says."""
    for line in split(data) if encode(TAKEN_OVER) in data else ():
        if line.text.startswith(TAKEN_OVER):
            text = line.text[len(TAKEN_OVER) :]
            yield line.number, text, read_source(path, encode(text + line.ending), version)


def revised(data: bytes, taken: AbstractSet[int], returned: Mapping[int, str]) -> bytes:
    """The file's bytes with some lines as comments, and others as they were before."""
    lines = split(data)
    texts: Dict[int, Optional[str]] = dict(returned)
    texts.update({
        line.number: TAKEN_OVER + line.text for line in lines if line.number in taken
    })
    return Revision(texts).apply(lines)
