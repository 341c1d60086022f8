# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a new daemon.json comes into force: by a signal, a restart, or later."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.acts import Poke
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.layers.docker_cases import (
    IF_NEEDED,
    LAYER,
    NOFILE,
    RELOAD,
    RESTART,
    UP,
    after,
    codes,
    plan,
    pokes,
    state,
)


def test_signal_for_keys_that_are_reloaded():
    made = plan(state(running=UP), {"max-concurrent-downloads": 5})
    assert pokes(made) == [RELOAD]
    assert [change.takes_effect for change in made.changes] == ["none"]


def test_key_that_needs_a_restart_waits_for_it():
    made = plan(state(running=UP), {"default-ulimits": NOFILE})
    assert pokes(made) == []
    assert {(c.takes_effect, c.applies_to) for c in made.changes} == {("restart", "new-containers")}
    assert codes(made.findings) == ["LW610"]


def test_restart_where_the_policy_allows_it():
    section = {"default-ulimits": NOFILE, "max-concurrent-downloads": 5}
    made = plan(state(running=UP), section, policy=IF_NEEDED)
    assert pokes(made) == [RESTART]
    assert {change.takes_effect for change in made.changes} == {"none"}


@pytest.mark.parametrize(
    ("containers", "live", "found"),
    [(0, "false", ["LW414"]), (3, "false", ["LW413", "LW414"]), (3, "true", ["LW414"])],
)
def test_containers_that_a_restart_stops(containers, live, found):
    running = replace(UP, containers=containers, shown={"/live-restore": live})
    made = plan(state(running=running), {"default-ulimits": NOFILE}, policy=IF_NEEDED)
    assert codes(made.findings) == found


def test_no_command_to_signal_the_daemon():
    made = plan(state(running=UP, reload=(), restart=()), {"max-concurrent-downloads": 5})
    assert pokes(made) == []
    assert codes(made.findings) == ["LW415", "LW610"]
    assert [change.takes_effect for change in made.changes] == ["reload"]


def test_no_way_to_restart():
    before = state(running=UP, restart=())
    made = plan(before, {"default-ulimits": NOFILE}, policy=IF_NEEDED)
    assert pokes(made) == []
    assert codes(made.findings) == ["LW610"]


def test_removed_key_that_a_signal_does_not_reset():
    first = state(running=UP)
    made = after(first, plan(first, {"shutdown-timeout": 99, "max-concurrent-downloads": 9}))
    purged = plan(made, {})
    waits = {change.key: change.takes_effect for change in purged.changes}
    assert waits == {"/shutdown-timeout": "restart", "/max-concurrent-downloads": "none"}
    assert pokes(purged) == [RELOAD]
    verdict = LAYER.verify(after(made, purged, changed=2000), (), purged.changes)
    left = {change.key: change.takes_effect for change in verdict.changes}
    assert left == waits


def test_file_right_but_daemon_old():
    before = state(json.dumps({"default-ulimits": NOFILE}), running=UP, changed=1500)
    waiting = plan(before, {"default-ulimits": NOFILE})
    assert (waiting.acts, waiting.changes, codes(waiting.findings)) == ((), (), ["LW610"])
    caught = plan(before, {"default-ulimits": NOFILE}, policy=IF_NEEDED)
    assert [type(act) for act in caught.acts] == [Poke]
    assert {change.takes_effect for change in caught.changes} == {"none"}


def test_file_right_and_daemon_younger():
    before = state(json.dumps({"default-ulimits": NOFILE}), running=UP, changed=500)
    assert plan(before, {"default-ulimits": NOFILE}) == plan(state(), {})


def test_pools_compare_by_what_they_cover():
    section = {"default-address-pools": [{"base": "10.200.0.9/13", "size": 24}]}
    told = '[{"base":"10.200.0.0/13","size":24}]'
    running = replace(UP, shown={**UP.shown, "/default-address-pools": told})
    made = plan(state(json.dumps(section), running=running), section, policy=IF_NEEDED)
    assert made.acts == ()
    # a file of others that holds nonsense there is no reason to fail
    odd = plan(state('{"default-address-pools": [{"base": "x", "size": 1}]}'), section)
    assert len(odd.changes) == 1


@pytest.mark.parametrize(
    ("key", "value", "default"),
    [("live-restore", True, "false"), ("log-driver", "local", '"json-file"')],
)
def test_key_that_is_gone_is_at_its_default(key, value, default):
    first = state(running=UP)
    made = after(first, plan(first, {key: value}), changed=1500)
    shows = {"/live-restore": "false", "/" + key: json.dumps(value)}
    purged = plan(replace(made, running=replace(UP, shown=shows)), {}, policy=IF_NEEDED)
    assert pokes(purged) == [RESTART]
    reborn = replace(UP, since=3000, shown={**shows, "/" + key: default})
    (change,) = LAYER.verify(
        after(made, purged, changed=2000, running=reborn), (), purged.changes
    ).changes
    assert (change.takes_effect, change.persistent) == ("none", None)


def test_live_restore_that_was_never_reloaded():
    made = plan(state('{"live-restore": true}', running=UP, changed=1500), {"live-restore": True})
    assert [act.argv for act in made.acts] == [RELOAD]
    (change,) = made.changes
    assert (change.before, change.after, change.persistent) == ("false", "true", "true")


def test_witness_outlives_later_reloads():
    """A file made newer by a reload says nothing against keys the daemon had started with."""
    before = state(json.dumps({"default-ulimits": NOFILE}), running=UP, changed=500)
    section = {"default-ulimits": NOFILE, "max-concurrent-downloads": 4}
    later = after(before, plan(before, section), changed=1500)
    settled = plan(later, section, policy=IF_NEEDED)
    assert (settled.acts, settled.findings) == ((), ())
    # and what was pending stays pending until that very daemon is gone
    pending = {**section, "cgroup-parent": "x.slice"}
    wrote = after(later, plan(later, pending), changed=1600)
    assert codes(plan(wrote, pending).findings) == ["LW610"]
    reborn = replace(wrote, running=replace(UP, identity="boot:9:9", since=1700))
    assert plan(reborn, pending).findings == ()
