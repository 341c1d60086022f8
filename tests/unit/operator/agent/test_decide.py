"""What the agent does next, case by case, and what holds in every case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limitwise_operator.agent.decide import (
    CORRECT_FIRST,
    LOOK_AGAIN,
    RETRY_FIRST,
    RETRY_LONGEST,
    Act,
    Memory,
    Seen,
    Wish,
    correct_at,
    decide,
    retry_pause,
)
from limitwise_operator.kinds.conditions import FALSE, TRUE, Condition
from limitwise_operator.kinds.meta import KindError
from limitwise_operator.kinds.node_tuning_state import (
    APPLIED,
    Applied,
    ShownPlan,
    StateStatus,
    Waiting,
)
from limitwise_operator.kinds.state_content import preview_revision
from limitwise_operator.kinds.watch import (
    APPLY,
    HOST,
    RUNNING,
    VERIFY,
    Relief,
    Task,
    TaskEnd,
    Watch,
    Watched,
)
from limitwise_operator.kinds.watch import DONE as TASK_DONE
from limitwise_operator.kinds.watch import FAILED as TASK_FAILED

NOW = 1_000_000.0
BOOT = "boot-1"
WISH = Wish("r2", {"sysctl": {"kernel.pid_max": 4194304}}, go=True)
DONE = StateStatus(
    observed_revision="r2", applied=Applied("r2", "run"), boot_id=BOOT,
    conditions=(Condition(APPLIED, TRUE, "Applied"),),
)
OLD = replace(DONE, observed_revision="r1", applied=Applied("r1", "run"))
SHOWN = replace(OLD, plan=ShownPlan("r2"))
BAD = replace(DONE, conditions=(Condition(APPLIED, FALSE, "Failed"),))
WAITS = replace(DONE, waiting=(Waiting("restart", "docker.service"),))
REBOOT = replace(DONE, waiting=(Waiting("reboot"),))
SEEN = Seen(BOOT, False, NOW)
ASKED = Task("nr/1/apply", APPLY)
TOLD = TaskEnd("nr/1/apply", TASK_DONE)
MEMORY = Memory(looked=NOW)
PREVIEW: dict[str, Any] = {"sysctl": {"vm.max_map_count": 262144}}


@pytest.mark.parametrize(
    ("wish", "status", "seen", "memory", "act", "why"),
    [
        (None, DONE, Seen(BOOT, True, NOW), MEMORY, Act.WAIT, ""),
        (WISH, StateStatus(), SEEN, MEMORY, Act.PLAN, "tuning"),
        (WISH, OLD, SEEN, MEMORY, Act.PLAN, "tuning"),
        (WISH, SHOWN, SEEN, MEMORY, Act.APPLY, "tuning"),
        (replace(WISH, go=False), SHOWN, SEEN, MEMORY, Act.WAIT, ""),
        (replace(WISH, go=False), DONE, Seen(BOOT, True, NOW), MEMORY, Act.WAIT, ""),
        (WISH, SHOWN, SEEN, replace(MEMORY, running=True), Act.WAIT, ""),
        (WISH, SHOWN, SEEN, replace(MEMORY, hold_until=NOW + 1), Act.WAIT, ""),
        (WISH, SHOWN, SEEN, replace(MEMORY, hold_until=NOW), Act.APPLY, "tuning"),
        (WISH, DONE, SEEN, MEMORY, Act.WAIT, ""),
        (WISH, DONE, Seen(BOOT, True, NOW), MEMORY, Act.APPLY, "drift"),
        (
            WISH, DONE, Seen(BOOT, True, NOW),
            replace(MEMORY, corrections=1, corrected=NOW - CORRECT_FIRST + 1), Act.WAIT, "",
        ),
        (
            WISH, DONE, Seen(BOOT, True, NOW),
            replace(MEMORY, corrections=1, corrected=NOW - CORRECT_FIRST), Act.APPLY, "drift",
        ),
        (WISH, DONE, Seen("boot-2", True, NOW), MEMORY, Act.VERIFY, "boot"),
        (WISH, BAD, SEEN, MEMORY, Act.WAIT, ""),
        (WISH, BAD, Seen(BOOT, True, NOW + RETRY_FIRST - 1), MEMORY, Act.WAIT, ""),
        (WISH, BAD, Seen(BOOT, False, NOW + RETRY_FIRST), MEMORY, Act.VERIFY, "retry"),
        (WISH, BAD, Seen("boot-2", False, NOW), MEMORY, Act.VERIFY, "retry"),
        (
            WISH, BAD, SEEN, replace(MEMORY, failed="r2", failures=2, retry_at=NOW),
            Act.VERIFY, "retry",
        ),
        (WISH, WAITS, SEEN, MEMORY, Act.WAIT, ""),
        (WISH, WAITS, Seen(BOOT, False, NOW + LOOK_AGAIN), MEMORY, Act.VERIFY, "waiting"),
        (replace(WISH, restart="t1"), WAITS, SEEN, MEMORY, Act.APPLY, "restart"),
        (
            replace(WISH, restart="t1"), WAITS, SEEN, replace(MEMORY, restarted="t1"),
            Act.WAIT, "",
        ),
        (replace(WISH, restart="t1"), REBOOT, SEEN, MEMORY, Act.WAIT, ""),
        (replace(WISH, restart="t1"), DONE, SEEN, MEMORY, Act.WAIT, ""),
        (replace(WISH, preview=PREVIEW), DONE, SEEN, MEMORY, Act.PREVIEW, "preview"),
        (
            replace(WISH, preview=PREVIEW, go=False), StateStatus(), SEEN, MEMORY,
            Act.PREVIEW, "preview",
        ),
        (
            replace(WISH, preview=PREVIEW), DONE, SEEN,
            replace(MEMORY, previewed=preview_revision(PREVIEW)), Act.WAIT, "",
        ),
        (replace(WISH, task=ASKED), DONE, SEEN, MEMORY, Act.VERIFY, "task"),
        (replace(WISH, task=ASKED), BAD, SEEN, MEMORY, Act.VERIFY, "task"),
        (replace(WISH, task=ASKED), OLD, SEEN, MEMORY, Act.PLAN, "tuning"),
        (replace(WISH, task=ASKED, go=False), SHOWN, SEEN, MEMORY, Act.ANSWER, "task"),
        (replace(WISH, task=ASKED, restart="t1"), WAITS, SEEN, MEMORY, Act.APPLY, "task"),
        (
            replace(WISH, task=ASKED, restart="t1"), WAITS, SEEN,
            replace(MEMORY, restarted="t1"), Act.VERIFY, "task",
        ),
        (replace(WISH, task=ASKED), replace(DONE, task=TOLD), SEEN, MEMORY, Act.WAIT, ""),
        (
            replace(WISH, task=ASKED), replace(DONE, task=replace(TOLD, state=TASK_FAILED)), SEEN,
            MEMORY, Act.WAIT, "",
        ),
        (
            replace(WISH, task=ASKED), replace(DONE, task=replace(TOLD, state=RUNNING)), SEEN,
            MEMORY, Act.VERIFY, "task",
        ),
        (
            replace(WISH, task=ASKED), replace(DONE, task=replace(TOLD, id="nr/0/apply")), SEEN,
            MEMORY, Act.VERIFY, "task",
        ),
        (
            replace(WISH, task=ASKED), DONE, SEEN, replace(MEMORY, hold_until=NOW + 1),
            Act.WAIT, "",
        ),
        (replace(WISH, task=Task("nr/1/verify", VERIFY)), DONE, SEEN, MEMORY, Act.WAIT, ""),
    ],
)
def test_the_next_act(
    wish: Wish | None, status: StateStatus, seen: Seen, memory: Memory, act: Act, why: str
) -> None:
    found = decide(wish, status, seen, memory)
    assert (found.act, found.why) == (act, why)


wishes = st.none() | st.builds(
    Wish, st.sampled_from(["r1", "r2"]), st.just({}), st.booleans(), st.sampled_from(["", "t1"]),
    st.none() | st.just(PREVIEW), task=st.none() | st.just(ASKED),
)
statuses = st.sampled_from([StateStatus(), DONE, OLD, SHOWN, BAD, WAITS, REBOOT])
seens = st.builds(Seen, st.sampled_from([BOOT, "boot-2"]), st.booleans(), st.floats(0, 1e9))
memories = st.builds(
    Memory,
    running=st.booleans(),
    hold_until=st.floats(0, 1e9),
    failed=st.sampled_from(["", "r1", "r2"]),
    retry_at=st.floats(0, 1e9),
    corrections=st.integers(0, 50),
    corrected=st.floats(0, 1e9),
    restarted=st.sampled_from(["", "t1"]),
    looked=st.floats(0, 1e9),
)


@given(wishes, statuses, seens, memories)
def test_nothing_is_applied_without_a_go_ahead(
    wish: Wish | None, status: StateStatus, seen: Seen, memory: Memory
) -> None:
    found = decide(wish, status, seen, memory)
    if wish is None or not wish.go:
        assert found.act in (Act.WAIT, Act.PREVIEW, Act.ANSWER)
    if wish is None or memory.running or memory.hold_until > seen.now:
        assert found.act is Act.WAIT


@given(wishes, statuses, seens, memories)
def test_a_task_that_was_answered_changes_nothing(
    wish: Wish | None, status: StateStatus, seen: Seen, memory: Memory
) -> None:
    answered = replace(status, task=TOLD)
    without = replace(wish, task=None) if wish is not None else None
    assert decide(wish, answered, seen, memory) == decide(without, status, seen, memory)


@given(wishes, statuses, seens, memories)
def test_a_revision_is_shown_before_it_is_applied(
    wish: Wish | None, status: StateStatus, seen: Seen, memory: Memory
) -> None:
    found = decide(wish, status, seen, memory)
    if found.act is Act.APPLY and found.why == "tuning":
        assert wish is not None
        assert status.plan is not None
        assert status.plan.revision == wish.revision


@given(st.integers(1, 10_000))
def test_failures_are_tried_again_ever_more_seldom(failures: int) -> None:
    assert RETRY_FIRST <= retry_pause(failures) <= retry_pause(failures + 1) <= RETRY_LONGEST


@given(st.integers(1, 10_000))
def test_corrections_become_ever_more_seldom(count: int) -> None:
    first = correct_at(Memory(corrections=count, corrected=0.0))
    assert CORRECT_FIRST <= first <= correct_at(Memory(corrections=count + 1, corrected=0.0))


GO = {"revision": "r1", "time": "2026-11-22T20:30:00Z"}


@pytest.mark.parametrize(
    ("spec", "go", "restart"),
    [
        ({"revision": "r1"}, False, ""),
        ({"revision": "r1", "goAhead": GO}, True, ""),
        ({"revision": "r2", "goAhead": GO}, False, ""),
        ({"revision": ""}, False, ""),
        ({"revision": "r1", "restart": {"phase": "Draining", "since": "t"}}, False, ""),
        ({"revision": "r1", "restart": {"phase": "Granted", "since": "t"}}, False, "t"),
    ],
)
def test_the_wish_of_an_object(spec: dict[str, Any], go: bool, restart: str) -> None:
    wish = Wish.of({"spec": spec})
    assert (wish.go, wish.restart, wish.tuning, wish.preview) == (go, restart, {}, None)


def test_the_wish_of_a_remediation() -> None:
    ceiling = {"id": "p/full", "level": "host", "usedPercent": 90, "forSeconds": 5}
    watch = {"ceilings": [ceiling], "relief": {"at": 95, "most": {"pids": 4194304}}}
    task = {"id": "nr/1/verify", "do": "Verify", "seconds": 30, "headroom": 20, "forks": 32}
    wish = Wish.of({"spec": {"watch": watch, "incident": "nr", "task": task}})
    watched = Watched("p/full", HOST, used_percent=90, lasting=5.0)
    assert wish.watch == Watch((watched,), Relief(95, (("pids", 4194304),)))
    wanted = Task("nr/1/verify", VERIFY, HOST, "", 30, 20, 32)
    assert (wish.incident, wish.task) == ("nr", wanted)


def test_an_object_of_a_wrong_shape_is_no_wish() -> None:
    with pytest.raises(KindError):
        Wish.of({"spec": {"revision": "r1", "tuning": ["sysctl"]}})
