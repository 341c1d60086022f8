# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nested values of daemon.json that are limits: ulimits, log options, build cache."""

from __future__ import annotations

import re
from typing import Dict, Iterator

from .docker_values import (
    Check,
    anything,
    boolean,
    disk_size,
    list_of,
    map_of,
    pointer,
    record,
    spelled,
    text,
    whole,
)
from .problem import ERROR, NAME, WARNING, Problem
from .suggest import nearest

ULIMITS = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc",
    "rss", "rtprio", "rttime", "sigpending", "stack",
)  # fmt: skip
"""The names that go-units (and so dockerd) knows; there is no "as"."""

_INT64 = (-(2**63), 2**63 - 1)
_FILE_LOG_OPTIONS = (
    "max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag",
    "mode", "max-buffer-size",
)  # fmt: skip
_OTHER_LOG_OPTIONS = re.compile(
    r"(?:awslogs|cache|fluentd|gcp|gelf|syslog|splunk|journald|tencentcloud|loki|logentries)-"
    r"|(?:line-only|log-level|no-file|keep-file|mode|partial)\Z"
)
_LOG_SIZE = re.compile(r"-1|[0-9]+(?:\.[0-9]+)?(?:[kmgtp]i?b?|b)?\Z", re.IGNORECASE)
_LOG_COUNT = re.compile(r"[1-9][0-9]{0,9}\Z")


def default_ulimits(value: object, path: str) -> Iterator[Problem]:
    """{"nofile": {"Name": "nofile", "Soft": 1048576, "Hard": 1048576}}; -1 is no limit."""
    fields = {"Name": text, "Soft": whole(-1, _INT64[1]), "Hard": whole(-1, _INT64[1])}
    yield from map_of(record(fields, ("Name", "Soft", "Hard")))(value, path)
    for name, ulimit in value.items() if isinstance(value, dict) else ():
        own = "%s/%s" % (path, pointer(name))
        if name not in ULIMITS:
            message = "%r is no ulimit of Docker" % name
            yield Problem(ERROR, message, nearest(name, ULIMITS), own, NAME)
        elif isinstance(ulimit, dict):
            yield from _one_ulimit(name, ulimit, own)


def log_options(value: object, path: str) -> Iterator[Problem]:
    """Options of the log driver; every value is a string, numbers too."""
    yield from map_of(text)(value, path)
    for name, option in value.items() if isinstance(value, dict) else ():
        own = "%s/%s" % (path, pointer(name))
        if name in ("max-size", "max-buffer-size") and isinstance(option, str):
            if not _LOG_SIZE.match(option):
                yield Problem(ERROR, "%r is not a size such as 10m" % option, None, own)
        elif name == "max-file" and isinstance(option, str):
            if not _LOG_COUNT.match(option):
                yield Problem(ERROR, "%r is not a number of files" % option, None, own)
        elif name == "compress" and option not in ("true", "false"):
            yield Problem(ERROR, 'compress is "true" or "false"', None, own)
        elif name not in _FILE_LOG_OPTIONS and not _OTHER_LOG_OPTIONS.match(name):
            right = nearest(name, _FILE_LOG_OPTIONS)
            message = "%r is no option of Docker's own log drivers" % name
            yield Problem(WARNING, message, right, own, NAME)


_GC_RULE: Check = record(
    {
        "all": boolean,
        "filter": anything,
        "keepStorage": disk_size,
        "reservedSpace": disk_size,
        "maxUsedSpace": disk_size,
        "minFreeSpace": disk_size,
    }
)

builder: Check = record(
    {
        "gc": record(
            {
                "enabled": boolean,
                "defaultKeepStorage": disk_size,
                "defaultReservedSpace": disk_size,
                "defaultMaxUsedSpace": disk_size,
                "defaultMinFreeSpace": disk_size,
                "policy": list_of(_GC_RULE),
            }
        ),
        "entitlements": record(
            {"network-host": boolean, "security-insecure": boolean, "device": boolean}
        ),
        "history": record({"maxAge": anything, "maxEntries": whole(*_INT64)}),
    }
)


def _one_ulimit(name: str, ulimit: Dict[str, object], path: str) -> Iterator[Problem]:
    fields = {each.lower(): value for each, value in ulimit.items()}
    inner, soft, hard = fields.get("name"), fields.get("soft"), fields.get("hard")
    if isinstance(inner, str) and inner != name:
        message = "Name is %r: containers get that limit, not %s" % (inner, name)
        yield Problem(ERROR, message, spelled(name), path + "/Name")
    if isinstance(soft, int) and isinstance(hard, int) and _above(soft, hard):
        yield Problem(ERROR, "the soft limit is above the hard limit", None, path)


def _above(soft: int, hard: int) -> bool:
    """Whether a soft limit is above a hard one; -1 is no limit."""
    return hard != -1 and (soft == -1 or soft > hard)
