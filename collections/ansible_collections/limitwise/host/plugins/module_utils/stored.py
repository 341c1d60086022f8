# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acts as JSON and back: the form in which journals and the ledger keep them."""

from __future__ import annotations

import base64
from typing import Any, Callable, Dict, Mapping, Optional

from .acts import Act, FileImage, MakeDirectory, Poke, RecordCgroup, SetKernel, WriteFile
from .findings import InputError


def _content(data: bytes) -> Dict[str, str]:
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _bytes(stored: Mapping[str, Any]) -> bytes:
    if "text" in stored:
        return str(stored["text"]).encode("utf-8")
    return base64.b64decode(stored["base64"], validate=True)


def _image(image: Optional[FileImage]) -> Optional[Dict[str, Any]]:
    if image is None:
        return None
    stored: Dict[str, Any] = dict(_content(image.data))
    stored.update(mode=f"{image.mode:04o}", uid=image.uid, gid=image.gid)
    if image.xattrs:
        stored["xattrs"] = {
            name: base64.b64encode(value).decode("ascii") for name, value in image.xattrs
        }
    return stored


def _read_image(stored: Optional[Mapping[str, Any]]) -> Optional[FileImage]:
    if stored is None:
        return None
    xattrs = stored.get("xattrs", {})
    return FileImage(
        _bytes(stored),
        int(stored["mode"], 8),
        int(stored["uid"]),
        int(stored["gid"]),
        tuple((name, base64.b64decode(xattrs[name], validate=True)) for name in sorted(xattrs)),
    )


def as_dict(act: Act) -> Dict[str, Any]:
    """One act as a JSON object; ``act`` names its kind."""
    if isinstance(act, WriteFile):
        return {
            "act": "write-file", "layer": act.layer, "path": act.path, "format": act.format,
            "before": _image(act.before), "after": _image(act.after),
        }
    if isinstance(act, SetKernel):
        return {
            "act": "set-kernel", "layer": act.layer, "path": act.path,
            "before": act.before, "after": act.after,
            "instead": list(act.instead) if act.instead is not None else None,
        }
    if isinstance(act, MakeDirectory):
        return {
            "act": "make-directory", "layer": act.layer, "path": act.path, "mode": f"{act.mode:04o}"
        }
    if isinstance(act, RecordCgroup):
        return {
            "act": "record-cgroup", "layer": act.layer, "path": act.path, "before": act.before
        }
    return {
        "act": "poke", "layer": act.layer, "argv": list(act.argv), "disrupts": act.disrupts,
        "required": act.required,
    }


READERS: Dict[str, Callable[[Mapping[str, Any]], Act]] = {
    "write-file": lambda s: WriteFile(
        s["layer"], s["path"], _read_image(s["before"]), _read_image(s["after"]), s["format"]
    ),
    "set-kernel": lambda s: SetKernel(
        s["layer"], s["path"], s["before"], s["after"],
        (s["instead"][0], s["instead"][1]) if s.get("instead") else None,
    ),
    "make-directory": lambda s: MakeDirectory(s["layer"], s["path"], int(s["mode"], 8)),
    "record-cgroup": lambda s: RecordCgroup(s["layer"], s["path"], s["before"]),
    "poke": lambda s: Poke(s["layer"], tuple(s["argv"]), s["disrupts"], s.get("required", True)),
}


def read(stored: Mapping[str, Any]) -> Act:
    """The act of a JSON object; InputError when it is none."""
    try:
        return READERS[stored["act"]](stored)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"a stored act cannot be read: {error!r}") from error
