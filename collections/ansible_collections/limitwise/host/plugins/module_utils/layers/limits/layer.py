# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer limits: what pam_limits gives to new login sessions, by a file of ours in limits.d."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, FrozenSet, List, Optional, Sequence, Tuple

from ...catalogue.rules import run as run_rules
from ...change import Change
from ...findings import Finding
from ...host.machine import Host
from ...policy import DEFAULT_POLICY
from ...tuning import Item
from ..base import Context, Layer, Plan, Verdict
from . import check as limits_check
from .advice import about_files, about_wishes
from .effective import Chain, Setting, in_force, kinds_of, read_source
from .facts import NO_FACTS, Facts, read_facts
from .plan import COUNTED, OWN, ConfFile, Planner, lines_of
from .use import most_in_use, threads_by_uid
from .wanted import satisfied, wanted_of

FOLDER = "/etc/security"
# Where distributions that have one keep what /etc replaces file by file (--enable-vendordir).
VENDOR_FOLDERS = ("/usr/etc/security", "/usr/share/security")


@dataclass(frozen=True)
class State:
    """The files in the order in which pam_limits reads them, ours among them when it is there;
    what decides how they are read; the threads that users of a domain have now.
    """

    files: Tuple[ConfFile, ...] = ()
    facts: Facts = NO_FACTS
    use: Tuple[Tuple[str, int], ...] = ()

    @property
    def chain(self) -> Chain:
        version = self.facts.version
        return tuple(read_source(file.path, file.data, version) for file in self.files)


class LimitsLayer(Layer[State]):
    """limits.conf: new sessions only, so nothing has to be poked."""

    name = "limits"

    def lacking(self, host: Host) -> Optional[str]:
        if host.files.is_directory(FOLDER) or host.files.is_directory("/etc/pam.d"):
            return None
        return "no Linux-PAM, so nothing reads limits.conf"

    def check(self, items: Sequence[Item], allowed: FrozenSet[str]) -> List[Finding]:
        return list(limits_check.check(items, allowed))

    def observe(self, host: Host, items: Sequence[Item]) -> State:
        files, facts = read_files(host), read_facts(host)
        own = [file.image for file in files if file.path == OWN]
        domains = {domain for domain, _kind, name in lines_of(own[0] if own else None)
                   if name == COUNTED}  # fmt: skip
        domains.update(item.subject for item in items if item.key.endswith(" " + COUNTED))
        counted = threads_by_uid(host) if domains else {}
        use = []
        for domain in sorted(domains):
            used = most_in_use(domain, facts.accounts, facts.root_is_exempt, counted)
            if used is not None and counted:
                use.append((domain, used))
        return State(files, facts, tuple(use))

    def plan(self, state: State, items: Sequence[Item], context: Context) -> Plan:
        wants = wanted_of(items, context.policy)
        planner = Planner(state.files, state.facts, dict(state.use), context)
        plan = planner.plan(wants)
        findings = (
            *plan.findings,
            *about_wishes(wants, planner.after(plan), state.facts),
            *about_files(state.files, state.facts),
        )
        return replace(plan, findings=tuple(dict.fromkeys(findings)))

    def verify(self, state: State, items: Sequence[Item], changes: Sequence[Change]) -> Verdict:
        findings = []
        for want in wanted_of(items, DEFAULT_POLICY):
            there = _in_force(state, *want.key)
            if there is None or not satisfied(want, there.value):
                findings.append(
                    run_rules.NOT_PERSISTENT.at(
                        want.item.place, layer=self.name, what=want.what, wanted=want.value,
                        found=there.value if there is not None else "unset",
                    )
                )
        return Verdict(tuple(_read_back(state, change) for change in changes), tuple(findings))

    def present_use(self, host: Host, subject: str, key: str) -> Optional[int]:
        if not host.running or key.rpartition(" ")[2] != COUNTED:
            return None
        facts = read_facts(host)
        return most_in_use(subject, facts.accounts, facts.root_is_exempt, threads_by_uid(host))

    def file_key(self, change: Change) -> Tuple[str, str]:
        kind, _blank, name = change.key.partition(" ")
        return (change.file or "", f"{change.subject} {kinds_of(kind, name)[0]} {name}")


def read_files(host: Host) -> Tuple[ConfFile, ...]:
    """The files that pam_limits reads, in its order: limits.conf, then limits.d by name.

    Of a name that both have, the one in /etc counts; names that begin with a dot do not (glob(7)).
    """
    folders = [FOLDER, *VENDOR_FOLDERS]
    main = next(
        (path for path in (f"{folder}/limits.conf" for folder in folders) if _is_file(host, path)),
        None,
    )
    by_name: Dict[str, str] = {}
    for folder in folders:
        for name in host.files.names(f"{folder}/limits.d"):
            path = f"{folder}/limits.d/{name}"
            if name.endswith(".conf") and not name.startswith(".") and _is_file(host, path):
                by_name.setdefault(name, path)
    paths = [by_name[name] for name in sorted(by_name, key=_as_bytes)]
    return tuple(_read(host, path) for path in ([main] if main else []) + paths)


def _as_bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _is_file(host: Host, path: str) -> bool:
    return host.files.exists(path) and not host.files.is_directory(path)


def _read(host: Host, path: str) -> ConfFile:
    if path != OWN and host.files.link(path) is not None:
        return ConfFile(path, host.files.read(path) or b"")
    image = host.files.image(path)
    return ConfFile(path, image.data if image is not None else b"", image)


def _in_force(state: State, domain: str, kind: str, name: str) -> Optional[Setting]:
    facts = state.facts
    return in_force(state.chain, domain, kind, name, facts.accounts, facts.root_is_exempt)


def _read_back(state: State, change: Change) -> Change:
    type_word, _blank, name = change.key.partition(" ")
    there = _in_force(state, change.subject, kinds_of(type_word, name)[0], name)
    if there is None:
        return replace(change, persistent=None, line=None)
    line = there.line if there.file == change.file else None
    return replace(change, persistent=there.value, line=line)
