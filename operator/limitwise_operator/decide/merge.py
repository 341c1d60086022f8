"""Several tunings' parts as one node's content: the higher priority wins, key by key.

A tuning contributes its new content where its turn has come, and elsewhere what it gave last
time: the values of the node's previous content that are its own by provenance. So each tuning
spreads at its own pace. Nodes with the same parts and the same previous content share one result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from ansible_collections.limitwise.host.plugins.module_utils.merging import Source, merged
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item, Tuning

from ..kinds.state_content import IN_PART, Content, KeyConflict, SourceRef, content
from . import document

LOWEST = -1_000_000
"""Below every priority that a tuning can have: what a tuning that went has left behind."""
MAX_CONFLICTS = 256
NEW = "new"
PREVIOUS = "previous"
KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Part:
    """What one tuning contributes: ``text`` is its document for NEW, else it is in the content.

    KEPT: the tuning has gone (or does not select the node any more) and leaves its values.
    """

    kind: str
    source: SourceRef
    text: str = ""


@dataclass(frozen=True)
class Clash:
    """A key that several tunings of the same, winning priority want differently."""

    key: str
    name: str
    values: tuple[tuple[str, str], ...]
    """Who wants what: (tuning, value), by name."""


@lru_cache(maxsize=2048)
def content_of(
    parts: tuple[Part, ...], before: Content, disputes: tuple[Clash, ...] = ()
) -> Content:
    """The content of a node that had ``before``; its preview is left as it was.

    A key in conflict keeps the value that it has, as long as whoever gave it is still there.
    ``disputes`` are conflicts known already, of tunings that are still to come: who comes first
    wins nothing by it.
    """
    names = {part.source.name for part in parts}
    items = _items(before)
    sources = [*(_source(part, items) for part in parts), *_policy_before(parts, before)]
    result, found = _merged([_without(source, disputes) for source in sources])
    clashes = [*disputes, *found]
    kept = [
        items[clash.key]
        for clash in clashes
        if clash.key in items and items[clash.key].origin in names
    ]
    layers = dict.fromkeys([*result.layers, *(item.layer for item in kept)])
    result = replace(result, layers=tuple(layers), items=(*result.items, *kept))
    conflicts = [
        KeyConflict(clash.key, tuple(name for name, _value in clash.values)) for clash in clashes
    ]
    provenance = {document.key(item): item.origin for item in result.items}
    return content(
        document.written(result),
        before.preview,
        _sources(parts, provenance, before),
        provenance,
        tuple(sorted(conflicts, key=lambda one: one.key)[:MAX_CONFLICTS]),
    )


def _sources(
    parts: Sequence[Part], provenance: Mapping[str, str], before: Content
) -> tuple[SourceRef, ...]:
    """Where the content comes from: which of them may be here in part only.

    What another gave instead of it is not known of a former content. Once that other's value goes,
    the key may be missing that it wanted, too: it comes whole with its next turn.
    """
    lost = any(provenance.get(key) != giver for key, giver in before.provenance.items())
    return tuple(
        replace(part.source, revision=IN_PART) if lost and part.kind == PREVIOUS else part.source
        for part in parts
        if part.kind != KEPT
    )


def _without(source: Source, disputes: Sequence[Clash]) -> Source:
    disputed = {clash.key for clash in disputes}
    if not disputed:
        return source
    items = tuple(item for item in source.tuning.items if document.key(item) not in disputed)
    return replace(source, tuning=replace(source.tuning, items=items))


@lru_cache(maxsize=512)
def previewed(parts: tuple[Part, ...], before: Content) -> Content:
    """The content ``before`` with what ``parts`` (all NEW) would give, or without any preview."""
    if not parts:
        return replaced_preview(before, None)
    result, _clashes = _merged([_new(part) for part in parts])
    return replaced_preview(before, result)


def replaced_preview(before: Content, preview: Tuning | None) -> Content:
    """The same content with another preview."""
    shown = document.written(preview) if preview is not None else None
    return content(before.tuning, shown, before.sources, before.provenance, before.conflicts)


@lru_cache(maxsize=512)
def clashes_of(parts: tuple[Part, ...]) -> tuple[Clash, ...]:
    """The conflicts between new contents, whoever's turn has come."""
    return tuple(_merged([_new(part) for part in parts])[1])


def _merged(sources: Sequence[Source]) -> tuple[Tuning, list[Clash]]:
    """The engine's merge, and by key what it found no answer for."""
    result, findings = merged(sources)
    if not findings:
        return result, []
    decided = {item.id for item in result.items}
    rivals: dict[tuple[str, str, str], list[tuple[Source, Item]]] = {}
    for source in sources:
        for item in source.tuning.items:
            if item.id not in decided:
                rivals.setdefault(item.id, []).append((source, item))
    return result, [_clash(found) for _id, found in sorted(rivals.items())]


def _clash(rivals: Sequence[tuple[Source, Item]]) -> Clash:
    highest = max(source.priority for source, _item in rivals)
    values = sorted(
        (source.name, item.text) for source, item in rivals if source.priority == highest
    )
    item = rivals[0][1]
    return Clash(document.key(item), document.name(item), tuple(values))


def _source(part: Part, items: Mapping[str, Item]) -> Source:
    """A part as the engine's merge takes it; ``items``: what the node's content has now."""
    if part.kind == NEW:
        return _new(part)
    own = tuple(item for item in items.values() if item.origin == part.source.name)
    layers = tuple(dict.fromkeys(item.layer for item in own))
    priority = LOWEST if part.kind == KEPT else part.source.priority
    return Source(part.source.name, priority, Tuning(layers, own))


def _new(part: Part) -> Source:
    return Source(part.source.name, part.source.priority, document.read(part.text))


@lru_cache(maxsize=512)
def _items(before: Content) -> Mapping[str, Item]:
    """The values of a content by key, each with the tuning that gave it."""
    found = document.read(document.plain(before.tuning))
    keyed = [(document.key(item), item) for item in found.items]
    return {key: replace(item, origin=before.provenance.get(key, "")) for key, item in keyed}


def _policy_before(parts: Sequence[Part], before: Content) -> list[Source]:
    """What the former contents were bound by binds as long as one of them is still there."""
    if all(part.kind == NEW for part in parts):
        return []
    policy: Policy = document.read(document.plain(before.tuning)).policy
    return [Source("", LOWEST - 1, Tuning((), (), policy))]
