# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands: each turns its arguments into one call of the engine and gives text and status."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Mapping

from ansible_collections.limitwise.host.plugins.module_utils import engine, lint
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.rules import run as rules
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import ranked
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.judge import judge
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.survey import Asked, survey
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    Finding,
    FindingsError,
    InputError,
    errors,
    in_order,
)
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import Store
from ansible_collections.limitwise.host.plugins.module_utils.merging import Source, merged
from ansible_collections.limitwise.host.plugins.module_utils.report import Report
from ansible_collections.limitwise.host.plugins.module_utils.rollback import (
    Force,
    preview,
    rollback,
)
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning, read

from . import ceilings_text, documents, node_tuning, text

OK, WRONG, MISUSED = 0, 1, 2
OPERATORS_PYTHON = (3, 11)


@dataclass(frozen=True)
class Outcome:
    """What a command has to say, in both formats, and its exit status."""

    document: Mapping[str, Any]
    text: str
    status: int
    aside: str = ""
    """For people, on standard error: what a program that reads the output has no use for."""


def run(arguments: argparse.Namespace) -> Outcome:
    """The command that the arguments name."""
    return COMMANDS[arguments.command](arguments)


def host_of(root: str) -> Host:
    return Host.live() if root == "/" else Host.image(root)


def _load(name: str, priority: int, origin: str) -> Source:
    document, places = documents.load(name)
    tuning, found = read(document, places=places, file=name, origin=origin)
    if errors(found):
        raise FindingsError(found)
    return Source(origin, priority, tuning)


def _tuning(arguments: argparse.Namespace) -> Tuning:
    sources = [_load(arguments.file, 0, arguments.file)]
    for over in arguments.over:
        priority, colon, name = over.partition(":")
        if not colon or not priority.lstrip("-").isdigit():
            raise InputError(f"--over {over}: PRIORITY:FILE is wanted, such as 10:dense.yml")
        sources.append(_load(name, int(priority), name))
    tuning, conflicts = merged(sources)
    if errors(conflicts):
        raise FindingsError(conflicts)
    return tuning


def _options(arguments: argparse.Namespace) -> engine.Options:
    return engine.Options(
        arguments.owner, True, arguments.adopt, arguments.force, tuple(arguments.takeover),
        engine.confirm_seconds(getattr(arguments, "confirm", None)),
    )


def _plan(arguments: argparse.Namespace) -> Outcome:
    result = engine.preview(host_of(arguments.root), _tuning(arguments), _options(arguments))
    status = WRONG if result.changes or not result.ok else OK
    shown = text.report(result, pending=True, diff=arguments.diff)
    return Outcome(result.as_dict(), shown, status)


def _apply(arguments: argparse.Namespace) -> Outcome:
    result = engine.apply(host_of(arguments.root), _tuning(arguments), _options(arguments))
    shown = text.report(result, pending=result.run_id is None, diff=arguments.diff)
    return Outcome(result.as_dict(), shown, OK if result.ok else _fault(result))


def _fault(result: Report) -> int:
    """Refused before the first write, or stopped by the host: the input or the place is at fault,
    not what the run has made of it.
    """
    stopped = any(finding.code == rules.FAILED.code for finding in result.findings)
    return MISUSED if result.run_id is None or stopped else WRONG


def _verify(arguments: argparse.Namespace) -> Outcome:
    result = engine.verify(host_of(arguments.root), _tuning(arguments), _options(arguments))
    shown = text.findings(result.findings) or "As the tuning says.\n"
    return Outcome(result.as_dict(), shown, OK if result.ok else WRONG)


def _confirm(arguments: argparse.Namespace) -> Outcome:
    result = engine.confirm_run(Host.live(), arguments.run_id)
    return Outcome(result.as_dict(), f"Run {arguments.run_id} is kept.\n", OK)


def _rollback(arguments: argparse.Namespace) -> Outcome:
    force = Force(edits=arguments.force, use=arguments.force)
    act: Callable[..., Report] = preview if arguments.dry_run else rollback
    result = act(host_of(arguments.root), arguments.run_id, arguments.layers, force)
    shown = text.report(result, pending=arguments.dry_run, diff=arguments.diff)
    return Outcome(result.as_dict(), shown, OK if result.ok else WRONG)


def _history(arguments: argparse.Namespace) -> Outcome:
    runs = Store(host_of(arguments.root)).runs()
    document = {**Report().as_dict(), "runs": [one.as_dict() for one in runs]}
    return Outcome(document, text.history(runs), OK)


def _lint(arguments: argparse.Namespace) -> Outcome:
    host = host_of(arguments.root)
    sources: List[lint.Source] = []
    if arguments.files:
        for name in arguments.files:
            data = documents.content(name)
            kind = arguments.kind or lint.kind_of(name)
            if kind is None:
                raise InputError(f"cannot tell what {name} is", remedy="say so with --as")
            sources.append(lint.Source(name, kind, data, arguments.unit_name))
    else:
        sources.extend(lint.sources_of(host))
    found = []
    for source in sources:
        found.extend(lint.lint(source, documents.parse, arguments.ignore))
    fixed = 0
    if arguments.fix:
        found, fixed = _fix(sources, found)
    document = {
        "findings": [finding.as_dict() for finding in in_order(found)], "files": len(sources)
    }
    wrong = len(errors(found))
    files = text.count(len(sources), "file")
    shown = text.findings(found) + f"{files} read, {text.count(wrong, 'error')}.\n"
    if fixed:
        shown += f"{text.count(fixed, 'line')} fixed.\n"
    return Outcome(document, shown, WRONG if wrong else OK)


def _fix(
    sources: List[lint.Source], found: List[Any]
) -> tuple[List[Any], int]:
    """Write the lines that are certain; the findings that remain, and how many lines changed."""
    total = 0
    remaining: List[Finding] = []
    for source in sources:
        mine = [finding for finding in found if finding.place.file == source.name]
        data, lines = lint.fixed(source.data, mine)
        if lines and source.name != "-":
            _replace(os.path.abspath(source.name), data)
        total += len(lines)
        remaining += [finding for finding in mine if finding.place.line not in lines]
    return remaining, total


def _replace(path: str, data: bytes) -> None:
    files = Host.live().files
    image = files.image(path)
    if image is not None:
        files.write(path, replace(image, data=data))


def _diagnose(arguments: argparse.Namespace) -> Outcome:
    root = arguments.root
    host = Host.live() if root == "/" else Host.mounted(root)
    found = survey(host, Asked(users=arguments.users))
    ceilings, findings = ranked(found.ceilings), judge(found)
    document = {
        "ceilings": [one.as_dict() for one in ceilings],
        "findings": [one.as_dict() for one in findings],
    }
    shown = text.findings(findings) + ceilings_text.table(ceilings)
    return Outcome(document, shown, WRONG if errors(findings) else OK)


def _k8s(arguments: argparse.Namespace) -> Outcome:
    verbs = {"render": _render, "extract": _extract, "status": _status, "explain": _explain}
    return verbs[arguments.verb](arguments)


def _render(arguments: argparse.Namespace) -> Outcome:
    document, places = documents.load(arguments.file)
    tuning, found = read(document, places=places, file=arguments.file)
    if errors(found):
        raise FindingsError(found)
    if not -1000 <= arguments.priority <= 1000:
        raise InputError(f"--priority {arguments.priority}: -1000 to 1000 is wanted")
    stem = os.path.splitext(os.path.basename(arguments.file))[0]
    wish = node_tuning.Wish(
        arguments.name or stem,
        node_tuning.selector(arguments.everywhere, arguments.selector),
        arguments.priority, arguments.mode, arguments.on_delete, arguments.restart,
    )
    body, notes = node_tuning.rendered(document, wish)
    judged = (*found, *engine.check(tuning))
    aside = text.findings(judged) + text.notes(notes)
    return Outcome(body, documents.written(body), WRONG if errors(judged) else OK, aside)


def _extract(arguments: argparse.Namespace) -> Outcome:
    body, _places = documents.load(arguments.file)
    document, notes = node_tuning.extracted(body, arguments.file)
    _tuning_there, found = read(document, file=arguments.file)
    if errors(found):
        raise FindingsError(found)
    return Outcome(document, documents.written(document), OK, text.notes(notes))


def _status(arguments: argparse.Namespace) -> Outcome:
    _needs_operators_python()
    from .k8s import commands as k8s

    document, shown, wrong = k8s.status(arguments)
    return Outcome(document, shown, WRONG if wrong else OK)


def _explain(arguments: argparse.Namespace) -> Outcome:
    _needs_operators_python()
    from .k8s import commands as k8s

    document, shown, wrong = k8s.explain_node(arguments)
    return Outcome(document, shown, WRONG if wrong else OK)


def _needs_operators_python() -> None:
    """The kinds are the operator's own values, which are written for its Python."""
    if sys.version_info < OPERATORS_PYTHON:
        wanted = ".".join(map(str, OPERATORS_PYTHON))
        raise InputError(f"k8s status and explain need Python {wanted} or newer")


COMMANDS: Dict[str, Callable[[argparse.Namespace], Outcome]] = {
    "lint": _lint,
    "plan": _plan,
    "apply": _apply,
    "verify": _verify,
    "confirm": _confirm,
    "rollback": _rollback,
    "history": _history,
    "diagnose": _diagnose,
    "k8s": _k8s,
}
