# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubelet's configuration: its file, its drop-ins and its flags, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ...formats import keyed
from ...formats.text import FormatError
from ...host.machine import Host
from .start import Start

OWN_NAME = "zz-limitwise.conf"
YAML, JSON = "yaml_text", "json_text"
DROP_IN_HEAD = {
    "/apiVersion": '"kubelet.config.k8s.io/v1beta1"', "/kind": '"KubeletConfiguration"'
}


@dataclass(frozen=True)
class Source:
    """One file: its leaves by pointer as compact JSON, and their lines; ``broken``: why none."""

    path: str
    form: str = YAML
    values: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    broken: Optional[FormatError] = None


def form_of(data: bytes) -> str:
    """JSON is told by its first sign; the kubelet reads both as YAML."""
    return JSON if data.lstrip()[:1] == b"{" else YAML


def sources(host: Host, start: Start) -> Tuple[Source, ...]:
    """The file and the drop-ins, in the order in which the kubelet merges them."""
    paths = [start.config] if start.config is not None else []
    if start.drop_ins is not None:
        paths += list(_drop_ins(host, start.drop_ins))
    return tuple(
        source(path, data) for path, data in ((path, host.files.read(path)) for path in paths)
        if data is not None
    )


def _drop_ins(host: Host, folder: str) -> Iterator[str]:
    """As filepath.WalkDir goes: by name, folders in their place; only ``.conf`` files count."""
    for name in host.files.names(folder):
        path = f"{folder}/{name}"
        if host.files.is_directory(path) and host.files.link(path) is None:
            yield from _drop_ins(host, path)
        elif name.endswith(".conf"):
            yield path


def source(path: str, data: bytes) -> Source:
    """A file, read as far as it can be."""
    form = form_of(data)
    try:
        lines = {key: place[0] for key, place in keyed.places(form, data).items()}
        return Source(path, form, keyed.values(form, data), lines)
    except FormatError as error:
        return Source(path, form, broken=error)


def merged(files: Sequence[Source]) -> Dict[str, str]:
    """What the files come to: each is a JSON merge patch (RFC 7396) of those before it."""
    whole: Dict[str, str] = {}
    for one in files:
        for pointer, text in one.values.items():
            if text == "{}":
                continue
            for gone in [key for key in whole if key.startswith(pointer + "/")]:
                del whole[gone]
            if text == "null":
                whole.pop(pointer, None)
            else:
                whole[pointer] = text
    return whole


def effective(files: Sequence[Source], start: Start) -> Dict[str, str]:
    """What a kubelet that starts now has: the files, and the flags over them."""
    whole = merged(files)
    for pointer, text in start.values().items():
        if text is None:
            for gone in [key for key in whole if key.startswith(pointer + "/")]:
                del whole[gone]
        else:
            whole[pointer] = text
    return whole


def later_than(files: Sequence[Source], path: str) -> List[Source]:
    """The files that are merged after one."""
    paths = [one.path for one in files]
    return list(files[paths.index(path) + 1 :]) if path in paths else [
        one for one in files if "/" in one.path and _after(one.path, path)
    ]


def _after(one: str, own: str) -> bool:
    """Whether a drop-in is merged after our own, which is not there yet."""
    folder = own.rpartition("/")[0] + "/"
    return one.startswith(folder) and one[len(folder) :].split("/") > [OWN_NAME]
