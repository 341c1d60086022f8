# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would keep dockerd from starting with a new daemon.json, found before it is written."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import AbstractSet, Any, Dict, Iterator, List, Optional, Tuple

from ... import redact
from ...catalogue import docker
from ...catalogue.rules import docker as rules
from ...findings import ERROR, WARNING, Finding, Place
from ...formats import json_text
from . import lint as docker_lint
from . import pools as docker_pools
from .flags import UNIT, Flag
from .keys import top
from .state import CGROUP_PARENT, LIVE_RESTORE, POOLS, DockerState, accepted

SYSTEMD_DRIVER = "systemd"
DRIVER_OPTION = "native.cgroupdriver="


# What does not keep dockerd from starting.
HARMLESS = (rules.IGNORED_KEY.code,)


def guard(
    state: DockerState, data: bytes, wanted: AbstractSet[str], poked: bool
) -> List[Finding]:
    """Everything that is wrong with the file as it would be; ``wanted`` are the tuning's pointers.

    What is wrong with keys of others is a warning: it was so before, and is not ours to mend. But
    a daemon that has never read them would fail over them when it is ``poked`` by this run.
    """
    document = json_text.parse(data)
    value = docker_lint.as_dict(document)
    mine = {top(pointer) for pointer in wanted}
    found = []
    for key, finding in docker_lint.by_key(document, state.path):
        fatal = poked and not accepted(state) and finding.code not in HARMLESS
        found.append(_softened(finding, key in mine or fatal))
    for flag, key in conflicts(state, value):
        place = flag.place if str(flag.place) else Place(state.path)
        conflict = rules.FLAG_CONFLICT.at(
            place, found=redact.value(f"/{flag.name}", str(flag)), what=key,
            by=_starter(state, flag),
        )
        found.append(_softened(conflict, key in mine or poked))
    found.extend(_of_this_host(state, value, wanted))
    return found


def _softened(finding: Finding, mine: bool) -> Finding:
    if mine or finding.severity != ERROR:
        return finding
    return replace(finding, severity=WARNING)


def conflicts(state: DockerState, value: Dict[str, Any]) -> Iterator[Tuple[Flag, str]]:
    """Flags of the next start or of the running daemon that set a key of the file as well.

    dockerd looks one level into objects that it knows no key of that name for, such as proxies
    (daemon/config/config.go, configValuesSet).
    """
    proxies = value.get("proxies")
    keys = {*value, *(proxies if isinstance(proxies, dict) else ())}
    running = state.running.flags if state.running is not None else ()
    started = {flag.name for flag in state.start.flags}
    for flag in (*state.start.flags, *(flag for flag in running if flag.name not in started)):
        key = docker.of_flag(f"--{flag.name}")
        name = flag.name if key is None else key.name
        if name in keys and not (key is not None and key.flag_may_repeat):
            yield flag, name


def _starter(state: DockerState, flag: Flag) -> str:
    if flag in state.start.flags:
        return state.start.by or UNIT
    return "the running dockerd"


def _of_this_host(
    state: DockerState, value: Dict[str, Any], wanted: AbstractSet[str]
) -> Iterator[Finding]:
    running = state.running
    here = Place(state.path)
    if LIVE_RESTORE in wanted and value.get("live-restore") is True and running and running.swarm:
        yield rules.SWARM.at(here, found="live-restore")
    parent = str(value.get("cgroup-parent") or "")
    by_systemd = cgroup_driver(state, value) == SYSTEMD_DRIVER
    if CGROUP_PARENT in wanted and parent and by_systemd and not _is_slice(parent):
        yield rules.NOT_A_SLICE.at(here, found=parent, suggestion=f"{parent.strip('/')}.slice")
    yield from _unknown_to(state, {docker.parts_of(pointer)[0] for pointer in wanted})
    if POOLS in wanted:
        for base, route in docker_pools.covered(value.get("default-address-pools"), state.routes):
            yield rules.POOL_ON_ROUTE.at(
                here, found=str(base), network=route.network, interface=route.interface
            )


def _unknown_to(state: DockerState, keys: AbstractSet[str]) -> Iterator[Finding]:
    """Wanted keys that this daemon's version does not know yet, or not any more."""
    version = _release(state.running.version if state.running is not None else "")
    for name in sorted(keys):
        key = docker.lookup(name)
        if key is None or not version:
            continue
        if version < _release(key.since or "") or (key.until and version > _release(key.until)):
            since, until = key.since or "the first", key.until or "today's"
            yield rules.OTHER_VERSION.at(
                Place(state.path), found=name, version=".".join(map(str, version)),
                since=since, until=until,
            )


def _release(version: str) -> Tuple[int, ...]:
    """Major and minor number; empty when the text has none."""
    match = re.match(r"([0-9]+)\.([0-9]+)", version)
    return (int(match.group(1)), int(match.group(2))) if match else ()


def _is_slice(name: str) -> bool:
    """As dockerd has it: more than the bare suffix (daemon/daemon_unix.go)."""
    return name.endswith(".slice") and len(name) > len(".slice")


def cgroup_driver(state: DockerState, value: Dict[str, Any]) -> Optional[str]:
    """The cgroup driver: as the file or a flag say, else as the daemon tells; None if unknown."""
    options = value.get("exec-opts")
    given = [str(option) for option in options] if isinstance(options, list) else []
    given.extend(flag.value for flag in state.start.flags if flag.name == "exec-opt")
    for option in given:
        if option.startswith(DRIVER_OPTION):
            return option[len(DRIVER_OPTION) :]
    if state.running is not None and state.running.cgroup_driver:
        return state.running.cgroup_driver
    return None


def capacity(state: DockerState, text: str) -> Finding:
    """How many networks the wanted pools give."""
    count = docker_pools.capacity(json.loads(text))
    return rules.POOL_COUNT.at(Place(state.path), found=str(count))
