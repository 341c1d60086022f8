# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acts: the few ways in which a run touches a host, each with what undoes it.

A layer plans acts and never performs them. The journal stores every act of a run, with its
before-image, before the first is performed; performing and undoing need nothing but the act, so a
journal can be rolled back by any later engine and without the tuning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Optional, Tuple, Union


@dataclass(frozen=True)
class FileImage:
    """A plain file as it is or shall be: content, permission bits, numeric owner, xattrs."""

    data: bytes
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    xattrs: Tuple[Tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class WriteFile:
    """Put a file at ``path``; an image of None is a file that is not there.

    ``format`` names the text format (formats.keyed) by whose keys two versions can be told apart;
    None: the file is one piece.
    """

    layer: str
    path: str
    before: Optional[FileImage]
    after: Optional[FileImage]
    format: Optional[str] = None


@dataclass(frozen=True)
class SetKernel:
    """Write one value below /proc/sys; ``path`` is relative to it, with slashes.

    ``instead``: path and value of another key, to be written where this one's former value cannot
    be: vm.dirty_bytes reads 0 while vm.dirty_ratio holds, and takes no 0 back.
    """

    layer: str
    path: str
    before: str
    after: str
    instead: Optional[Tuple[str, str]] = None


@dataclass(frozen=True)
class MakeDirectory:
    """Make a directory that is not there; undone only while it is empty."""

    layer: str
    path: str
    mode: int = 0o755


@dataclass(frozen=True)
class RecordCgroup:
    """A cgroup value that was written by hand and that a reload of systemd is about to lose.

    Performing it does nothing; undoing it writes ``before`` again, after the undoing reload.
    ``path`` is the host's absolute path of the attribute file.
    """

    layer: str
    path: str
    before: str


@dataclass(frozen=True)
class Poke:
    """Run a command that makes a service read its files again; idempotent, so undone by itself.

    ``disrupts`` is the strongest thing it does to others: "reload" or "restart". One that is not
    ``required`` may fail: what counts is what is read back.
    """

    layer: str
    argv: Tuple[str, ...]
    disrupts: str = "reload"
    required: bool = True


Act = Union[MakeDirectory, WriteFile, SetKernel, RecordCgroup, Poke]

# The order in which a run performs its acts. Files come first, so that a reload finds them;
# runtime values next, because running cgroups are computed from them at the reload.
STAGES = (MakeDirectory, WriteFile, SetKernel, RecordCgroup, Poke)


def ordered(acts: Iterable[Act]) -> Tuple[Act, ...]:
    """Acts in the order of their stages, equal ones once, the layers' own order kept inside."""
    return tuple(sorted(dict.fromkeys(acts), key=lambda act: STAGES.index(type(act))))
