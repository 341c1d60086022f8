# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking dockerd itself: `dockerd FLAGS --validate --config-file NEW`, before anything is written.

With the flags of its own unit, for without them it finds no conflict between flags and file.
Docker 20.10 and older have no --validate.
"""

from __future__ import annotations

from typing import List, Tuple

from ... import redact
from ...acts import FileImage, WriteFile
from ...catalogue.rules import docker as rules
from ...findings import Finding, Place
from ...host.machine import Host
from ..base import Plan
from . import flags as docker_flags
from .record import FORMAT, RECORD

TEMPORARY = "/run/limitwise-daemon.json"
# Ours says which file is meant, and it needs no value to be valid.
REPLACED = ("config-file", "validate")


def validate(host: Host, plan: Plan) -> List[Finding]:
    """What this host's dockerd says of the planned file; nothing where it cannot be asked."""
    for act in plan.acts:
        planned = isinstance(act, WriteFile) and act.format == FORMAT and act.path != RECORD
        if planned and isinstance(act, WriteFile) and act.after is not None:
            return _ask(host, act.path, act.after.data)
    return []


def _ask(host: Host, path: str, data: bytes) -> List[Finding]:
    if not host.running or "--validate" not in host.run(["dockerd", "--help"]).out:
        return []
    host.files.write(TEMPORARY, FileImage(data, 0o600))
    try:
        flags = docker_flags.read(host).flags
        done = host.run(["dockerd", *_words(flags), "--validate", "--config-file", TEMPORARY])
    finally:
        host.files.remove(TEMPORARY)
    if done.status == 0:
        return []
    said = redact.words(done.said.replace(TEMPORARY, path))
    return [rules.REFUSED.at(Place(path), found=said)]


def _words(flags: Tuple[docker_flags.Flag, ...]) -> List[str]:
    return [str(flag) for flag in flags if flag.name not in REPLACED]
