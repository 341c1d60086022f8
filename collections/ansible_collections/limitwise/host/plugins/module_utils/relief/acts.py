# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relief: raises and caps values at once, holds them, and gives them back; recorded before made.

It starts no process and no thread, takes no lock that a run of a tuning holds, and opens nothing
but the files that it writes. That is safe beside a run: a value is one write(2), read again right
before it, never lowered by a raise, and given back only where it is still ours.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..catalogue.rules import relief as rules
from ..findings import Finding, HostError, LockedError, Place
from ..host.machine import Host
from ..journal import STATE, Store
from ..margin import margin
from .book import BOOK, CAPPED, RAISED, Book, Kept, below
from .levels import Gauges, number
from .plan import Raise
from .protected import Protected

LOCK = STATE + "/relief.lock"


@dataclass(frozen=True)
class Done:
    """What one call has changed, with what is to be said about it."""

    changed: Tuple[Kept, ...] = ()
    findings: Tuple[Finding, ...] = ()


class Relief:
    """The relief of one host: one of them at a time, for as long as the process lives.

    Call :meth:`adopt` first, before there is an emergency: it prepares all that is needed then.
    """

    def __init__(self, host: Host, gauges: Gauges, protected: Protected) -> None:
        self.host, self.gauges, self.protected = host, gauges, protected
        self._book = Book(host)
        self._kept: Dict[str, Kept] = {}
        self._held = ExitStack()
        self._unrecorded = ""

    @property
    def raised(self) -> Tuple[Kept, ...]:
        """What is raised and not given back."""
        return tuple(one for one in self._kept.values() if one.how == RAISED)

    @property
    def capped(self) -> Tuple[Kept, ...]:
        """What is held at its size and not lifted."""
        return tuple(one for one in self._kept.values() if one.how == CAPPED)

    def adopt(self) -> Done:
        """Take over what a killed process left, and end what it was giving back.

        LockedError when another process relieves this host. A disk that takes no record is a
        finding, no error. Call :meth:`hold` next: a write that was recorded may not have been made.
        """
        found: List[Finding] = []
        try:
            Store(self.host).prepare()
            self._held.enter_context(self.host.lock(LOCK))
        except LockedError:
            raise
        except HostError as error:
            found += self._cannot_record(str(error))
        self._kept, trouble = self._book.open()
        if trouble is not None:
            found += self._cannot_record(str(trouble))
        going = [one for one in self._kept.values() if one.back]
        done = self._give_back(going)
        return Done(done.changed, (*found, *done.findings))

    def raise_(self, raises: Sequence[Raise]) -> Done:
        """Raise these values; what is as high already, capped by us or gone is left alone."""
        wanted = []
        for one in raises:
            live, held = self._live(one.source), self._kept.get(one.source)
            if live is None or not below(live, str(one.after)):
                continue
            if held is not None and held.how == CAPPED:
                continue
            before, after = _first(held, live), str(one.after)
            wanted.append(Kept(one.what, one.source, one.group, RAISED, before, after, was=live))
        return self._make(wanted)

    def cap(self, group: str, tasks: int) -> Done:
        """Hold a cgroup at so many tasks: none of them ends, no new one starts.

        Nothing happens where its limit is no higher; who is protected is not capped.
        """
        source = f"{self.gauges.top}{group}/pids.max"
        if self.protected.group(group):
            return Done(findings=(rules.PROTECTED.at(Place(source), what=group),))
        live, held = self._live(source), self._kept.get(source)
        if live is None or not below(str(tasks), live):
            return Done()
        before, after = _first(held, live), str(max(1, tasks))
        return self._make([Kept(group, source, group, CAPPED, before, after, was=live)])

    def hold(self) -> Done:
        """Write again what has gone back to its former value, as after a daemon-reload.

        What somebody else has set meanwhile is theirs; of a cgroup that is gone nothing is kept.
        """
        found: List[Finding] = []
        again, lost = [], []
        for one in list(self._kept.values()):
            live = self._live(one.source)
            if live == one.after:
                continue
            if live is not None and one.stands(live):
                again.append(one)
                continue
            lost.append(one)
            if live is not None:
                found.append(rules.OVERTAKEN.at(Place(one.source), found=live, what=one.what))
        found += self._forget(lost)
        written, refused = self._write(again)
        return Done(tuple(written), (*found, *refused))

    def lift(self, groups: Iterable[str] = ()) -> Done:
        """Give these capped cgroups their former limit back; all of them when none is named."""
        named = set(groups)
        return self._give_back(
            [replace(one, back=one.before) for one in self.capped
             if not named or one.group in named]
        )

    def release(self, wanted: Optional[Mapping[str, int]] = None) -> Done:
        """Give everything back: the incident has ended.

        A raised value goes to its former one, or to present use and the margin, or to what the
        tuning now wants (``wanted``, by what it is called), whichever is highest.
        """
        going = []
        for one in self._kept.values():
            back = one.before if one.how == CAPPED else self._lower(one, (wanted or {}))
            going.append(replace(one, back=back))
        return self._give_back(going)

    def close(self) -> None:
        """Let another process relieve this host; what is kept stays as it is."""
        self._book.close()
        self._held.close()

    # --- parts ----------------------------------------------------------------------------------

    def _lower(self, one: Kept, wanted: Mapping[str, int]) -> str:
        level = self.gauges.one(one.source, one.group)
        used = level.gone if level is not None else 0
        least = max(number(one.before) or 0, used + margin(used))
        # what is in use still needs it: then it stays, and is ours no more
        return str(max(min(least, int(one.after)), wanted.get(one.what, 0)))

    def _make(self, wanted: Sequence[Kept]) -> Done:
        """Record them, then write them."""
        if not wanted:
            return Done()
        found = self._keep(wanted)
        written, refused = self._write(wanted)
        return Done(tuple(written), (*found, *refused))

    def _write(self, wanted: Sequence[Kept]) -> Tuple[List[Kept], List[Finding]]:
        written, found, undone = [], [], []
        for one in wanted:
            live = self._live(one.source)
            if live is None or (one.how == RAISED and not below(live, one.after)):
                # gone, or raised by somebody else since it was planned
                continue
            failed = self._put(one, one.after)
            if failed is None:
                written.append(one)
            else:
                found.append(failed)
                undone.append(one)
        return written, [*found, *self._keep([one.unwritten() for one in undone])]

    def _give_back(self, going: Sequence[Kept]) -> Done:
        """Write the former values where ours are still there; on disk before and after."""
        if not going:
            return Done()
        found = self._record(going)
        changed = []
        for one in going:
            if self._live(one.source) != one.after:
                continue
            failed = None if one.back == one.after else self._put(one, one.back)
            if failed is None:
                changed.append(one)
            else:
                found.append(failed)
        return Done(tuple(changed), (*found, *self._forget(going)))

    def _put(self, one: Kept, value: str) -> Optional[Finding]:
        try:
            self.gauges.descriptors.write(self.host.files.locate(one.source), value)
        except OSError as error:
            return rules.REFUSED.at(
                Place(one.source), found=value, what=one.what, reason=error.strerror or str(error)
            )
        return None

    def _live(self, source: str) -> Optional[str]:
        text = self.gauges.descriptors.read(self.host.files.locate(source))
        return text.strip() if text is not None else None

    def _forget(self, lost: Sequence[Kept]) -> List[Finding]:
        return self._keep([replace(one, after="", back="") for one in lost])

    def _keep(self, kept: Sequence[Kept]) -> List[Finding]:
        """Know and record them; what has no value of ours is kept no more."""
        if not kept:
            return []
        for one in kept:
            if one.after:
                self._kept[one.source] = one
            else:
                self._kept.pop(one.source, None)
        return self._record(kept)

    def _record(self, kept: Sequence[Kept]) -> List[Finding]:
        try:
            self._book.record(kept, self._kept.values())
        except (OSError, HostError) as error:
            return self._cannot_record(str(error))
        self._unrecorded = ""
        return []

    def _cannot_record(self, reason: str) -> List[Finding]:
        """Said once for each reason, not four times a second."""
        if reason == self._unrecorded:
            return []
        self._unrecorded = reason
        return [rules.UNRECORDED.at(Place(BOOK), reason=reason)]


def _first(held: Optional[Kept], live: str) -> str:
    """The value that is to come back: the first, unless somebody else has set another one."""
    if held is None or not (live == held.after or held.stands(live)):
        return live
    return held.before


__all__ = ["Done", "Kept", "Relief"]
