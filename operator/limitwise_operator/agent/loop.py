"""The agent's loop: sees, decides, acts, tells; one thread, one thing at a time.

All of its state but the memory of retries is in the API and on the node's disk, so it may be
killed at any moment: a new one goes on from there.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError, InputError

from ..effects.answers import ApiError, ConflictError
from ..effects.door import Body
from ..effects.retrying import Patience, pause
from ..kinds.meta import KindError
from ..kinds.node_tuning_state import StateStatus
from ..kinds.state_content import preview_revision
from . import status as say
from . import tasks
from .decide import (
    CORRECTION_HELD,
    TASK,
    Act,
    Memory,
    Next,
    Seen,
    Wish,
    decide,
    in_force,
    retry_pause,
)
from .document import document
from .emergency import Emergency, Relieves
from .outcome import APPLIED, FAILED, NEVER_RAN, REFUSED, Outcome
from .ports import Node, Running, Runs, Told
from .reporting import Reporting
from .run import Order
from .seeing import Seeing

BUSY = 15.0  # seconds until a host that was busy or did not answer is asked again
TROUBLES = 3  # so often before that is told as a failure
LAST_WAIT = 15.0  # seconds that a run under way gets when the agent is to end
PATIENCE = Patience(first=1.0, longest=60.0)


@dataclass(frozen=True)
class Underway:
    """The run that is under way: of which revision, why, since when, asked for by which wish."""

    run: Running
    revision: str
    why: str
    began: float
    wish: Wish


class Loop:
    """The agent of one node. ``turn`` does everything that is to be done now."""

    def __init__(
        self,
        node: Node,
        runs: Runs,
        reporting: Reporting,
        told: Told,
        interval: float,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.node, self.runs, self.reporting, self.told = node, runs, reporting, told
        self.seeing = Seeing(node, told, clock)
        self.interval, self.timeout, self.clock = interval, timeout, clock
        self.memory = Memory(looked=clock())
        self.wish: Wish | None = None
        self.underway: Underway | None = None
        self.beat = clock()
        self._observe_at = clock()
        self._flush_at = 0.0
        self._flush_failures = 0

    @property
    def emergency(self) -> Emergency:
        """Its side of what is done in an emergency."""
        return self.seeing.emergency

    def relieved_by(self, relieves: Relieves) -> None:
        """From now on it does."""
        self.seeing.emergency = Emergency(relieves)

    # --- the turn ------------------------------------------------------------------------------

    def see(self, body: Body | None) -> None:
        """The object as the watch has it."""
        if not self.reporting.newer(body):
            return
        self.reporting.see(body)
        self._read_wish()

    def turn(self) -> float:
        """See, decide, act and tell until nothing is left to do now; seconds until the next."""
        self.beat = self.clock()
        try:
            self._collect()
            if self.clock() >= self._observe_at:
                self._observed()
            while (todo := self._next()).act is not Act.WAIT:
                self.beat = self.clock()
                if not self._do(todo):
                    break
        except (HostError, OSError) as error:
            self._trouble(str(error))
        self._emergency()
        self._flush()
        self.beat = self.clock()
        return self._wait()

    def _emergency(self) -> None:
        """Pass on what is wanted in one, and take up what is to be told of it."""
        if self.wish is not None:
            self.emergency.order(self.wish, self.reporting.status)
            self._set(self.emergency.told(self.wish, self.reporting.status, _now()))

    def _next(self) -> Next:
        seen = Seen(self.seeing.boot_id, bool(self.seeing.drift), self.clock())
        memory = replace(self.memory, running=self.underway is not None)
        return decide(self.wish, self.reporting.status, seen, memory)

    def _wait(self) -> float:
        if self.underway is not None:
            return 0.2
        until = [self._observe_at]
        if self._next().act is not Act.WAIT:
            until.append(self._flush_at)
        if self.reporting.dirty:
            until.append(self._flush_at)
        if self.memory.hold_until > self.clock():
            until.append(self.memory.hold_until)
        return max(0.05, min(until) - self.clock())

    def _do(self, todo: Next) -> bool:
        """Do it; False when no more can be done in this turn."""
        wish = self.wish
        if wish is None:
            return False
        self.told.said("info", "next", act=todo.act.value, why=todo.why, revision=wish.revision)
        if todo.act is Act.PLAN:
            return self._plan(wish)
        if todo.act is Act.APPLY:
            return self._apply(wish, todo.why)
        if todo.act is Act.VERIFY:
            return self._verify(wish, todo.why)
        if todo.act is Act.ANSWER:
            return self._answer(wish, True, tasks.NOTHING)
        return self._preview(wish)

    # --- acts ----------------------------------------------------------------------------------

    def _document(self, wish: Wish, why: str) -> dict[str, Any]:
        restart = bool(wish.restart) and why in ("restart", "tuning", TASK)
        return document(wish.tuning, self.node.holds(), restart)

    def _plan(self, wish: Wish) -> bool:
        look = self.node.look(self._document(wish, "tuning"))
        now = _now()
        self._set(say.planned(self.reporting.status, wish.revision, look, now))
        if look.refused:
            self._ended(wish.revision, "tuning", say.refusal(look))
        elif not look.changes and not self.node.unfinished():
            self._ended(wish.revision, "tuning", self._as_it_is(look))
        self.memory = replace(self.memory, trouble=0)
        return True

    def _as_it_is(self, look: say.Look) -> Outcome:
        """The node is as wanted without a run, perhaps by one whose end nobody could tell."""
        return Outcome(APPLIED, self.node.last_run() or None, (), look.findings)

    def _apply(self, wish: Wish, why: str) -> bool:
        if why == "tuning" and not self._flush():
            return False  # a plan is shown before it is applied
        if self.wish is not wish:
            return True
        order = Order(
            self._document(wish, why), self.node.root, self.timeout, self.node.allow
        )
        if why in ("restart", TASK):
            self.memory = replace(self.memory, restarted=wish.restart)
        if why == TASK and wish.task is not None:
            self._set(tasks.running(self.reporting.status, wish.task, _now()))
        if why == "drift":
            again = self.clock() - self.memory.corrected < CORRECTION_HELD
            count = self.memory.corrections + 1 if again else 1
            self.memory = replace(self.memory, corrections=count, corrected=self.clock())
        try:
            run = self.runs.start(order)
        except InputError as error:
            self._ended(wish.revision, why, Outcome(REFUSED, message=str(error)))
            return True
        self.underway = Underway(run, wish.revision, why, self.clock(), wish)
        return False

    def _verify(self, wish: Wish, why: str) -> bool:
        look = self.node.look(self._document(wish, why))
        self.memory = replace(self.memory, looked=self.clock(), trouble=0)
        status = self.reporting.status
        if why == "waiting":
            self._set(say.looked(status, look, self.seeing.boot_id, _now()))
        elif look.refused:
            self._ended(wish.revision, why, say.refusal(look))
        elif look.changes or self.node.unfinished():
            return self._apply(wish, why)
        elif in_force(wish, status):
            self._set(say.looked(status, look, self.seeing.boot_id, _now()))
            if why == TASK:
                told = tasks.of_run(Outcome(APPLIED), self.reporting.status)
                return self._answer(wish, True, told)
        else:
            self._ended(wish.revision, why, self._as_it_is(look))
        return True

    def _answer(self, wish: Wish, well: bool, message: str) -> bool:
        """Tell how the Apply that is asked for has ended, if one is."""
        status = self.reporting.status
        if wish.task is not None and tasks.to_apply(wish.task, status):
            self._set(tasks.answered(status, wish.task, well, message, _now()))
        return True

    def _preview(self, wish: Wish) -> bool:
        if wish.preview is None:
            return False
        revision = preview_revision(wish.preview)
        look = self.node.look(document(wish.preview, self.node.holds()))
        self._set(say.previewed(self.reporting.status, revision, look, _now()))
        self.memory = replace(self.memory, previewed=revision, trouble=0)
        return True

    def _collect(self) -> None:
        """Take the end of a run, if it has come."""
        underway = self.underway
        if underway is None or not underway.run.ended():
            return
        self.underway = None
        end = underway.run.outcome()
        seconds = self.clock() - underway.began
        self.told.ran(end.state, underway.why, seconds)
        self.told.said(
            "info" if end.ok else "error", "run ended", state=end.state, why=underway.why,
            run=end.run_id, changes=len(end.changes), seconds=round(seconds, 1), error=end.message,
        )
        self._observe_at = self.clock()
        begun = end.run_id is not None or end.state not in (NEVER_RAN, FAILED)
        if not end.ok and not begun and self.memory.trouble < TROUBLES:
            self._trouble(end.message)
            return
        self.memory = replace(self.memory, trouble=0)
        why = underway.why
        if why == TASK and (self.wish is None or self.wish.task != underway.wish.task):
            why = "retry"  # what another task asks for has not been begun yet
        self._ended(underway.revision, why, end)

    def _ended(self, revision: str, why: str, end: Outcome) -> None:
        """A revision was seen to its end: say so, and remember when to try again."""
        status, now = self.reporting.status, _now()
        self.seeing.originals = None
        if why == "drift" and not end.ok:
            self._set(say.not_corrected(status, end, now))
            return
        self._set(say.ended(status, revision, end, self.seeing.boot_id, now))
        if self.wish is not None and (why == TASK or (why == "tuning" and not end.ok)):
            self._answer(self.wish, end.ok, tasks.of_run(end, self.reporting.status))
        if end.ok:
            self.seeing.drift = ()
            self.memory = replace(self.memory, failed="", failures=0)
            return
        count = self.memory.failures + 1 if self.memory.failed == revision else 1
        self.memory = replace(
            self.memory, failed=revision, failures=count,
            retry_at=self.clock() + retry_pause(count),
        )

    def _trouble(self, message: str) -> None:
        """The host was busy or could not be asked: again soon, and told when it does not end."""
        count = self.memory.trouble + 1
        hold = self.clock() + BUSY * count
        self.memory = replace(self.memory, trouble=count, hold_until=hold)
        self.told.said("warning", "trouble", error=message, count=count)
        wish = self.wish
        if count < TROUBLES or wish is None or not wish.go or self.underway is not None:
            return
        self.memory = replace(self.memory, trouble=0)
        self._answer(wish, False, message)
        if not in_force(wish, self.reporting.status):
            self._ended(wish.revision, "trouble", Outcome(FAILED, message=message))

    # --- seeing --------------------------------------------------------------------------------

    def _read_wish(self) -> None:
        body = self.reporting.body
        if body is None:
            self.emergency.order(None, self.reporting.status)
        try:
            self.wish = Wish.of(body) if body is not None else None
        except KindError as error:
            self.wish = None
            self.told.said("error", "the object cannot be read", error=str(error))
        if self.wish is None:
            return
        self._set(say.began(self.reporting.status, _now()))
        if self.wish.preview is None:
            self.memory = replace(self.memory, previewed="")
            if self.reporting.status.preview is not None:
                self._set(say.without_preview(self.reporting.status, _now()))

    def _observed(self) -> None:
        """Look; a host that cannot be read now is no reason to do anything."""
        self._observe_at = self.clock() + self.interval * (0.8 + 0.4 * random.random())  # noqa: S311
        try:
            self._set(self.seeing.look(
                self.wish, self.reporting.status, self.underway is not None, _now()
            ))
        except (HostError, OSError) as error:
            self.told.said("warning", "the node cannot be read", error=str(error))

    # --- telling -------------------------------------------------------------------------------

    def _set(self, status: StateStatus) -> None:
        self.reporting.status = status

    def _flush(self) -> bool:
        """Tell the API what is new; False when that has to be tried again."""
        if not self.reporting.dirty:
            return True
        if self.clock() < self._flush_at:
            return False
        try:
            self.reporting.flush()
        except ConflictError:
            self._read_wish()
            self._flush_at = 0.0
            return False
        except ApiError as error:
            self._flush_failures += 1
            wait = pause(self._flush_failures, error.retry_after, PATIENCE, random.random())  # noqa: S311
            self._flush_at = self.clock() + wait
            self.told.said("warning", "status not written", error=str(error)[:300])
            return False
        self._flush_failures = 0
        return True

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done or told at this moment."""
        busy = self.underway is not None or self.reporting.dirty
        return not busy and self._next().act is Act.WAIT

    def stop(self) -> None:
        """Let a run that is under way end, and tell; what is killed, the next agent completes."""
        if self.underway is None:
            return
        deadline = self.clock() + LAST_WAIT
        while not self.underway.run.ended() and self.clock() < deadline:
            time.sleep(0.1)
        if self.underway.run.ended():
            self._collect()
            self._flush()
        else:
            self.underway.run.stop()
            self.underway.run.outcome()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
