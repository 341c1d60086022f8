# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Culprits: who grew, who was refused, who is big; and who is never named."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.relief.culprit import find
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Level
from ansible_collections.limitwise.host.plugins.module_utils.relief.owner import owner
from ansible_collections.limitwise.host.plugins.module_utils.relief.protected import Protected
from ansible_collections.limitwise.host.plugins.module_utils.relief.tree import Group, Sample

ID, OTHER = "ab" * 32, "cd" * 32
KUBE = "/kubepods.slice/kubepods-burstable.slice"
POD = f"{KUBE}/kubepods-burstable-pod1_1.slice"
CALM_POD = f"{KUBE}/kubepods-burstable-pod2_2.slice"
WEB, SSH = "/system.slice/web.service", "/system.slice/ssh.service"
USER = "/user.slice/user-1001.slice"
HERE = "/system.slice/limitwise-guard.service"
NOBODY: Tuple[str, str] = ("", "")


def sample(at: float, tasks: Dict[str, int], refused: Optional[Dict[str, int]] = None) -> Sample:
    counts = refused or {}
    return Sample(
        at, tuple(Group(path, many, counts.get(path, 0)) for path, many in sorted(tasks.items()))
    )


def level(group: str) -> Level:
    return Level("slice", "pids", "", group, 100, 100, 0, 0, group + "/pids.max")


NODE = {"/kubepods.slice": 400, KUBE: 400, POD: 200, CALM_POD: 200, "/system.slice": 60, WEB: 30,
        SSH: 30, "/user.slice": 40, USER: 40, f"{USER}/session-3.scope": 40}


def grown(**by: int) -> Dict[str, int]:
    names = {"pod": POD, "calm": CALM_POD, "web": WEB, "ssh": SSH, "user": USER}
    more = {names[name]: number for name, number in by.items()}
    return {path: many + more.get(path, 0) for path, many in NODE.items()}


@pytest.mark.parametrize(("after", "culprit"), [
    (grown(pod=100), ("Pod", "1-1")),
    (grown(web=100), ("Group", "web.service")),
    (grown(user=300), ("Group", "user-1001.slice")),
    # a little is what any service does
    (grown(web=15), NOBODY),
    # nobody stands out
    (grown(pod=50, web=50, user=50), NOBODY),
    (grown(pod=100, web=30), ("Pod", "1-1")),
    # a protected one that grows is not named, and nobody innocent for it
    (grown(ssh=100, web=20), NOBODY),
])
def test_the_one_that_grew(after: Dict[str, int], culprit: Tuple[str, str]) -> None:
    found = find([sample(0.0, NODE), sample(10.0, after)], None, Protected(HERE))
    assert (NOBODY if found is None else (found.kind, found.subject)) == culprit


def test_what_is_told_of_a_pod() -> None:
    inner = {f"{POD}/cri-containerd-{ID}.scope": 290, f"{POD}/cri-containerd-{OTHER}.scope": 10}
    after = {**grown(pod=100), **inner}
    found = find([sample(0.0, NODE), sample(30.0, after)], None, Protected(HERE))
    assert found is not None
    assert (found.container, found.group, found.tasks, found.growth) == (ID, POD, 300, 200)


def test_one_that_is_at_its_limit_is_known_by_its_refused_forks() -> None:
    slice_tasks = {"/a.slice": 100, "/a.slice/one.service": 50, "/a.slice/two.service": 50}
    before = sample(0.0, slice_tasks, {"/a.slice/two.service": 3})
    after = sample(1.0, slice_tasks, {"/a.slice/two.service": 90})
    found = find([before, after], level("/a.slice"), Protected())
    assert found is not None
    assert (found.subject, found.refused) == ("two.service", 87)


def test_refusals_inside_a_pod_are_the_pod_s() -> None:
    inner = f"{POD}/cri-containerd-{ID}.scope"
    tasks = {**NODE, inner: 200}
    found = find(
        [sample(0.0, tasks), sample(1.0, tasks, {inner: 12})], level("/kubepods.slice"), Protected()
    )
    assert found is not None
    assert (found.kind, found.subject, found.refused) == ("Pod", "1-1", 12)


@pytest.mark.parametrize(("tasks", "at", "culprit"), [
    ({**NODE, WEB: 900}, 2.0, "web.service"),
    ({**NODE, WEB: 900}, 0.5, None),
    (NODE, 2.0, None),
    ({}, 2.0, None),
])
def test_where_nothing_can_grow_size_tells_after_a_while(
    tasks: Dict[str, int], at: float, culprit: Optional[str]
) -> None:
    found = find([sample(0.0, tasks), sample(at, tasks)], None, Protected())
    assert (found.subject if found else None) == culprit


def test_nobody_is_named_at_first_sight() -> None:
    assert find([sample(0.0, {**NODE, WEB: 9000})], None, Protected()) is None


def test_only_what_the_tight_one_holds_can_be_it() -> None:
    samples = [sample(0.0, NODE), sample(10.0, grown(web=500, pod=50))]
    inside = find(samples, level("/kubepods.slice"), Protected())
    assert inside is not None
    assert inside.subject == "1-1"
    # of a pod's own ceiling the pod itself is it, of its container's too
    for tight in (POD, f"{POD}/cri-containerd-{ID}.scope"):
        own = find(samples, level(tight), Protected())
        assert own is not None
        assert own.subject == "1-1"


def test_nothing_without_samples_and_no_critical_pod() -> None:
    assert find([], None, Protected()) is None
    samples = [sample(0.0, NODE), sample(10.0, grown(pod=100))]
    assert find(samples, None, Protected(pods=frozenset({"1-1"}))) is None


@pytest.mark.parametrize(("path", "answering"), [
    ("/system.slice", None),
    (WEB, WEB),
    (WEB + "/inner", WEB),
    (USER, USER),
    (f"{USER}/user@1001.service/app.slice/x.service", USER),
    ("/user.slice/user-0.slice", None),
    ("/user.slice/user-0.slice/session-3.scope", "/user.slice/user-0.slice/session-3.scope"),
    ("/system.slice/system-w.slice/w@1.service", "/system.slice/system-w.slice/w@1.service"),
    ("/kubepods.slice", None),
    (KUBE, None),
    (POD, POD),
    (f"{POD}/cri-containerd-{ID}.scope", POD),
    ("/kubepods/burstable/pod1-1/" + ID, "/kubepods/burstable/pod1-1"),
    ("/docker.slice/docker-" + ID + ".scope", "/docker.slice/docker-" + ID + ".scope"),
    ("/student.slice/student-lab.slice", None),
    ("/docker", None),
    (f"/docker/{ID}", f"/docker/{ID}"),
    (f"/docker/{ID}/docker/{OTHER}", f"/docker/{ID}"),
    ("/made/by/hand", "/made"),
])
def test_who_answers_for_a_cgroup(path: str, answering: Optional[str]) -> None:
    assert owner(path) == answering


@pytest.mark.parametrize("path", [
    "/", "/system.slice", "/user.slice", "/init.scope", SSH, "/system.slice/sshd.service",
    "/system.slice/system-sshd.slice/sshd@1-2.service", "/system.slice/ssh@1.service",
    "/system.slice/systemd-journald.service", "/system.slice/containerd.service",
    "/runtime.slice/containerd.service", "/system.slice/docker.service",
    "/system.slice/kubelet.service", "/system.slice/crio.service", "/system.slice/k3s.service",
    "/system.slice/dbus.service", HERE, "/system.slice/limitwise-agent.service",
])
def test_protected(path: str) -> None:
    assert Protected(HERE).group(path)


@pytest.mark.parametrize("path", [
    WEB, USER, "/system.slice/sshguard.service", "/student.slice", "/docker/" + ID,
    "/system.slice/my-kubelet-exporter.service", "/system.slice/docker-" + ID + ".scope",
])
def test_not_protected(path: str) -> None:
    assert not Protected(HERE).group(path)
