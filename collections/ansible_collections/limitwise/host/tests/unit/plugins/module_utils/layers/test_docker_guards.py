# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would keep dockerd from starting is found before it is written."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.findings import Place, errors
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.flags import Flag, Start
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.pools import Route
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.layers.docker_cases import (
    NOFILE,
    UP,
    after,
    codes,
    plan,
    state,
)


def test_flag_conflict_names_the_unit():
    place = Place("/etc/systemd/system/docker.service.d/a.conf", 3)
    start = Start("docker.service", (Flag("live-restore", "", place), Flag("host", "fd://", place)))
    made = plan(state('{"debug": true}', start=start), {"live-restore": True})
    (conflict,) = errors(made.findings)
    assert (conflict.code, conflict.place) == ("LW406", place)
    assert "--live-restore of docker.service" in conflict.message


def test_flag_with_another_name_than_its_key():
    start = Start("/etc/init.d/docker", (Flag("default-ulimit", "nofile=1:2"),))
    made = plan(state(start=start), {"default-ulimits": NOFILE})
    assert codes(errors(made.findings)) == ["LW406"]


def test_flag_of_the_running_daemon_only():
    running = replace(UP, flags=(Flag("default-shm-size", "1g"),))
    made = plan(state(running=running), {"default-shm-size": "2g"})
    (conflict,) = errors(made.findings)
    assert "the running dockerd" in conflict.message


def test_conflict_of_a_key_of_others_is_fatal_only_when_dockerd_is_poked():
    start = Start("docker.service", (Flag("host", "fd://"),))
    text = '{"hosts": ["fd://"]}'
    section = {"live-restore": True}
    assert errors(plan(state(text, start=start), section).findings) == []
    assert codes(errors(plan(state(text, start=start, running=UP), section).findings)) == ["LW406"]


def test_runtimes_may_be_in_both():
    start = Start("docker.service", (Flag("add-runtime", "a=/b"),))
    made = plan(state('{"runtimes": {"c": {"path": "/d"}}}', start=start), {"live-restore": True})
    assert made.findings == ()


def test_credentials_of_a_flag_are_not_shown():
    start = Start("docker.service", (Flag("http-proxy", "http://u:hunter2@p"),))
    text = '{"proxies": {"http-proxy": "http://u:hunter2@p"}}'
    made = plan(state(text, start=start), {"live-restore": True})
    assert codes(made.findings) == ["LW406"]
    assert "hunter2" not in str(made.findings)


@pytest.mark.parametrize(
    ("text", "changed", "fatal"),
    [
        # an unknown key that the running daemon has started with is none of our business
        ('{"from-the-future": 1}', 500, False),
        ('{"from-the-future": 1}', 1500, True),
        ('{"registry-mirror": []}', 1500, False),
    ],
)
def test_mistakes_of_others(text, changed, fatal):
    made = plan(state(text, running=UP, changed=changed), {"live-restore": True})
    assert bool(errors(made.findings)) == fatal
    assert codes(made.findings)[0] in ("LW402", "LW403")


def test_a_write_of_ours_proves_nothing_of_what_others_wrote():
    before = state('{"from-the-future": 1}', running=UP, changed=1500)
    quiet = {"log-opts": {"max-size": "1m"}}
    once = after(before, plan(before, quiet), changed=1600)
    made = plan(once, {**quiet, "live-restore": True})
    assert codes(errors(made.findings)) == ["LW402"]
    # a daemon that had started with them goes on to be poked after writes of ours
    older = replace(before, changed=500)
    once = after(older, plan(older, quiet), changed=1600)
    assert errors(plan(once, {**quiet, "live-restore": True}).findings) == []


@pytest.mark.parametrize(
    ("driver", "text", "parent", "found"),
    [
        ("systemd", "{}", "docker.slice", []),
        ("systemd", "{}", "docker", ["LW410"]),
        ("systemd", "{}", ".slice", ["LW410"]),
        ("cgroupfs", "{}", "docker", []),
        ("", "{}", "docker", []),
        ("cgroupfs", '{"exec-opts": ["native.cgroupdriver=systemd"]}', "docker", ["LW410"]),
    ],
)
def test_cgroup_parent(driver, text, parent, found):
    made = plan(state(text, running=replace(UP, cgroup_driver=driver)), {"cgroup-parent": parent})
    assert codes(errors(made.findings)) == found


def test_live_restore_in_a_swarm():
    made = plan(state(running=replace(UP, swarm=True)), {"live-restore": True})
    assert codes(errors(made.findings)) == ["LW412"]


def test_pools_are_counted_and_held_against_the_routes():
    route = Route(ipaddress.IPv4Network("10.201.0.0/16"), "eth0")
    made = plan(
        state(routes=(route,)), {"default-address-pools": [{"base": "10.200.0.0/13", "size": 24}]}
    )
    messages = {finding.code: finding.message for finding in made.findings}
    assert sorted(messages) == ["LW408", "LW409"]
    assert "2048 networks" in messages["LW409"]
    assert "10.201.0.0/16, which this host reaches over eth0" in messages["LW408"]


@pytest.mark.parametrize(
    ("version", "key", "value", "found"),
    [
        ("26.1.5+dfsg1", "default-stop-timeout", 5, ["LW417"]),
        ("29.0.1", "default-stop-timeout", 5, []),
        ("20.10.24", "oom-score-adjust", -500, []),
        ("26.1.5", "oom-score-adjust", -500, ["LW417"]),
        ("", "default-stop-timeout", 5, []),
        ("dev", "default-stop-timeout", 5, []),
    ],
)
def test_keys_of_other_versions(version, key, value, found):
    made = plan(state(running=replace(UP, version=version)), {key: value})
    assert codes(errors(made.findings)) == found
