# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host makes of wanted limits besides our file: whom they miss, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, List, Sequence

from ...catalogue import limits as catalogue
from ...catalogue.rules import limits as rules
from ...findings import ERROR, WARNING, Finding
from ...suppress import kept
from .accounts import EVERYBODY, ROOT, USER, is_known, source_of
from .effective import (
    HARD,
    SOFT,
    UNTYPED,
    Chain,
    dropped_for,
    in_force,
    more_specific,
    no_limits_within,
)
from .facts import Facts
from .lint import NOFILE_FIXED, lint, shown, version_of, written
from .plan import OWN, ConfFile
from .wanted import Wanted, above, satisfied

# Nobody counts on these for root: it is exempt from nproc, and logins are not counted for it.
NOT_MISSED = ("nproc", *UNTYPED)


def about_files(files: Sequence[ConfFile], facts: Facts) -> Iterator[Finding]:
    """What is wrong in the host's own files: they are others', so these are warnings."""
    if not facts.in_use:
        yield rules.NO_SERVICE.at()
    for file in files:
        if file.path == OWN:
            continue
        for finding in kept(lint(file.data, file.path, facts), file.data):
            yield replace(finding, severity=WARNING) if finding.severity == ERROR else finding


def about_wishes(wants: Sequence[Wanted], chain: Chain, facts: Facts) -> Iterator[Finding]:
    """What keeps the wishes from some or all whom they are for; ``chain``: as it will be."""
    for want in wants:
        yield from _host_knows(want, facts)
        yield from _passed_by(want, wants, chain, facts)
        yield from _lowered(want, chain, facts)
    yield from _root(wants, facts)


def _host_knows(want: Wanted, facts: Facts) -> Iterator[Finding]:
    place = want.item.place
    if not is_known(want.domain, facts.accounts):
        is_user = source_of(want.domain) == USER
        yield rules.NOBODY.at(
            place, found=shown(want.domain if is_user else want.domain[1:]),
            what="user" if is_user else "group",
        )
    entry = catalogue.lookup(want.name)
    if entry is None or facts.version is None:
        return
    if facts.version < version_of(entry.since):
        yield rules.TOO_NEW.at(
            place, found=want.name, since=entry.since, version=written(facts.version),
            severity=ERROR,
        )
    no_number = not want.value.lstrip("+").isdigit()
    if want.name == "nofile" and no_number and facts.version < NOFILE_FIXED:
        yield rules.UNLIMITED_NOFILE.at(
            place, found=want.value, version=written(facts.version)
        )


def _passed_by(
    want: Wanted, wants: Sequence[Wanted], chain: Chain, facts: Facts
) -> Iterator[Finding]:
    """Lines of others that win for some of those meant; the tuning's own are meant so."""
    domain, kind, name = want.key
    args = (facts.accounts, facts.root_is_exempt)
    for setting in more_specific(chain, domain, kind, name, *args):
        meant = any(one.key == (setting.domain, kind, name) for one in wants)
        if not (meant or setting.file == OWN or satisfied(want, setting.value)):
            yield rules.MORE_SPECIFIC.at(
                want.item.place, found=setting.value, what=want.what, domain=setting.domain,
                wanted=want.value, where=setting.where,
            )
    dropped = dropped_for(chain, domain, name, *args) if kind == HARD else None
    if dropped is not None:
        yield rules.DROPPED_WHOLE.at(
            want.item.place, found=dropped[0].name, what=want.what, where=dropped[1].where
        )
    if source_of(domain) != USER:
        for rule in no_limits_within(chain, domain, *args):
            if rule.domain != domain:
                yield rules.NO_LIMITS.at(
                    want.item.place, found=rule.domain, what=want.what, where=rule.where
                )


def _lowered(want: Wanted, chain: Chain, facts: Facts) -> Iterator[Finding]:
    """A soft limit above the hard one that the same sessions get."""
    domain, kind, name = want.key
    if kind != SOFT or name == "nice":
        return
    hard = in_force(chain, domain, HARD, name, facts.accounts, facts.root_is_exempt)
    if hard is not None and above(name, want.value, hard.value):
        yield rules.SOFT_ABOVE_HARD.at(
            want.item.place, found=want.value, what=f"{domain} {name}", hard=hard.value,
            where=hard.where, suggestion=hard.value, severity=ERROR,
        )


def _root(wants: Sequence[Wanted], facts: Facts) -> Iterator[Finding]:
    if not facts.root_is_exempt:
        return
    for_root = {want.name for want in wants if want.domain == ROOT}
    missed: List[Wanted] = [
        want
        for want in wants
        if source_of(want.domain) == EVERYBODY and want.name not in {*for_root, *NOT_MISSED}
    ]
    if missed:
        names = ", ".join(dict.fromkeys(f"{want.domain} {want.name}" for want in missed))
        yield rules.NOT_FOR_ROOT.at(missed[0].item.place, found=names)
