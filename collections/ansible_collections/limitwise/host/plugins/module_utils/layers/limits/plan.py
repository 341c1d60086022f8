# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines our file in limits.d must have so that new sessions get what a tuning wants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ... import own_file
from ...acts import Act, FileImage, WriteFile
from ...catalogue.rules import limits as rules
from ...catalogue.rules import run as run_rules
from ...change import NEW_SESSIONS, Change
from ...findings import Finding
from ...margin import margin, too_low
from ..base import Context, Plan
from .accounts import USER, source_of
from .effective import (
    Chain,
    Setting,
    Source,
    in_force,
    kinds_of,
    meets,
    no_limits_within,
    read_source,
)
from .facts import Facts
from .takeover import revised, taken_lines
from .wanted import Key, Wanted, above, satisfied

OWN = "/etc/security/limits.d/zz-limitwise.conf"
FORMAT = "limits_conf"
COUNTED = "nproc"
NOTHING = "nothing"


@dataclass(frozen=True)
class ConfFile:
    """One file that pam_limits reads; ``image`` is None for one that cannot be written (a link)."""

    path: str
    data: bytes
    image: Optional[FileImage] = None


def is_read_later(path: str) -> bool:
    """Whether pam_limits reads a file of limits.d after ours: names sort as bytes."""
    folder, _slash, name = path.rpartition("/")
    own = OWN.rpartition("/")[2]
    return folder.endswith("/limits.d") and name.encode("utf-8", "surrogateescape") > own.encode()


def with_own(others: Chain, own: Source) -> Chain:
    """The chain with our file in its place."""
    early = [source for source in others if not is_read_later(source.path)]
    return (*early, own, *others[len(early) :])


def lines_of(image: Optional[FileImage]) -> Dict[Key, str]:
    """The limits of our file, ``-`` of an item that has soft and hard as both."""
    found: Dict[Key, str] = {}
    for key, value in own_file.values(image, FORMAT).items():
        domain, kind, name = key.split(" ")
        for one in kinds_of(kind, name):
            found[domain, one, name] = value
    return found


class Planner:
    """Plans one run; ``others`` loses the lines of other files that are taken over, and has those
    again that come back.
    """

    def __init__(
        self, files: Sequence[ConfFile], facts: Facts, use: Mapping[str, int], context: Context
    ) -> None:
        self.files = {file.path: file for file in files}
        self.facts = facts
        self.use = use
        self.context = context
        self.own = self.files[OWN].image if OWN in self.files else None
        self.had = lines_of(self.own)
        self.before: Chain = tuple(
            read_source(file.path, file.data, facts.version) for file in files
        )
        self.others: Chain = tuple(source for source in self.before if source.path != OWN)
        self.taken: Dict[str, Set[int]] = {}
        self.returned: Dict[str, Dict[int, str]] = {}
        self.freed: Set[Key] = set()
        self.findings: List[Finding] = []

    def plan(self, wants: Sequence[Wanted]) -> Plan:
        """The whole plan for these wishes."""
        if not self.context.adopt:
            self.findings.extend(own_file.foreign(self.own, self.context.owner, OWN))
        if self.context.purge:
            self._give_back(wants)
        freed = [want.key for want in wants if self._free(want)]
        lines: Dict[Key, str] = {} if self.context.purge else dict(self.had)
        for want in wants:
            value = self._line_for(want, wants)
            if value is not None:
                lines[want.key] = value
        self._outdo_own_ranges(wants, lines)
        changes = [*self._changes(wants, lines, freed), *self._purged(wants, lines)]
        return Plan(tuple(changes), tuple(self._acts(lines)), tuple(self.findings))

    def in_force(self, key: Key, chain: Chain) -> Optional[Setting]:
        domain, kind, name = key
        return in_force(
            chain, domain, kind, name, self.facts.accounts, self.facts.root_is_exempt
        )

    # --- lines of others that win over ours -------------------------------------------------------

    def _free(self, want: Wanted) -> bool:
        """Take over what stands in the way of one wish, or say what does."""
        if self._later(want) is None and not self._no_limits(want, self.others):
            return False
        for path, line, found in self._in_the_way(want):
            file = self.files[path]
            if path in self.context.takeover and file.image is not None:
                self.taken.setdefault(path, set()).add(line)
            else:
                self.findings.append(
                    rules.OVERRIDDEN.at(
                        replace(want.item.place, file=path, line=line, column=None), found=found,
                        what=want.what, wanted=want.value, where=f"{path}:{line}",
                    )
                )
        self.others = tuple(
            source.without(self.taken.get(source.path, ())) for source in self.others
        )
        return True

    def _give_back(self, wants: Sequence[Wanted]) -> None:
        """Bring the lines back that were taken over for keys of which none is wanted any more."""
        version = self.facts.version
        for path, file in self.files.items():
            if path == OWN or file.image is None:
                continue
            for number, text, said in taken_lines(path, file.data, version):
                if any(self._is_in_the_way(want, said) for want in wants):
                    continue
                if said.settings or said.no_limits:
                    self.returned.setdefault(path, {})[number] = text
                self.freed.update((one.domain, one.kind, one.item) for one in said.settings)
        self.others = tuple(
            read_source(path, self._revised(path), version) if path in self.returned else source
            for source in self.others
            for path in [source.path]
        )

    def _is_in_the_way(self, want: Wanted, said: Source) -> bool:
        """Whether lines would be about the same key or the same user as a wish."""
        alone = [setting for setting in said.settings if self._is_about(want, setting)]
        return bool(alone or self._no_limits(want, (said,)))

    def _revised(self, path: str) -> bytes:
        """A file's bytes as the run leaves them."""
        taken, returned = self.taken.get(path, set()), self.returned.get(path, {})
        return revised(self.files[path].data, taken, returned)

    def _in_the_way(self, want: Wanted) -> Iterator[Tuple[str, int, str]]:
        for setting in self._about(want):
            if not satisfied(want, setting.value):
                yield setting.file, setting.line, setting.value
        for path, line in self._no_limits(want, self.others):
            yield path, line, NOTHING

    def _about(self, want: Wanted) -> List[Setting]:
        """The lines for the same key, or the same user, in files that are read after ours."""
        return [
            setting
            for source in self.others
            if is_read_later(source.path)
            for setting in source.settings
            if self._is_about(want, setting)
        ]

    def _is_about(self, want: Wanted, setting: Setting) -> bool:
        return (setting.kind, setting.item) == want.key[1:] and (
            setting.domain == want.domain or self._is_same_user(want.domain, setting.domain)
        )

    def _is_same_user(self, domain: str, other: str) -> bool:
        """Whether two domains for users (names, ranges of UIDs) meet: then the last line wins."""
        return source_of(domain) == source_of(other) == USER and meets(
            domain, other, self.facts.accounts, self.facts.root_is_exempt
        )

    def _later(self, want: Wanted) -> Optional[Setting]:
        """The later line that wins over ours and will not do."""
        last = self._about(want)[-1:]
        return last[0] if last and not satisfied(want, last[0].value) else None

    def _no_limits(self, want: Wanted, chain: Chain) -> List[Tuple[str, int]]:
        """The no-limits lines with this domain itself, or about this user."""
        return [
            (rule.file, rule.line)
            for rule in no_limits_within(
                chain, want.domain, self.facts.accounts, self.facts.root_is_exempt
            )
            if rule.domain == want.domain or source_of(want.domain) == USER
        ]

    # --- our lines --------------------------------------------------------------------------------

    def _line_for(self, want: Wanted, wants: Sequence[Wanted]) -> Optional[str]:
        """The value that our file must have for a wish; None when it needs none."""
        mine = self.had.get(want.key)
        ours = {want.key: mine} if mine is not None else {}
        there = self.in_force(want.key, with_own(self.others, as_source(ours)))
        enough = there is not None and satisfied(want, there.value)
        if there is not None and enough and not _is_set_apart(want, there, wants):
            self._say_kept(want, there)
            return mine
        self._spare_present_use(want.domain, want.name, want.value, want)
        return want.value

    def _outdo_own_ranges(self, wants: Sequence[Wanted], lines: Dict[Key, str]) -> None:
        """A user whom an earlier file gives enough needs a line of ours where a range of ours,
        which is read later, would give less.
        """
        for want in wants:
            final = self.in_force(want.key, with_own(self.others, as_source(lines)))
            if want.key not in lines and (final is None or not satisfied(want, final.value)):
                lines[want.key] = want.value

    def _say_kept(self, want: Wanted, there: Setting) -> None:
        if above(want.name, there.value, want.value):
            self.findings.append(
                rules.FLOOR_KEPT.at(
                    want.item.place, found=there.value, what=want.what, wanted=want.value,
                    where=OWN if there.file == OWN else there.where,
                )
            )

    def _spare_present_use(
        self, domain: str, name: str, value: str, want: Optional[Wanted] = None
    ) -> None:
        used = self.use.get(domain)
        if name != COUNTED or used is None or self.context.force or not value.isdigit():
            return
        if too_low(int(value), used):
            finding = run_rules.BELOW_USE.at(
                layer="limits", found=value, what=f"{domain} {name}", used=used,
                margin=margin(used),
            )
            place = want.item.place if want is not None else finding.place
            self.findings.append(replace(finding, place=place))

    # --- what it comes to -------------------------------------------------------------------------

    def _changes(
        self, wants: Sequence[Wanted], lines: Mapping[Key, str], freed: Sequence[Key]
    ) -> Iterator[Change]:
        for want in wants:
            if lines.get(want.key) != self.had.get(want.key) or want.key in freed:
                yield self._change(want.key, want.value, want.item.key)

    def _purged(self, wants: Sequence[Wanted], lines: Mapping[Key, str]) -> Iterator[Change]:
        wanted = {want.key for want in wants}
        for key in dict.fromkeys((*self.had, *sorted(self.freed))):
            if key in lines or key in wanted:
                continue
            left = self.in_force(key, self.others)
            if left is not None:
                self._spare_present_use(key[0], key[2], left.value)
            yield self._change(key, None, f"{key[1]} {key[2]}")

    def _change(self, key: Key, after: Optional[str], name: str) -> Change:
        now = self.in_force(key, self.before)
        value = now.value if now is not None else None
        return Change(
            "limits", key[0], name, before=value, after=after, persistent=value,
            applies_to=NEW_SESSIONS, file=OWN,
        )

    def _acts(self, lines: Mapping[Key, str]) -> Iterator[Act]:
        for path in sorted({*self.taken, *self.returned}):
            image = self.files[path].image
            if image is not None:
                changed = replace(image, data=self._revised(path))
                yield WriteFile("limits", path, image, changed, FORMAT)
        mine = own_file.owner_of(self.own) in (None, self.context.owner)
        if dict(lines) == self.had and mine and ranges_come_first(self.own):
            return
        keys = as_keys(lines)
        after = own_file.rewritten(self.own, FORMAT, keys, self.context.owner)
        if not ranges_come_first(after):
            after = own_file.rewritten(_emptied(self.own), FORMAT, keys, self.context.owner)
        if after != self.own:
            yield WriteFile("limits", OWN, self.own, after, FORMAT)

    def after(self, plan: Plan) -> Chain:
        """The chain as it will be once the plan is done."""
        for act in plan.acts:
            if isinstance(act, WriteFile) and act.path == OWN:
                data = act.after.data if act.after is not None else b""
                return with_own(self.others, read_source(OWN, data))
        return with_own(self.others, read_source(OWN, self.own.data if self.own else b""))


def as_keys(lines: Mapping[Key, str]) -> Dict[str, str]:
    """Our lines as the format's keys and values, in the order in which they are to stand."""
    return {" ".join(key): lines[key] for key in sorted(lines, key=_name_after_range)}


def as_source(lines: Mapping[Key, str]) -> Source:
    """Our lines as pam_limits would read them."""
    text = "".join(f"{key} {value}\n" for key, value in as_keys(lines).items())
    return read_source(OWN, text.encode("utf-8", "surrogateescape"))


def _name_after_range(key: Key) -> bool:
    return ":" not in key[0]


def ranges_come_first(image: Optional[FileImage]) -> bool:
    """Whether no range of ids comes after a name, which it would override: the last line wins."""
    keys = list(lines_of(image))
    return keys == sorted(keys, key=_name_after_range)


def _emptied(image: Optional[FileImage]) -> Optional[FileImage]:
    return replace(image, data=b"") if image is not None else None


def _is_set_apart(want: Wanted, there: Setting, wants: Sequence[Wanted]) -> bool:
    """Whether the tuning itself gives the wider domain, whose line would do, more than this one:
    then less is meant here.
    """
    return there.domain != want.domain and any(
        one.domain == there.domain
        and one.key[1:] == want.key[1:]
        and above(want.name, one.value, want.value)
        for one in wants
    )
