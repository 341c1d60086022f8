"""Relief tick by tick on a fake root: raised, held, told, given back, and found again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from limitwise_operator.agent.pressing import FIGURES, Orders
from limitwise_operator.agent.relieving import CALM_FOR, HOLD, IDLE, TICK, Relieving
from limitwise_operator.kinds.watch import (
    CALM,
    CULPRIT_GROUP,
    CULPRIT_POD,
    HOST,
    KUBEPODS,
    POD,
    SLICE,
    VERIFY,
    Pressure,
    Relief,
    Task,
    Watch,
    Watched,
)
from unit.operator.agent.fake_root import FakeRoot
from unit.operator.agent.played_cgroups import POD as UID
from unit.operator.agent.played_cgroups import PODS, STATIC, Cgroups

FULL = Watched("p/full", KUBEPODS, used_percent=90, lasting=2.0)
MOST = (("kubepods", 4000), ("pids", 400000), ("threads", 400000))
WATCH = Watch((FULL,), Relief(95, MOST))
KUBE = "/" + PODS


class Heard:
    """What was told."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.reliefs: list[tuple[str, float]] = []
        self.percents: dict[str, int] = {}

    def said(self, level: str, word: str, **more: Any) -> None:
        self.words.append(word)

    def relieved(self, what: str, seconds: float) -> None:
        self.reliefs.append((what, seconds))

    def pressed(self, percents: Mapping[str, int]) -> None:
        self.percents.update(percents)


class Scene:
    """A relieving thread's ticks over cgroups that the test fills."""

    def __init__(self, root: FakeRoot) -> None:
        self.root, self.cgroups = root, Cgroups(root)
        self.now, self.wakes, self.heard = 1000.0, 0, Heard()
        self.relieving = self.made()

    def made(self) -> Relieving:
        return Relieving(
            Host.mounted(str(self.root.path)), "", self.heard, self._woken, lambda: self.now
        )

    def _woken(self) -> None:
        self.wakes += 1

    def again(self) -> None:
        """The agent is killed, and a new one begins."""
        self.relieving._relief.close()
        self.relieving = self.made()

    def ticks(self, seconds: float = 0.0) -> None:
        """Tick for so long, once at least."""
        until = self.now + seconds
        self.relieving.tick()
        while self.now < until:
            self.now += TICK
            self.relieving.tick()

    @property
    def pressure(self) -> Pressure:
        assert self.relieving.pressure is not None
        return self.relieving.pressure


@pytest.fixture
def scene(root: FakeRoot) -> Iterator[Scene]:
    made = Scene(root)
    made.cgroups.set_limit(KUBE, "1000")
    made.cgroups.pod(tasks=100)
    yield made
    made.relieving._relief.close()


def leak(scene: Scene, tasks: int) -> None:
    path = scene.cgroups.container(f"{KUBE}/kubepods-pod{UID.replace('-', '_')}.slice")
    scene.cgroups.run(path, tasks)


def test_nobody_watches_nothing_is_read_or_left(scene: Scene) -> None:
    scene.relieving.order(Orders())
    assert scene.relieving.tick() == IDLE
    assert scene.pressure == CALM
    assert not (scene.root.path / "var/lib/limitwise").exists()


def test_a_node_that_is_calm_is_told_once(scene: Scene) -> None:
    scene.relieving.order(Orders(WATCH))
    scene.ticks(30.0)
    assert scene.pressure == CALM
    assert scene.wakes == 1
    assert scene.heard.percents[KUBEPODS] == 10


def test_a_tight_ceiling_is_raised_in_the_tick_that_sees_it(scene: Scene) -> None:
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    leak(scene, 960)
    scene.now += TICK
    scene.ticks()
    assert int(scene.cgroups.limit(KUBE)) == 1920
    assert scene.heard.reliefs == [("raised cgroup", TICK)]
    assert [(one.what, one.before, one.after) for one in scene.pressure.raised] == [
        (KUBE, "1000", "1920")
    ]
    assert scene.pressure.relieved is not None
    assert scene.pressure.fired == ()


def test_a_trigger_fires_though_relief_came_first(scene: Scene) -> None:
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    leak(scene, 960)
    scene.ticks(3.0)
    fired = scene.pressure.fired[0]
    assert (fired.id, fired.level, fired.limit, fired.used) == ("p/full", KUBEPODS, 1000, 960)
    scene.relieving.order(Orders(WATCH, "nr-1"))
    scene.ticks(1.0)
    assert scene.pressure.fired == ()
    assert scene.pressure.raised


def test_the_pod_that_leaks_is_named(scene: Scene) -> None:
    scene.cgroups.pod(STATIC, tasks=200)
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    for tasks in range(100, 960, 40):
        leak(scene, tasks)
        scene.ticks(TICK)
    scene.ticks(1.0)
    culprit = scene.pressure.culprit
    assert culprit is not None
    assert (culprit.kind, culprit.subject) == (CULPRIT_POD, UID)
    assert culprit.container
    assert culprit.growth > 0


def test_a_static_pod_is_never_named(scene: Scene) -> None:
    pod = scene.cgroups.pod(STATIC, tasks=200)
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    for tasks in range(200, 900, 40):
        scene.cgroups.run(scene.cgroups.container(pod), tasks)
        scene.ticks(TICK)
    scene.ticks(10.0)
    assert scene.pressure.raised
    assert scene.pressure.culprit is None


def test_a_unit_is_capped_at_its_size_and_freed_when_calm(scene: Scene) -> None:
    unit = scene.cgroups.make("/system.slice/leaky.service", "max", 100)
    scene.root.set("kernel/threads-max", "2000")
    watch = replace(WATCH, ceilings=(Watched("p/host", HOST, used_percent=90),))
    scene.relieving.order(Orders(watch))
    scene.ticks()
    for tasks in range(100, 1850, 100):
        scene.cgroups.run(unit, tasks)
        scene.ticks(TICK)
    scene.ticks(1.0)
    culprit = scene.pressure.culprit
    assert culprit is not None
    assert (culprit.kind, culprit.subject, culprit.capped) == (
        CULPRIT_GROUP, "leaky.service", True,
    )
    assert int(scene.cgroups.limit(unit)) == 1700
    scene.cgroups.run(unit, 10)
    scene.ticks(CALM_FOR + 1.0)
    assert scene.cgroups.limit(unit) == "max"
    assert scene.root.get("kernel/threads-max") == "2000"
    assert scene.pressure == CALM


def test_no_cap_without_leave(scene: Scene) -> None:
    unit = scene.cgroups.make("/system.slice/leaky.service", "max", 100)
    scene.root.set("kernel/threads-max", "2000")
    scene.relieving.order(Orders(Watch((), replace(Relief(95, MOST), cap=False))))
    scene.ticks()
    for tasks in range(100, 1850, 100):
        scene.cgroups.run(unit, tasks)
        scene.ticks(TICK)
    scene.ticks(1.0)
    assert scene.pressure.culprit is not None
    assert scene.cgroups.limit(unit) == "max"


def test_what_a_daemon_reload_undid_is_there_again(scene: Scene) -> None:
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    leak(scene, 960)
    scene.ticks(TICK)
    leak(scene, 700)
    scene.cgroups.set_limit(KUBE, "1000")
    scene.ticks(HOLD + TICK)
    assert scene.cgroups.limit(KUBE) == "1920"


def test_relief_stays_as_long_as_the_incident_and_then_goes(scene: Scene) -> None:
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    leak(scene, 960)
    scene.ticks(3.0)
    scene.relieving.order(Orders(WATCH, "nr-1"))
    leak(scene, 100)
    scene.ticks(60.0)
    assert scene.cgroups.limit(KUBE) == "1920"
    scene.relieving.order(Orders(WATCH))
    scene.ticks(CALM_FOR + 1.0)
    assert scene.cgroups.limit(KUBE) == "1000"
    assert scene.pressure == CALM


def test_relief_is_not_given_back_below_what_the_tuning_wants(scene: Scene) -> None:
    tuning = {"sysctl": {"kernel.threads-max": 15000}}
    scene.relieving.order(Orders(WATCH, tuning=tuning))
    scene.ticks()
    scene.cgroups.run("", 9900)
    scene.ticks(TICK)
    assert int(scene.root.get("kernel/threads-max")) > 15000
    scene.cgroups.run("", 500)
    scene.ticks(CALM_FOR + 1.0)
    assert scene.root.get("kernel/threads-max") == "15000"


def test_a_policy_that_is_gone_leaves_nothing_behind(scene: Scene) -> None:
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    leak(scene, 960)
    scene.ticks(1.0)
    leak(scene, 100)
    scene.relieving.order(Orders())
    scene.ticks(CALM_FOR + 1.0)
    assert scene.cgroups.limit(KUBE) == "1000"
    assert scene.relieving.tick() == IDLE


def test_a_killed_agent_finds_its_relief_and_goes_on(scene: Scene) -> None:
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    leak(scene, 960)
    scene.ticks(3.0)
    told = scene.pressure
    scene.again()
    scene.cgroups.set_limit(KUBE, "1000")
    scene.now += 10.0
    scene.ticks()
    assert scene.cgroups.limit(KUBE) == "1920"
    assert scene.relieving.pressure is None
    scene.relieving.order(Orders(WATCH, before=told))
    scene.ticks(TICK)
    assert [(one.id, one.since) for one in scene.pressure.fired] == [
        (one.id, one.since) for one in told.fired
    ]
    assert scene.pressure.relieved == told.relieved


def test_another_agent_that_is_still_there_is_waited_for(scene: Scene) -> None:
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    second = scene.made()
    second.order(Orders(WATCH))
    assert second.tick() == IDLE
    scene.relieving._relief.close()
    scene.now += 6.0
    assert second.tick() == TICK
    second._relief.close()


def test_nothing_left_to_raise_is_told(scene: Scene) -> None:
    watch = replace(WATCH, relief=Relief(95, (("kubepods", 1000),)))
    scene.relieving.order(Orders(watch))
    scene.ticks()
    leak(scene, 990)
    scene.ticks(TICK)
    assert scene.pressure.spent
    assert scene.pressure.raised == ()


def test_without_leave_only_the_trigger_is_told(scene: Scene) -> None:
    scene.relieving.order(Orders(Watch((FULL,))))
    scene.ticks()
    leak(scene, 1000)
    scene.ticks(3.0)
    assert scene.cgroups.limit(KUBE) == "1000"
    assert (len(scene.pressure.fired), scene.pressure.raised) == (1, ())


def test_figures_alone_are_told_seldom(scene: Scene) -> None:
    scene.relieving.order(Orders(Watch((replace(FULL, lasting=0.0),))))
    scene.ticks()
    leak(scene, 950)
    scene.ticks(TICK)
    scene.ticks(5.0)
    wakes = scene.wakes
    for step in range(round(20.0 / TICK)):
        leak(scene, 950 + step % 2)
        scene.ticks(TICK)
    assert scene.wakes - wakes <= 20.0 / FIGURES


@pytest.mark.parametrize(
    ("watched", "path"),
    [
        (Watched("p/pod", POD, used_percent=80), f"{KUBE}/kubepods-podX.slice"),
        (Watched("p/user", SLICE, "user-1.slice", 80), "/user.slice/user-1.slice"),
    ],
)
def test_pods_and_slices_are_watched_when_asked_for(
    scene: Scene, watched: Watched, path: str
) -> None:
    scene.cgroups.make("/user.slice")
    if watched.level == POD:
        path = scene.cgroups.pod("22222222-2222-4222-8222-222222222222", "100")
    else:
        scene.cgroups.make(path, "100")
    scene.relieving.order(Orders(Watch((watched,))))
    scene.ticks()
    scene.cgroups.run(path, 85)
    scene.ticks(3.0)
    fired = scene.pressure.fired[0]
    assert (fired.id, fired.limit, fired.used) == (watched.id, 100, 85)
    assert fired.subject in ("22222222-2222-4222-8222-222222222222", "user-1.slice")


@pytest.mark.parametrize(("tasks", "well"), [(100, True), (850, False)])
def test_a_verify_ends_with_figures(scene: Scene, tasks: int, well: bool) -> None:
    leak(scene, tasks)
    task = Task("nr/1/verify", VERIFY, KUBEPODS, "", 5, 20, 4)
    scene.relieving.order(Orders(WATCH, "nr", task))
    scene.ticks(4.0)
    assert scene.relieving.verdict is None
    scene.ticks(70.0)
    verdict = scene.relieving.verdict
    assert verdict is not None
    assert (verdict.id, verdict.well) == ("nr/1/verify", well)
    assert f"{tasks} of 1000" in verdict.message


def test_a_verify_counts_what_is_left_without_relief(scene: Scene) -> None:
    scene.relieving.order(Orders(WATCH))
    scene.ticks()
    leak(scene, 960)
    scene.ticks(1.0)
    task = Task("nr/1/verify", VERIFY, KUBEPODS, "", 5, 20, 4)
    scene.relieving.order(Orders(WATCH, "nr", task))
    scene.ticks(10.0)
    assert scene.relieving.verdict is None
