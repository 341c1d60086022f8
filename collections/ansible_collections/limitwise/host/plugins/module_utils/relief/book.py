# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The book of relief: what was changed in an emergency and what it was before, on disk first.

/var/lib/limitwise/relief.book, 0600, beside the journals of runs and apart from them: a run holds
the host's lock for minutes, and relief waits for nobody. One line a record, a checksum before it;
the file is made in full size, so that a record finds room on a full disk. The last record of a
source counts. Records of an earlier boot mean nothing: the kernel has forgotten the values too.
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, Iterable, Optional, Sequence, Tuple

from ..acts import FileImage
from ..findings import HostError
from ..host.machine import Host
from ..journal import STATE

BOOK = STATE + "/relief.book"
SIZE = 65536
FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW

RAISED, CAPPED = "raised", "capped"


@dataclass(frozen=True)
class Kept:
    """One value of ours. ``source``: its file; ``group``: its cgroup, empty for a sysctl; ``what``:
    how reports call it. ``how``: raised or capped. ``before`` and ``after``: the former value, and
    ours. ``back``: what it is being given back to; empty while it is kept. ``was``: what ``after``
    takes the place of, an earlier value of ours after a first write: a death between the record
    and the write leaves that one.
    """

    what: str
    source: str
    group: str
    how: str
    before: str
    after: str
    back: str = ""
    was: str = ""

    def stands(self, live: str) -> bool:
        """Whether this is what a write of ours that did not come about left in place."""
        return live in (self.before, self.was)

    def unwritten(self) -> Kept:
        """What is ours where the last write was refused; nothing, if ``after`` is empty."""
        if self.was in ("", self.before):
            return replace(self, after="", back="")
        how = RAISED if below(self.before, self.was) else CAPPED
        return replace(self, how=how, after=self.was, back="", was=self.before)


def below(live: str, value: str) -> bool:
    """Whether a limit is lower than another one; ``max`` is lower than none."""
    if live == "max":
        return False
    return value == "max" or int(live) < int(value)


class Book:
    """The book of one host. Opening it needs disk space; a record does not, until it is full."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._boot = host.boot_id
        self._descriptor: Optional[int] = None
        self._end = 0

    def open(self) -> Tuple[Dict[str, Kept], Optional[HostError]]:
        """What is kept by it from this boot, by source; and why nothing can be recorded, if so."""
        data = b""
        try:
            data = self._host.files.read(BOOK) or b""
            kept, end = self._parsed(data)
            if len(data) < SIZE:
                self._make(kept.values())
            else:
                self._attach(end)
            return kept, None
        except HostError as error:
            return self._parsed(data)[0], error
        except OSError as error:
            return self._parsed(data)[0], HostError(f"cannot open {BOOK}: {error.strerror}")

    def record(self, kept: Sequence[Kept], everything: Iterable[Kept]) -> None:
        """On disk when it returns; OSError or HostError when it could not be put there.

        ``everything``: all that is kept, for a new book when this one is full.
        """
        data = b"".join(self._line(one) for one in kept)
        if self._descriptor is None or self._end + len(data) > SIZE:
            self._make((*everything, *kept))
            return
        written = os.pwrite(self._descriptor, data, self._end)
        if written != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fdatasync(self._descriptor)
        self._end += len(data)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _make(self, kept: Iterable[Kept]) -> None:
        """Write the file anew, at once or not at all."""
        last = {one.source: one for one in kept}
        data = b"".join(self._line(one) for one in last.values() if one.after)
        whole = data + bytes(max(0, SIZE - len(data)))
        self._host.files.write(BOOK, FileImage(whole, 0o600, os.geteuid(), os.getegid()))
        self._attach(len(data))

    def _attach(self, end: int) -> None:
        descriptor = os.open(self._host.files.locate(BOOK), FLAGS)
        self.close()
        self._descriptor, self._end = descriptor, end

    def _line(self, kept: Kept) -> bytes:
        text = json.dumps({"boot": self._boot, **asdict(kept)}, ensure_ascii=True).encode("ascii")
        return b"%08x %s\n" % (zlib.crc32(text), text)

    def _parsed(self, data: bytes) -> Tuple[Dict[str, Kept], int]:
        """What the records of this boot say, and where the next one goes."""
        kept: Dict[str, Kept] = {}
        end = 0
        while True:
            stop = data.find(b"\n", end)
            record = _record(data[end:stop]) if stop >= 0 else None
            if record is None:
                return kept, end
            end = stop + 1
            if record.pop("boot", None) != self._boot:
                continue
            one = Kept(**record)
            if one.after:
                kept[one.source] = one
            else:
                kept.pop(one.source, None)


def _record(line: bytes) -> Optional[Dict[str, Any]]:
    """A record that is whole; None for what a killed write or an empty place leaves."""
    check, _space, text = line.partition(b" ")
    if check != b"%08x" % zlib.crc32(text):
        return None
    record: Dict[str, Any] = json.loads(text)
    return record
