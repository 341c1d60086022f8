# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Ansible task: how a module turns parameters into a run, and the report into a result."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

from . import engine
from .findings import Finding, FindingsError, InputError, LimitwiseError, errors
from .host.machine import IMAGE, LIVE, MOUNTED, Host
from .merging import Source, merged
from .report import Report
from .tuning import Tuning, read

Spec = Dict[str, Dict[str, Any]]

HOST_OPTIONS: Spec = {
    "root": {"type": "path", "default": "/"},
    "form": {"type": "str", "choices": [LIVE, IMAGE, MOUNTED]},
}
RUN_OPTIONS: Spec = {
    "owner": {"type": "str", "choices": ["fleet", "operator"], "default": "fleet"},
    "adopt": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "takeover": {"type": "list", "elements": "path", "default": []},
    "confirm": {"type": "str"},
}
LAYER_OPTIONS: Spec = {
    "purge": {"type": "bool", "default": False},
    "policy": {"type": "dict", "default": {}},
}
TUNING_OPTIONS: Spec = {
    "tuning": {"type": "dict", "default": {}},
    "sources": {"type": "dict", "default": {}},
}
SOURCE_KEYS = {"priority", "tuning"}


def host_of(params: Mapping[str, Any]) -> Host:
    """The machine that a module's parameters name."""
    root = str(params["root"])
    return Host(params["form"] or (LIVE if root == "/" else IMAGE), root)


def tuning_of(tuning: Mapping[str, Any], sources: Mapping[str, Any]) -> Tuning:
    """The tuning and the sources over it, merged by priority; FindingsError when any is wrong.

    ``sources``: name -> {"priority": 10, "tuning": {...}}; the priority is 0 when it is left out.
    """
    documents: List[Tuple[str, int, Any]] = [("limitwise_tuning", 0, tuning)]
    for name, source in sources.items():
        if not isinstance(source, dict) or not {"tuning"} <= set(source) <= SOURCE_KEYS:
            raise InputError(f"{name} must be a map of priority and tuning")
        priority = source.get("priority", 0)
        if isinstance(priority, bool) or not isinstance(priority, int):
            raise InputError(f"{name}: priority must be a whole number, not {priority!r}")
        documents.append((str(name), priority, source["tuning"]))
    found: List[Finding] = []
    parts = []
    for name, priority, document in documents:
        part, findings = read(document, origin=name)
        found.extend(findings)
        parts.append(Source(name, priority, part))
    whole, conflicts = merged(parts)
    found.extend(conflicts)
    if errors(found):
        raise FindingsError(found)
    return whole


def options_of(params: Mapping[str, Any], *, purge: bool) -> engine.Options:
    """How to run, from a module's parameters."""
    return engine.Options(
        params["owner"], purge, params["adopt"], params["force"], tuple(params["takeover"]),
        engine.confirm_seconds(params["confirm"]),
    )


def tune(module: Any, tuning: Tuning, options: engine.Options, host: Host) -> Report:
    """Apply a tuning, or say what that would do when the module is in check mode."""
    if module.check_mode:
        return engine.preview(host, tuning, options)
    return engine.apply(host, tuning, options)


def tune_layer(module: Any, layer: str, wanted: Any) -> None:
    """The whole of a module that serves a single layer; ``wanted`` is that layer's section."""
    params = module.params

    def work() -> Report:
        tuning = tuning_of({layer: wanted, "policy": params["policy"]}, {})
        options = options_of(params, purge=params["purge"])
        return tune(module, tuning, options, host_of(params))

    finish(module, work)


def finish(module: Any, work: Callable[[], Report], *, changes: bool = True) -> None:
    """Do the work and end the module with the report; every error is one clear message.

    ``changes``: whether the report's changes were made (or would be, in check mode); a module
    that only reads never says changed.
    """
    try:
        report = work()
    except FindingsError as error:
        empty = Report(findings=error.findings).as_dict()
        module.fail_json(msg=worst(error.findings), **empty)
    except LimitwiseError as error:
        module.fail_json(msg=str(error), **Report().as_dict())
    else:
        result = dict(report.as_dict(), changed=changes and bool(report.changes))
        if module._diff:
            result["diff"] = diffs(report)
        for finding in report.findings:
            if finding.severity == "warning":
                module.warn(str(finding))
        if not report.ok:
            module.fail_json(msg=worst(report.findings), **result)
        module.exit_json(**result)


def worst(findings: Sequence[Any]) -> str:
    """Every error in one message, the first five in full."""
    wrong = [str(finding) for finding in errors(findings)]
    more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return "; ".join(wrong[:5]) + more


def diffs(report: Report) -> List[Dict[str, str]]:
    """Diff mode: every file, and the values in force as if they were one."""
    shown = [
        {
            "before_header": one.path, "after_header": one.path,
            "before": one.before, "after": one.after,
        }
        for one in report.files
    ]
    live = [change for change in report.changes if change.before != change.after]
    if live:
        shown.append({
            "before_header": "values in force", "after_header": "values in force",
            "before": "".join(f"{change.name}: {change.before}\n" for change in live),
            "after": "".join(f"{change.name}: {change.after}\n" for change in live),
        })
    return shown
