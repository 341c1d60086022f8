"""What each node's state should say now: the parts whose turn has come, and previews."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from ..kinds.meta import KEEP
from ..kinds.node_tuning_state import GoAhead, StateSpec
from ..kinds.state_content import SourceRef
from .fleet import Fleet
from .merge import KEPT, PREVIOUS, Part, content_of, previewed
from .rollout import soaked
from .verdict import Verdict

NOBODY: frozenset[str] = frozenset()


def spec(fleet: Fleet, one: Verdict, turn: AbstractSet[str] = NOBODY) -> StateSpec | None:
    """The spec without its restart; None for a node that nothing has touched and nothing shall."""
    before = one.content
    group = fleet.groups[one.name]
    after = content_of(parts(fleet, one, turn), before, group.clashes) if turn else before
    if group.previewed or after.preview is not None:
        after = previewed(group.previewed, after)
    if one.state is None and not turn and after.preview is None:
        return None
    go = one.state.spec.go_ahead if one.state is not None else None
    if turn and after.revision != before.revision:
        go = GoAhead(after.revision, fleet.now, tuple(sorted({*turn, *_open(fleet, one, go)})))
    return StateSpec(one.node.uid, after, go)


def _open(fleet: Fleet, one: Verdict, go: GoAhead | None) -> list[str]:
    """Those told before that are not through yet: to blame as well, if the whole fails now."""
    if go is None or one.pending or one.failed or one.phase:
        return list(go.tunings) if go is not None else []
    told = [fleet.tunings[name] for name in go.tunings if name in fleet.tunings]
    return [
        judged.name for judged in told if one.has(judged.tuning) and not soaked(fleet, judged, one)
    ]


def parts(fleet: Fleet, one: Verdict, turn: AbstractSet[str]) -> tuple[Part, ...]:
    """What each tuning contributes to a node, by name; what gone tunings left comes last."""
    wanted = {judged.name: judged for judged in fleet.groups[one.name].enforced}
    sources = {source.name: source for source in one.content.sources}
    found: list[Part] = []
    for name in sorted(wanted.keys() | sources.keys()):
        judged, source = wanted.get(name), sources.get(name)
        has = judged is not None and judged.valid and one.has(judged.tuning)
        if judged is not None and (name in turn or has):
            found.append(judged.new_part)
        elif source is not None and name not in turn:
            found.append(Part(PREVIOUS, source))
        elif source is not None and _keeps(fleet, source):
            found.append(Part(KEPT, source))
    named = {part.source.name for part in found} | sources.keys()
    left = set(one.content.provenance.values()) - named
    return (*found, *(Part(KEPT, SourceRef(name, "", "")) for name in sorted(left)))


def _keeps(fleet: Fleet, source: SourceRef) -> bool:
    judged = fleet.tunings.get(source.name)
    return (judged.tuning.on_delete if judged is not None else source.on_delete) == KEEP
