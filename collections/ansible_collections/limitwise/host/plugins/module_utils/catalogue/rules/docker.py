# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about docker (LW4nn)."""

from __future__ import annotations

from .rule import Rule

LAYER = "docker_daemon"

NOT_JSON = Rule(
    "LW401", "daemon-json-broken", LAYER, "error",
    "cannot be read as daemon.json: {found}",
    "dockerd does not start with such a file, and an edit could lose what stands in it; "
    "nothing is written until it is mended.",
)
UNKNOWN_KEY = Rule(
    "LW402", "daemon-key-unknown", LAYER, "error",
    "dockerd knows no key {found!r}",
    "dockerd refuses to start with a key it does not know ('the following directives don't match "
    "any configuration option'); keys are case sensitive.",
)
IGNORED_KEY = Rule(
    "LW403", "daemon-key-ignored", LAYER, "error",
    "{found!r} is the name of a flag: dockerd accepts it here and ignores it; "
    "the key is {suggestion!r}",
    "dockerd looks unknown keys up among its flags, but its configuration has another name for "
    "this one. `dockerd --validate` says OK, the daemon starts, and the setting never exists.",
)
WRONG_VALUE = Rule(
    "LW404", "daemon-value", LAYER, "error",
    "{what}: {found}",
    "A value of the wrong type keeps dockerd from starting, or is dropped at the first container.",
)
KEY_TWICE = Rule(
    "LW405", "daemon-key-twice", LAYER, "warning",
    "{found!r} is written again: only the last one counts",
    "JSON readers silently take the last of two equal keys; the first was meant, as often as not.",
)
FLAG_CONFLICT = Rule(
    "LW406", "flag-and-key", LAYER, "error",
    "{what} in daemon.json conflicts with the flag {found} of {by}: dockerd would not start, nor "
    "read the file again",
    "dockerd refuses a setting that is given both as a flag and in the file, whatever the values "
    "(moby#22339, moby#25471). `dockerd --validate` without the unit's flags does not see it, and "
    "the next restart is the first to fail.",
)
REFUSED = Rule(
    "LW407", "dockerd-refuses", LAYER, "error",
    "dockerd itself refuses the new file: {found}",
    "`dockerd --validate`, called with the flags of its own unit, is the last word on what this "
    "version of Docker takes.",
)
POOL_ON_ROUTE = Rule(
    "LW408", "pool-on-route", LAYER, "warning",
    "the address pool {found} covers {network}, which this host reaches over {interface}",
    "A bridge made there hides that network from the host and its containers, or is skipped, and "
    "the pool gives fewer networks than computed.",
)
POOL_COUNT = Rule(
    "LW409", "pool-count", LAYER, "info",
    "the address pools give {found} networks",
    "Without pools of its own a daemon has about 31 networks; then `docker network create` fails "
    "with 'could not find an available, non-overlapping IPv4 address pool'.",
)
NOT_A_SLICE = Rule(
    "LW410", "cgroup-parent-no-slice", LAYER, "error",
    "cgroup-parent {found!r} is no slice: with the systemd cgroup driver it must end in .slice",
    "dockerd does not start: 'cgroup-parent for systemd cgroup should be a valid slice named as "
    "\"xxx.slice\"'.",
)
BARE_SLICE = Rule(
    "LW411", "cgroup-parent-unlimited", LAYER, "warning",
    "no unit file or drop-in gives the slice {found} any limit",
    "systemd makes a slice that nobody defined, without limits: the containers are gathered in it, "
    "but nothing holds them.",
)
SWARM = Rule(
    "LW412", "live-restore-in-swarm", LAYER, "error",
    "live-restore cannot be on while this daemon is in a swarm",
    "dockerd does not start: '--live-restore daemon configuration is incompatible with swarm "
    "mode'.",
)
STOPS_CONTAINERS = Rule(
    "LW413", "restart-stops-containers", LAYER, "warning",
    "the restart of Docker stops the {found} running containers: live-restore is not in force",
    "Without live-restore dockerd stops every container on its way out; those without a restart "
    "policy stay down. Apply live-restore in a run before to keep them.",
)
CONTAINERS = Rule(
    "LW414", "containers-running", LAYER, "info",
    "{found} containers run {when}",
    "Counted before the run and after it, so that a container lost by a restart is seen.",
)
NO_SIGNAL = Rule(
    "LW415", "no-reload", LAYER, "warning",
    "nothing on this host can tell the running dockerd to read {found} again; restart it by hand",
    "Neither a unit with ExecReload= nor start-stop-daemon nor pkill is there to signal it.",
)
IN_THE_WAY = Rule(
    "LW416", "daemon-value-in-the-way", LAYER, "error",
    "{what} cannot be set: {found} is no object in the file",
    "Setting a key below it would throw away a value of somebody else.",
)
OTHER_VERSION = Rule(
    "LW417", "daemon-key-version", LAYER, "error",
    "{found} is unknown to Docker {version}: it is for versions from {since} to {until}",
    "dockerd refuses to start with a key that its version does not know.",
)

RULES = (
    NOT_JSON, UNKNOWN_KEY, IGNORED_KEY, WRONG_VALUE, KEY_TWICE, FLAG_CONFLICT, REFUSED,
    POOL_ON_ROUTE, POOL_COUNT, NOT_A_SLICE, BARE_SLICE, SWARM,
    STOPS_CONTAINERS, CONTAINERS, NO_SIGNAL, IN_THE_WAY,
    OTHER_VERSION,
)
