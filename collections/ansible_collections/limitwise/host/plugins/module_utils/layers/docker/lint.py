# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a daemon.json, by the catalogue alone: needs no host and no dockerd."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from ... import redact
from ...catalogue import docker
from ...catalogue.problem import Problem
from ...catalogue.rules import docker as rules
from ...findings import Finding, Place
from ...formats import json_text
from ...formats.text import FormatError

Path = Tuple[str, ...]


def lint(data: bytes, file: str) -> List[Finding]:
    """Every finding of a daemon.json; broken JSON is one finding with its place."""
    try:
        return [finding for _key, finding in by_key(json_text.parse(data), file)]
    except FormatError as error:
        return [broken(error, file)]


def by_key(document: json_text.Document, file: str) -> Iterator[Tuple[str, Finding]]:
    """Every finding of a document, each with the key of daemon.json that it is about."""
    return _Reader(document, file).findings()


def as_dict(document: json_text.Document) -> Dict[str, Any]:
    """The document as Python has it."""
    members = document.root.effective()
    return {key: json_text.to_python(member.value) for key, member in members.items()}


def broken(error: FormatError, file: str) -> Finding:
    """The finding of a file that is no JSON object."""
    return rules.NOT_JSON.at(Place(file, error.line, error.column), found=error.message)


class _Reader:
    """One document, its places, and what is found in it."""

    def __init__(self, document: json_text.Document, file: str) -> None:
        self.document = document
        self.file = file
        self.lines = document.text.split("\n")
        self.places = dict(_places(document.root, ()))
        self.value = as_dict(document)

    def findings(self) -> Iterator[Tuple[str, Finding]]:
        for twice in self.document.duplicates():
            place = Place(self.file, twice.line, twice.column)
            yield twice.path[0], rules.KEY_TWICE.at(place, found=twice.path[-1])
        for problem in docker.check_document(self.value):
            key = docker.parts_of(problem.path)[0]
            yield key, self._finding(key, problem)

    def place(self, path: Path) -> Place:
        """Where a path stands, or the nearest thing above it."""
        while path not in self.places and path:
            path = path[:-1]
        offset = self.places.get(path, self.document.root.start)
        return Place(self.file, *self.document.place(offset))

    def _finding(self, key: str, problem: Problem) -> Finding:
        if docker.lookup(key) is None:
            right = problem.suggestion
            rule = rules.IGNORED_KEY if docker.ignored_twin(key) else rules.UNKNOWN_KEY
            fixed = None if right is None else self._renamed(key, right)
            return rule.at(self.place((key,)), found=key, suggestion=right, fixed_line=fixed)
        name, below = docker.parts_of(problem.path)
        return rules.WRONG_VALUE.at(
            self.place((name, *below)), what=problem.path.lstrip("/"), severity=problem.severity,
            found=redact.value(problem.path, problem.message),
            suggestion=problem.suggestion and redact.words(problem.suggestion),
        )

    def _renamed(self, key: str, right: str) -> Optional[str]:
        """The key's line with the right key, where the value fits it and the line is clear."""
        quoted = json_text.quoted(key)
        line = self.lines[(self.place((key,)).line or 1) - 1].rstrip("\r")
        fits = right not in self.value and not docker.check_value(right, self.value[key])
        if not fits or line.count(quoted) != 1:
            return None
        # a line that may not be shown as it is cannot be offered as the right one either
        return line.replace(quoted, json_text.quoted(right)) if redact.words(line) == line else None


def _places(node: json_text.Node, path: Path) -> Iterator[Tuple[Path, int]]:
    """The offset of every key and list entry, by its path."""
    if isinstance(node, json_text.Object):
        for key, member in node.effective().items():
            yield (*path, key), member.start
            yield from _places(member.value, (*path, key))
    elif isinstance(node, json_text.Array):
        for position, item in enumerate(node.items):
            yield (*path, str(position)), item.start
            yield from _places(item, (*path, str(position)))
