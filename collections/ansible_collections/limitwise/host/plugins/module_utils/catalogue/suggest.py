# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest right word to a wrong one, or none when that would be a guess."""

from __future__ import annotations

from typing import Iterable, List, Optional, Tuple

_FOLD = str.maketrans("", "", "-_ ")


def nearest(word: str, candidates: Iterable[str], limit: Optional[int] = None) -> Optional[str]:
    """The candidate that a person most likely meant by `word`.

    Case, dashes and underscores are free; every other letter added, dropped, changed or swapped
    with its neighbour costs 1, up to `limit` (by default 1 to 3, growing with the length).
    None when nothing is near enough or two candidates are equally near.
    """
    folded = fold(word)
    allowed = _allowance(len(folded)) if limit is None else limit
    found: List[Tuple[int, int, str]] = []
    for candidate in sorted(set(candidates)):
        far = distance(folded, fold(candidate), allowed)
        if far <= allowed:
            found.append((far, distance(word, candidate, len(word) + len(candidate)), candidate))
            allowed = min(allowed, far)
    found.sort()
    if not found:
        return None
    if len(found) > 1 and found[0][0] > 0 and found[0][:2] == found[1][:2]:
        return None
    return found[0][2]


def fold(word: str) -> str:
    """The word as it counts for nearness: lower case, without dashes, underscores and blanks."""
    return word.lower().translate(_FOLD)


def distance(left: str, right: str, bound: int) -> int:
    """Damerau-Levenshtein distance (optimal string alignment), or `bound` + 1 when it is more."""
    if abs(len(left) - len(right)) > bound:
        return bound + 1
    before: List[int] = []
    above = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            cost = min(
                above[column] + 1,
                current[column - 1] + 1,
                above[column - 1] + (letter != other),
            )
            swapped = (
                row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other
            )
            if swapped:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        if min(current) > bound and min(above) > bound:
            return bound + 1
        before, above = above, current
    return min(above[-1], bound + 1)


def _allowance(length: int) -> int:
    if length < 3:
        return 0
    if length < 6:
        return 1
    return 2 if length < 12 else 3
