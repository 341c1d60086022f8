"""A RemediationPolicy with its words understood: durations, amounts, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TypeVar

from ...kinds.meta import MODES
from ...kinds.remediation_policy import (
    AFTER_TIMEOUT,
    DRAINS,
    Drain,
    Limits,
    RemediationPolicy,
    Retries,
    Rules,
    Steps,
    Trigger,
    Verify,
)
from ...kinds.watch import LEVELS, SLICE
from .. import selector
from ..quantity import Amount, QuantityError, amount, duration

Given = TypeVar("Given")
Read = TypeVar("Read")
LIMITS = Limits()


@dataclass(frozen=True)
class Armed:
    """A trigger whose durations are understood."""

    trigger: Trigger
    lasting: timedelta
    within: timedelta


@dataclass(frozen=True, eq=False)
class Policy:
    """``problems``: why nothing of it is done; then what is not understood has its default."""

    policy: RemediationPolicy
    triggers: tuple[Armed, ...]
    max_unavailable: Amount
    storm: Amount
    storm_cooldown: timedelta
    cooldown: timedelta
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.policy.name

    @property
    def followed(self) -> bool:
        """Whether agents measure for it, and people are told what would be done."""
        return not self.problems and not self.policy.deleting

    @property
    def relieves(self) -> bool:
        """Whether agents have its leave to raise ceilings."""
        rules = self.policy.rules
        return self.followed and not self.policy.reports_only and rules.steps.relieve


@lru_cache(maxsize=4096)
def span(written: str, usual: str) -> timedelta:
    """A duration of a snapshot, which nobody has judged again; ``usual`` for what is none."""
    try:
        return duration(written)
    except QuantityError:
        return duration(usual)


def judge(policy: RemediationPolicy) -> Policy:
    """The policy as it is to be followed."""
    found: list[str] = [*_words(policy), *selector.problems(policy.selector)]
    limits, rules = policy.rules.limits, policy.rules
    ready = tuple(_armed(found, one) for one in rules.triggers)
    for field, written in _durations(rules):
        _read(found, field, duration, written, "0s")
    return Policy(
        policy,
        ready,
        _read(found, "budget.maxUnavailable", amount, limits.max_unavailable,
              LIMITS.max_unavailable),
        _read(found, "storm.limit", amount, limits.storm, LIMITS.storm),
        _read(found, "storm.cooldown", duration, limits.storm_cooldown, LIMITS.storm_cooldown),
        _read(found, "cooldown", duration, limits.cooldown, LIMITS.cooldown),
        tuple(found),
    )  # fmt: skip


def _read(
    found: list[str], field: str, reader: Callable[[Given], Read], given: Given, usual: Given
) -> Read:
    try:
        return reader(given)
    except QuantityError as error:
        found.append(f"{field}: {error}")
        return reader(usual)


def _armed(found: list[str], one: Trigger) -> Armed:
    field = f"triggers[{one.name}]"
    return Armed(
        one,
        _read(found, f"{field}.for", duration, one.lasting, "0s"),
        _read(found, f"{field}.ceiling.within", duration, one.within or "0s", "0s"),
    )


def _durations(rules: Rules) -> list[tuple[str, str]]:
    steps, retries = rules.steps, rules.retries
    drain, verify = steps.drain, steps.verify
    return [
        ("steps.relieve.timeout", steps.relieve_timeout),
        ("steps.culprit.timeout", steps.culprit_timeout),
        ("steps.drain.after", drain.after),
        ("steps.drain.timeout", drain.timeout),
        ("steps.drain.deleteAfter", drain.delete_after),
        ("steps.apply.timeout", steps.apply_timeout),
        ("steps.verify.for", verify.lasting),
        ("steps.verify.timeout", verify.timeout),
        ("retries.pause", retries.pause),
        ("retries.longestPause", retries.longest),
    ]


def _words(policy: RemediationPolicy) -> list[str]:
    """What the API server's schema refuses too; an older one may have taken it."""
    found = []
    drain = policy.rules.steps.drain
    for field, word, words in (
        ("mode", policy.mode, MODES),
        ("steps.drain.when", drain.when, DRAINS),
        ("steps.drain.afterTimeout", drain.after_timeout, AFTER_TIMEOUT),
    ):
        if word not in words:
            found.append(f"{field}: {word!r} is none of {', '.join(words)}")
    if not policy.rules.triggers:
        found.append("triggers: there is none, so that nothing could ever begin")
    names = [one.name for one in policy.rules.triggers]
    found += [f"triggers: {name} is there twice" for name in sorted(set(names)) if
              names.count(name) > 1]
    return found + [line for one in policy.rules.triggers for line in _wrong(one)]


def _wrong(one: Trigger) -> list[str]:
    kinds = [one.condition is not None, bool(one.level), one.agent_silent]
    if sum(kinds) != 1:
        return [f"triggers[{one.name}]: exactly one of condition, ceiling and agentSilent"]
    if not one.level:
        return []
    if one.level not in LEVELS:
        return [f"triggers[{one.name}]: level {one.level!r} is none of {', '.join(LEVELS)}"]
    if bool(one.subject) != (one.level == SLICE):
        return [f"triggers[{one.name}]: subject is for level slice, and that needs one"]
    if not one.used_percent and not one.within:
        return [f"triggers[{one.name}]: a ceiling needs usedPercent or within"]
    return []


@lru_cache(maxsize=1024)
def armed(triggers: tuple[Trigger, ...]) -> tuple[Armed, ...]:
    """The triggers of a snapshot."""
    found: list[str] = []
    return tuple(_armed(found, one) for one in triggers)


@dataclass(frozen=True)
class Times:
    """The durations of a snapshot."""

    relieve: timedelta
    culprit: timedelta
    after: timedelta
    drain: timedelta
    delete_after: timedelta
    apply: timedelta
    verify_for: timedelta
    verify: timedelta
    pause: timedelta
    longest: timedelta


def times(rules: Rules) -> Times:
    """Of a NodeRemediation's rules."""
    one, usual, drain, verify, rest = rules.steps, Steps(), Drain(), Verify(), Retries()
    return Times(
        span(one.relieve_timeout, usual.relieve_timeout),
        span(one.culprit_timeout, usual.culprit_timeout),
        span(one.drain.after, drain.after),
        span(one.drain.timeout, drain.timeout),
        span(one.drain.delete_after, drain.delete_after),
        span(one.apply_timeout, usual.apply_timeout),
        span(one.verify.lasting, verify.lasting),
        span(one.verify.timeout, verify.timeout),
        span(rules.retries.pause, rest.pause),
        span(rules.retries.longest, rest.longest),
    )
