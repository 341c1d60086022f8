# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: the host's original of everything ever changed, recorded once, never pruned.

It is one composed run: for each file or kernel value the first before-image and the last
after-image. Restoring the originals is undoing that run.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Dict, Iterable, Mapping, Optional, Tuple, Union

from .acts import Act, FileImage, MakeDirectory, Poke, SetKernel, WriteFile
from .change import Change
from .formats import keyed
from .formats.text import FormatError

Target = Tuple[str, str]
Key = Tuple[str, str, str]
Recorded = Union[WriteFile, SetKernel, MakeDirectory]


@dataclass(frozen=True)
class Ledger:
    """The composed acts by their target: (kind, path).

    ``changes``: what they were made for, first value to last, by (layer, subject, key); ``pokes``:
    every command that made somebody read them. Both outlive the journals they came from.
    """

    acts: Mapping[Target, Recorded]
    changes: Mapping[Key, Change] = field(default_factory=dict)
    pokes: Tuple[Poke, ...] = ()

    def original_kernel(self, path: str) -> Optional[str]:
        """The value below /proc/sys before Limitwise first wrote it; None when it never did."""
        act = self.acts.get(("kernel", path))
        return act.before if isinstance(act, SetKernel) else None

    def original_file(self, path: str) -> Optional[FileImage]:
        """The file before Limitwise first wrote it; None when absent then, or never written."""
        act = self.acts.get(("file", path))
        return act.before if isinstance(act, WriteFile) else None

    def knows_file(self, path: str) -> bool:
        return ("file", path) in self.acts

    def original_value(self, path: str, key: str) -> Optional[str]:
        """The value of one key in a file before Limitwise first wrote it."""
        act = self.acts.get(("file", path))
        if not isinstance(act, WriteFile) or act.before is None or act.format is None:
            return None
        return keyed.values(act.format, act.before.data).get(key)

    def composed(self, acts: Iterable[Act], changes: Iterable[Change] = ()) -> Ledger:
        """The ledger after these acts: originals kept, last images taken over."""
        known: Dict[Target, Recorded] = dict(self.acts)
        pokes: Dict[Poke, None] = dict.fromkeys(self.pokes)
        for act in acts:
            target = target_of(act)
            if isinstance(act, Poke):
                pokes[act] = None
            if target is None or not isinstance(act, (WriteFile, SetKernel, MakeDirectory)):
                continue
            earlier = known.get(target)
            if isinstance(earlier, WriteFile) and isinstance(act, WriteFile):
                known[target] = replace(earlier, before=_with_edits(earlier, act), after=act.after)
            elif isinstance(earlier, SetKernel) and isinstance(act, SetKernel):
                known[target] = replace(earlier, after=act.after)
            elif earlier is None and not _told_by_another(act, known):
                known[target] = act
        return Ledger(known, self._changes(changes), tuple(pokes))

    def _changes(self, changes: Iterable[Change]) -> Mapping[Key, Change]:
        known = dict(self.changes)
        for change in changes:
            key = (change.layer, change.subject, change.key)
            first = known.get(key, change)
            known[key] = replace(first, after=change.after, file=change.file)
        return known


def _with_edits(earlier: WriteFile, act: WriteFile) -> Optional[FileImage]:
    """The original, with what others have edited in the file between two runs of ours.

    Their keys are no work of ours: restoring the original must not take them away.
    """
    if act.format is None or act.before == earlier.after or act.before is None:
        return earlier.before
    try:
        left = keyed.values(act.format, earlier.after.data) if earlier.after is not None else {}
        found = keyed.values(act.format, act.before.data)
        edits = {
            key: found.get(key)
            for key in {*left, *found}
            if left.get(key) != found.get(key)
        }
        original = earlier.before.data if earlier.before is not None else b""
        known = keyed.values(act.format, original)
        edits = {key: value for key, value in edits.items() if known.get(key) != value}
        if not edits:
            return earlier.before
        return replace(earlier.before or act.before, data=keyed.edit(act.format, original, edits))
    except FormatError:
        return earlier.before


def _told_by_another(act: Recorded, known: Mapping[Target, Recorded]) -> bool:
    """Whether the original is recorded already by the key that says the same in another unit."""
    return (
        isinstance(act, SetKernel)
        and act.instead is not None
        and ("kernel", act.instead[0]) in known
    )


EMPTY = Ledger({})


def target_of(act: Act) -> Optional[Target]:
    """What an act changes, as the ledger's key; None for acts that leave nothing behind."""
    if isinstance(act, WriteFile):
        return ("file", act.path)
    if isinstance(act, SetKernel):
        return ("kernel", act.path)
    if isinstance(act, MakeDirectory):
        return ("directory", act.path)
    return None
