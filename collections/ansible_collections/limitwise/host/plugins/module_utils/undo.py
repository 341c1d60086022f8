# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deciding how to undo acts: a pure function of an act, what is there now, and who came later.

Three versions of everything are known: before the run, after it, and now. What is still as the
run left it goes back; what others changed since stays, and is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import AbstractSet, Dict, List, Mapping, Optional, Sequence, Set, Tuple, Union

from .acts import Act, FileImage, MakeDirectory, Poke, RecordCgroup, SetKernel, WriteFile
from .catalogue.rules import run as rules
from .findings import Finding, HostError, Place
from .formats import keyed
from .formats.sysctl_conf import dotted
from .formats.text import FormatError
from .ledger import Target

Now = Union[FileImage, str, None]


@dataclass(frozen=True)
class Since:
    """What happened after the run: the value now, and which later run of ours wrote it."""

    now: Now
    later: Optional[str] = None


@dataclass(frozen=True)
class Undoing:
    """The acts that undo, in the order to perform them, and what is left alone."""

    acts: Tuple[Act, ...] = ()
    findings: Tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What undoing must respect: keys that may not go back (in use), by layer and target.

    ``again``: an earlier undoing did not end: its commands may be missing where all else is done.
    """

    run: str
    force: bool = False
    again: bool = False
    kept: Mapping[Target, AbstractSet[str]] = field(default_factory=dict)

    def keys(self, target: Target) -> AbstractSet[str]:
        return self.kept.get(target, frozenset())


def same_text(one: str, other: str) -> bool:
    """Kernel values compare by their words: tabs and blanks are alike."""
    return one.split() == other.split()


def undo(acts: Sequence[Act], since: Mapping[Target, Since], limits: Limits) -> Undoing:
    """How to take back the acts of one run."""
    files: List[Act] = []
    kernel: List[Act] = []
    last: List[Act] = []
    found: List[Finding] = []
    for act in reversed(acts):
        if isinstance(act, WriteFile):
            undone, findings = undo_file(act, since[("file", act.path)], limits)
            files.extend(undone)
            found.extend(findings)
        elif isinstance(act, SetKernel):
            undone, findings = undo_kernel(act, since[("kernel", act.path)], limits)
            kernel.extend(undone)
            found.extend(findings)
        elif isinstance(act, (MakeDirectory, RecordCgroup)):
            last.append(act)
    touched = {act.layer for act in (acts if limits.again else [*files, *kernel])}
    pokes = [act for act in acts if isinstance(act, Poke) and act.layer in touched]
    # A value written by hand is lost by our reload alone, and returns only with everything else:
    # a file that stays (in use, a later run's) holds for the cgroup too.
    whole = touched - {one.layer for one in found} - _partly(acts, limits)
    last = [act for act in last if isinstance(act, MakeDirectory) or act.layer in whole]
    return Undoing((*files, *kernel, *pokes, *last), tuple(found))


def _partly(acts: Sequence[Act], limits: Limits) -> Set[str]:
    """The layers of which some key stays."""
    return {
        act.layer
        for act in acts
        if isinstance(act, WriteFile) and limits.keys(("file", act.path))
    }


def undo_kernel(
    act: SetKernel, since: Since, limits: Limits
) -> Tuple[List[Act], List[Finding]]:
    """The write that puts a value back, unless it has moved or is needed."""
    now = since.now
    if not isinstance(now, str) or same_text(now, act.before) or same_text(act.before, act.after):
        return [], []
    if act.path in limits.keys(("kernel", act.path)):
        return [], []
    name = dotted(act.path)
    if since.later is not None and not same_text(now, act.after):
        return [], [rules.LATER_RUN.at(layer=act.layer, what=name, found=since.later)]
    if same_text(now, act.after) or limits.force:
        if act.instead is not None:
            path, value = act.instead
            return [SetKernel(act.layer, path, "0", value, (act.path, now))], []
        return [SetKernel(act.layer, act.path, now, act.before)], []
    moved = rules.KERNEL_MOVED.at(
        layer=act.layer, what=name, found=now, wanted=act.after, run=limits.run
    )
    return [], [moved]


def undo_file(act: WriteFile, since: Since, limits: Limits) -> Tuple[List[Act], List[Finding]]:
    """The write that puts a file back: whole where it is as we left it, else key by key.

    What somebody else has edited is left alone and named; with force our keys go back all the
    same and the edit of other keys is kept. What later runs of ours changed is always kept.
    """
    now = since.now if isinstance(since.now, FileImage) else None
    kept = limits.keys(("file", act.path))
    whole: List[Act] = [replace(act, before=now, after=act.before)]
    if now == act.before:
        return [], []
    if now == act.after and not kept:
        return whole, []
    foreign = since.later is None and now != act.after
    if foreign and not limits.force:
        what = ", ".join([act.path, *_differing(act, now)])
        return [], [
            rules.EDITED_SINCE.at(Place(act.path), layer=act.layer, what=what, run=limits.run)
        ]
    if now is None or act.format is None or not _readable(act.format, now):
        if now == act.after:  # one piece, of which something is in use: it stays
            return [], []
        return (whole, []) if foreign else ([], [_later(act, since, act.path)])
    return _undo_keys(act, act.format, now, since, limits)


def _undo_keys(
    act: WriteFile, form: str, now: FileImage, since: Since, limits: Limits
) -> Tuple[List[Act], List[Finding]]:
    before, after = _values(form, act.before), _values(form, act.after)
    current = _values(form, now)
    changes: Dict[str, Optional[str]] = {}
    found = []
    forced = limits.force and since.later is None
    for key in sorted({*before, *after}):
        if before.get(key) == after.get(key) or key in limits.keys(("file", act.path)):
            continue
        if forced or current.get(key) == after.get(key):
            changes[key] = before.get(key)
        elif current.get(key) != before.get(key):
            found.append(_later(act, since, f"{act.path} {key}"))
    if all(current.get(key) == value for key, value in changes.items()):
        return [], found
    try:
        data = keyed.edit(form, now.data, changes)
    except FormatError as error:
        raise HostError(
            f"cannot be put back key by key: {error}", place=Place(act.path),
            remedy="mend the file by hand, then roll back again",
        ) from error
    emptied = act.before is None and not keyed.values(form, data)
    image = None if emptied else replace(now, data=data)
    return [replace(act, before=now, after=image)], found


def _values(form: str, image: Optional[FileImage]) -> Dict[str, str]:
    """The keys of an image; none for one that cannot be read any more (somebody broke it)."""
    try:
        return keyed.values(form, image.data) if image is not None else {}
    except FormatError:
        return {}


def _readable(form: str, image: FileImage) -> bool:
    try:
        keyed.values(form, image.data)
    except FormatError:
        return False
    return True


def _differing(act: WriteFile, now: Optional[FileImage]) -> List[str]:
    """The names of the keys in which the file differs from what the run left."""
    if act.format is None or now is None:
        return []
    left, found = _values(act.format, act.after), _values(act.format, now)
    return [key for key in sorted({*left, *found}) if left.get(key) != found.get(key)]


def _later(act: WriteFile, since: Since, what: str) -> Finding:
    return rules.LATER_RUN.at(
        Place(act.path), layer=act.layer, what=what, found=since.later
    )
