"""The planner: one look at a time, at all that is known, what it wrote included."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import generate_latest

from limitwise_operator import health, logs
from limitwise_operator.decide.observed import Observed
from limitwise_operator.decide.writes import (
    AddFinalizer,
    CordonNode,
    CreateState,
    EvictPod,
    RecordEvent,
    SetTuningStatus,
    Write,
)
from limitwise_operator.drains import EVERY, Drains
from limitwise_operator.effects.answers import ApiError, ConflictError, UnreachableError
from limitwise_operator.effects.performing import Answer, Eviction, Outcome
from limitwise_operator.health import Vital, ailments
from limitwise_operator.holds import LONGEST, Holds
from limitwise_operator.kinds.conditions import Condition
from limitwise_operator.kinds.node import Cordon
from limitwise_operator.kinds.node_tuning import Counts, NodeTuning, TuningStatus
from limitwise_operator.kinds.node_tuning_state import NOTHING, StateSpec
from limitwise_operator.metrics import TABLE, Metrics
from limitwise_operator.pace import Pace, next_look, only_counts
from limitwise_operator.planner import Planner
from limitwise_operator.store import Store

Body = dict[str, Any]
PACE = Pace(debounce=0.001, rest=0.0, moving=0.05, still=0.05)


def tuning_body(name: str = "t", version: int = 1, **status: Any) -> Body:
    return {
        "metadata": {"name": name, "uid": f"u-{name}", "resourceVersion": str(version)},
        "spec": {"nodeSelector": {"all": True}, "tuning": {}},
        "status": status,
    }


def node_body(name: str, version: int) -> Body:
    return {"metadata": {"name": name, "uid": name, "resourceVersion": str(version)}}


def state_body(name: str, version: int) -> Body:
    return {
        "metadata": {"name": name, "uid": f"s-{name}", "resourceVersion": str(version)},
        "spec": {"nodeUID": name, "revision": "r", "tuning": {}},
    }


class World:
    """A planner whose decisions and writes a test gives."""

    def __init__(self, decide: Callable[[Observed], Sequence[Write]]) -> None:
        self.store, self.metrics = Store(), Metrics()
        self.made: list[tuple[str, list[Write]]] = []
        self.earlier: dict[str, tuple[Answer, ...]] = {}
        self.refuse: dict[str, ApiError] = {}
        self.meanwhile: Callable[[], None] = lambda: None
        self.version = 100
        self.leading = True
        self.pool = ThreadPoolExecutor(2)
        self.planner = Planner(
            self.store,
            self,
            Drains(lambda _node: [], self.pool, self.metrics),
            self.pool,
            self.pool,
            lambda: self.leading,
            self.metrics,
            decide,
            pace=PACE,
        )

    def perform(
        self, subject: str, writes: Sequence[Write], made: Sequence[Answer] = ()
    ) -> Outcome:
        self.meanwhile()
        self.earlier[subject] = tuple(made)
        self.made.append((subject, list(writes)))
        if subject in self.refuse:
            return Outcome(subject, (), writes[0], self.refuse[subject])
        self.version += 1
        answers = [
            Answer("nodetuningstates", state_body(one.node, self.version))
            if isinstance(one, CreateState)
            else Answer("", None)
            for one in writes
        ]
        return Outcome(subject, tuple(answers))

    def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            asyncio.run(work())
        finally:
            self.pool.shutdown()


def create_missing(observed: Observed) -> list[Write]:
    lacking = [name for name in sorted(observed.nodes) if name not in observed.states]
    return [CreateState(name, StateSpec(name, NOTHING)) for name in lacking]


def test_what_was_written_is_seen_by_the_next_look_without_any_event() -> None:
    world = World(create_missing)

    async def work() -> None:
        for name in ("a", "b"):
            world.store.fold("nodes", node_body(name, 1))
        assert await world.planner.look()
        assert not await world.planner.look()

    world.run(work)
    assert sorted(subject for subject, _ in world.made) == ["Node/a", "Node/b"]


def test_a_conflict_and_a_failure_are_left_alone_for_a_while_and_stop_no_other() -> None:
    world = World(create_missing)
    world.planner.clock = lambda: 1.0  # no hold ends, however slow this machine is
    world.refuse = {
        "Node/a": ConflictError("POST", 409, "Conflict", "m"),
        "Node/b": UnreachableError("POST", 500, "InternalError", "m"),
    }

    async def work() -> None:
        for name in ("a", "b", "c"):
            world.store.fold("nodes", node_body(name, 1))
        for _ in range(3):
            await world.planner.look()

    world.run(work)
    assert sorted(subject for subject, _ in world.made) == ["Node/a", "Node/b", "Node/c"]
    text = generate_latest(world.metrics.registry).decode()
    for result in ("conflict", "failed", "done"):
        assert f'limitwise_writes_total{{result="{result}",write="CreateState"}} 1.0' in text


def test_finalizers_are_on_before_anything_else_is_written() -> None:
    def decide(_observed: Observed) -> list[Write]:
        return [CreateState("a", StateSpec("a", NOTHING)), AddFinalizer("t", "u", "1")]

    world = World(decide)

    async def work() -> None:
        await world.planner.look()

    world.run(work)
    assert [subject for subject, _ in world.made] == ["NodeTuning/t", "Node/a"]


def test_many_writes_are_made_in_batches_with_a_look_between() -> None:
    world = World(create_missing)
    world.planner.pace = replace(PACE, batch=10)

    async def work() -> None:
        for number in range(25):
            world.store.fold("nodes", node_body(f"n{number:02}", 1))
        looks = 0
        while await world.planner.look():
            looks += 1
        assert looks == 3

    world.run(work)
    assert len(world.made) == 25


def test_who_does_not_lead_looks_at_nothing() -> None:
    looks: list[Observed] = []

    def decide(observed: Observed) -> list[Write]:
        looks.append(observed)
        return []

    world = World(decide)
    world.leading = False

    async def work() -> None:
        running = asyncio.create_task(world.planner.run())
        world.planner.wake()
        async with asyncio.timeout(30):
            while world.planner.waiting:
                await asyncio.sleep(0.001)
            world.leading = True
            world.planner.wake()
            while not world.planner.passes:
                await asyncio.sleep(0.001)
        running.cancel()

    world.run(work)
    assert looks


def test_counts_alone_are_written_at_most_every_few_seconds() -> None:
    status = TuningStatus(nodes=Counts(matched=1))

    def decide(observed: Observed) -> list[Write]:
        counted = observed.tunings["t"].status.nodes.matched
        more = replace(status, nodes=Counts(matched=counted + 1))
        return [SetTuningStatus("t", "u", "1", more)]

    world = World(decide)
    world.planner.clock = lambda: 1.0  # the few seconds are never over

    async def work() -> None:
        world.store.fold("nodetunings", tuning_body())
        for _ in range(5):
            await world.planner.look()

    world.run(work)
    assert len(world.made) == 1


def condition(status: str, message: str = "") -> Condition:
    return Condition("Ready", status, "R", message)


def test_a_status_that_says_something_else_is_more_than_counts() -> None:
    before = TuningStatus(nodes=Counts(1), conditions=(condition("False", "1 of 2"),))
    counts = replace(before, nodes=Counts(2), conditions=(condition("False", "2 of 2"),))
    assert only_counts(before, counts)
    assert not only_counts(before, replace(counts, conditions=(condition("True"),)))
    assert not only_counts(before, replace(counts, revision="new"))


def tuning(status: str, paused: str = "False", generation: int = 1) -> NodeTuning:
    made = NodeTuning.from_dict(tuning_body())
    conditions = (condition(status), Condition("Paused", paused, "R"))
    return replace(made, generation=generation, status=TuningStatus(1, conditions=conditions))


@pytest.mark.parametrize(
    ("tunings", "draining", "moving"),
    [
        ([], False, False),
        ([tuning("True")], False, False),
        ([tuning("True")], True, True),
        ([tuning("True"), tuning("False")], False, True),
        ([tuning("False", paused="True")], False, False),
        ([tuning("True", generation=2)], False, True),
        ([replace(tuning("True"), deleting=True)], False, True),
    ],
)
def test_time_alone_wakes_it_sooner_while_something_moves(
    tunings: list[NodeTuning], draining: bool, moving: bool
) -> None:
    pace = Pace()
    assert next_look(tunings, draining, pace) == (pace.moving if moving else pace.still)


def test_refused_subjects_wait_longer_each_time_up_to_a_bound() -> None:
    holds, waits = Holds(), []
    for _ in range(10):
        holds.failed("s", 0.0)
        waits.append(holds.until["s"])
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (1.0, LONGEST)
    assert not holds.free("s", LONGEST - 0.1)
    assert holds.next(10.0) == LONGEST - 10.0
    holds.done("s")
    assert holds.free("s", 0.0)
    assert holds.next(0.0) is None


def test_a_draining_node_s_pods_are_shown_once_per_listing() -> None:
    pod = {"metadata": {"name": "p", "namespace": "ns", "uid": "x"}, "spec": {"nodeName": "n"}}
    asked: list[str] = []

    def pods_of(node: str) -> list[Body]:
        asked.append(node)
        return [pod]

    async def work() -> None:
        with ThreadPoolExecutor(1) as pool:
            drains = Drains(pods_of, pool, Metrics())
            seen = await drains.look(["n"], 0.0)
            assert [one.uid for one in seen.pods["n"]] == ["x"]
            drains.took([], [Eviction("x", "needs 2 healthy pods", 60.0)], 1.0)
            seen = await drains.look(["n"], EVERY - 0.1)
            assert seen.pods == {}
            assert seen.refusals == {"x": "needs 2 healthy pods"}
            assert seen.resting == {"x"}
            seen = await drains.look(["n"], EVERY)
            assert set(seen.pods) == {"n"}
            assert drains.busy
            drains.took([EvictPod("n", "ns", "p", "x")], [Eviction("x")], 90.0)
            seen = await drains.look(["n"], 90.0)
            assert (seen.refusals, seen.resting, seen.granted) == ({}, frozenset(), {"n": 1})
            drains.dropped([EvictPod("n", "ns", "p", "x")])
            assert set((await drains.look(["n"], 90.0)).pods) == {"n"}
            seen = await drains.look([], 91.0)
            assert (seen.pods, seen.refusals, seen.granted) == ({}, {}, {})
            assert not drains.busy

    asyncio.run(work())
    assert asked == ["n"] * 4


WELL = Vital({"nodes": 0.0}, 120.0, 0.0, leading=True, synced=True)


@pytest.mark.parametrize(
    ("signs", "ill"),
    [
        (WELL, False),
        (replace(WELL, watches={"nodes": 119.0}), False),
        (replace(WELL, watches={"nodes": 121.0}), True),
        (replace(WELL, planner=health.PLANNER_BEHIND + 1), True),
        (replace(WELL, planner=health.PLANNER_BEHIND + 1, leading=False), False),
    ],
)
def test_alive_means_that_watches_deliver_and_changes_are_planned(signs: Vital, ill: bool) -> None:
    assert bool(ailments(signs)) is ill


def test_every_figure_of_the_table_is_served_under_one_prefix() -> None:
    text = generate_latest(Metrics().registry).decode()
    for name, *_ in TABLE:
        assert f"# TYPE limitwise_{name.removesuffix('_total')}" in text
    assert not any("node_name" in labels or "node" in labels for _, _, labels, _ in TABLE)


def test_a_tuning_that_is_gone_has_no_figures() -> None:
    metrics = Metrics()
    metrics.tunings([replace(tuning("True"), status=TuningStatus(nodes=Counts(matched=3)))])
    assert (
        'limitwise_tuning_nodes{state="matched",tuning="t"} 3.0'
        in generate_latest(metrics.registry).decode()
    )
    metrics.tunings([])
    assert 'tuning="t"' not in generate_latest(metrics.registry).decode()


def test_a_log_line_is_one_json_object_with_what_was_given_along() -> None:
    record = logging.makeLogRecord(
        {"msg": "two\nlines %s", "args": ("x",), "levelname": "INFO", "name": "n", "nodes": 3}
    )
    text = logs.JsonLines().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert (line["message"], line["nodes"], line["level"]) == ("two\nlines x", 3, "info")


def _begins(name: str) -> list[Write]:
    """As an incident begins: the cordon between what must be before and what may be later."""
    note = Cordon("NodeRemediation/x", False, datetime(2026, 11, 22, tzinfo=UTC))
    told = RecordEvent("Node", name, name, "Warning", "RemediationStarted", "m")
    return [CordonNode(name, name, note), told]


def test_all_nodes_are_cordoned_before_anything_else_is_said_of_one() -> None:
    world = World(lambda _observed: [write for name in "abc" for write in _begins(name)])
    world.refuse = {"Node/b": ConflictError("PATCH", 409, "Conflict", "m")}

    async def work() -> None:
        await world.planner.look()

    world.run(work)
    kinds = [[type(one) for one in writes] for _subject, writes in world.made]
    assert kinds == [[CordonNode]] * 3 + [[RecordEvent]] * 2
    # What was refused says nothing.
    assert {subject for subject, _writes in world.made[3:]} == {"Node/a", "Node/c"}


def test_what_follows_a_cordon_knows_what_was_answered_up_to_it() -> None:
    spec = StateSpec("a", NOTHING)
    note = RecordEvent("Node", "a", "a", "Warning", "RemediationStarted", "m")
    world = World(lambda _observed: [CreateState("a", spec), *_begins("a")[:1], note])

    async def work() -> None:
        await world.planner.look()

    world.run(work)
    assert [[type(one) for one in writes] for _subject, writes in world.made] == [
        [CreateState, CordonNode], [RecordEvent],
    ]  # fmt: skip
    earlier = world.earlier["Node/a"]
    assert [one.resource for one in earlier] == ["nodetuningstates", ""]
    assert earlier[0].body == {"metadata": {"resourceVersion": "101"}}


def test_another_node_in_trouble_does_not_wait_for_what_follows_a_cordon() -> None:
    world = World(lambda observed: [w for name in sorted(observed.nodes) for w in _begins(name)])
    world.planner.clock = lambda: 1.0  # what follows has never waited for too long
    world.store.fold("nodes", node_body("a", 1))

    def trouble() -> None:
        world.store.fold("nodes", node_body("b", 2))
        world.planner.wake()

    world.meanwhile = trouble

    async def work() -> None:
        assert await world.planner.look()
        world.meanwhile = lambda: None
        world.planner._bell.clear()
        await world.planner.look()

    world.run(work)
    kinds = [(subject, [type(one) for one in writes]) for subject, writes in world.made]
    assert kinds[:2] == [("Node/a", [CordonNode]), ("Node/b", [CordonNode])]
    assert sorted(kinds[2:]) == [("Node/a", [RecordEvent]), ("Node/b", [RecordEvent])]


def test_a_flock_of_events_is_looked_at_when_it_is_over() -> None:
    seen: list[int] = []

    def decide(observed: Observed) -> list[Write]:
        seen.append(len(observed.nodes))
        return []

    world = World(decide)
    world.planner.pace = replace(PACE, debounce=1.0, settle=60.0)

    async def work() -> None:
        running = asyncio.create_task(world.planner.run())
        for number in range(20):
            world.store.fold("nodes", node_body(f"n{number}", 1))
            world.planner.wake()
            await asyncio.sleep(0.02)
        async with asyncio.timeout(30):
            while not seen:
                await asyncio.sleep(0.01)
        running.cancel()

    world.run(work)
    assert seen[0] == 20
