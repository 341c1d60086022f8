# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster from files that kubectl wrote: JSON or YAML, one object, a list, or several."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from typing import Any, List, Sequence

import yaml

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError, Place

from ..documents import content
from .objects import OURS, Cluster, cluster_of, flat

SIZE_LIMIT = 1 << 30  # bytes; five thousand whole Nodes are some seventy million
VALUE_LIMIT = 20_000_000  # what anchors may expand to; kubectl writes none
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(names: Sequence[str], now: datetime) -> Cluster:
    """The objects in all files together, as of the newest file (``now`` for standard input).

    InputError for what cannot be read and for files in which nothing is of ours.
    """
    objects: List[Any] = []
    for name in names:
        objects.extend(_objects(name))
    cluster = cluster_of(objects, max(_moment(name, now) for name in names))
    if not set(OURS) & set(cluster.kinds):
        raise InputError(
            "holds no object of Limitwise", place=Place(names[0]),
            remedy="kubectl get nodes,nt,nts,rp,nr -o json",
        )
    return cluster


def _objects(name: str) -> List[Any]:
    data = content(name)
    try:
        return list(flat(_documents(data, name)))
    except InputError as error:
        raise InputError(error.message, place=Place(name), remedy=error.remedy) from error


def _moment(name: str, now: datetime) -> datetime:
    """When a file was written: ages are told as of then, however late it is read."""
    if name == "-":
        return now
    return min(now, datetime.fromtimestamp(os.stat(name).st_mtime, timezone.utc))


def _documents(data: bytes, name: str) -> List[Any]:
    if len(data) > SIZE_LIMIT:
        raise InputError(f"is larger than {SIZE_LIMIT >> 20} MiB")
    if not data.strip():
        raise InputError("is empty")
    try:
        if name.endswith(".json") or data.lstrip()[:1] == b"{":
            return [json.loads(data)]
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON: {_first_line(error)}") from error
    try:
        found = [one for one in yaml.load_all(data, Loader) if one is not None]
        _bounded(found)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"is not YAML: {_first_line(error)}") from error
    return found


def _bounded(found: List[Any]) -> None:
    """ValueError when anchors make more of a document than anybody can have meant."""
    left, waiting = VALUE_LIMIT, list(found)
    while waiting:
        value = waiting.pop()
        left -= 1
        if left < 0:
            raise ValueError("its anchors expand to too much")
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
