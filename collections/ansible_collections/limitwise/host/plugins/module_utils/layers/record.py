# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record beside a shared file: which of its keys are ours, and what its reader started with.

Such a file (daemon.json, the kubelet's configuration) belongs to others too, and a program reads it
only when it starts: neither can be told from the file. The record is a file of our own, written in
the same run as the shared one and rolled back with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional

from ..acts import FileImage, WriteFile
from ..findings import HostError, Place

FORMAT = "json_text"


@dataclass(frozen=True)
class Ours:
    """One key that Limitwise has set: the text it wrote, and what stood there before (or nothing).

    Both are compact JSON.
    """

    text: str
    original: Optional[str] = None


@dataclass(frozen=True)
class Record:
    """``keys``: ours, by JSON pointer. ``created``: the file was not there before us.

    ``in_force``: what the process named by ``daemon`` has for keys that only a restart changes, as
    known when the file was last written (None: known to be unset). While that very process runs,
    nothing can have changed it. ``accepted``: it had read what others wrote in the file. ``path``:
    the file, where a host may have one of several.
    """

    owner: str = ""
    created: bool = False
    keys: Mapping[str, Ours] = field(default_factory=dict)
    daemon: str = ""
    in_force: Mapping[str, Optional[str]] = field(default_factory=dict)
    accepted: bool = False
    path: str = ""


def read(path: str, image: Optional[FileImage]) -> Record:
    """The record in the file at ``path``; an empty one when absent. HostError when damaged."""
    if image is None:
        return Record()
    try:
        document: Dict[str, Any] = json.loads(image.data)
        keys = {
            str(key): Ours(str(entry["text"]), _text(entry["original"]))
            for key, entry in document["keys"].items()
        }
        in_force = {str(key): _text(value) for key, value in document["in_force"].items()}
        owner, daemon = str(document["owner"]), str(document["daemon"])
        created, accepted = bool(document["created"]), bool(document["accepted"])
        of = str(document.get("path", ""))
        return Record(owner, created, keys, daemon, in_force, accepted, of)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HostError(
            f"is damaged: {error!r}",
            place=Place(path),
            remedy="move it away: Limitwise then takes no key of the shared file for its own",
        ) from error


def _text(value: Any) -> Optional[str]:
    return None if value is None else str(value)


def write(layer: str, path: str, image: Optional[FileImage], record: Record) -> WriteFile:
    """The act that puts a record there; a record without keys is no file."""
    after = None
    if record.keys:
        document: Dict[str, Any] = {
            "owner": record.owner,
            "created": record.created,
            "keys": {
                key: {"text": ours.text, "original": ours.original}
                for key, ours in record.keys.items()
            },
            "daemon": record.daemon,
            "in_force": dict(record.in_force),
            "accepted": record.accepted,
        }
        if record.path:
            document["path"] = record.path
        text = json.dumps(document, indent=1, sort_keys=True)
        after = FileImage(text.encode("ascii") + b"\n", 0o600)
    return WriteFile(layer, path, image, after, FORMAT)
