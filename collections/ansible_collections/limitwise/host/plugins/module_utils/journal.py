# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: every run of a host on its disk, before-images first; what rollback reads.

/var/lib/limitwise/               0700
  ledger.json                     the originals (ledger.py)
  lock                            held by the run that is under way
  journal/<run-id>/acts.json      every act with its before-image: written before the first act
  journal/<run-id>/run.json       the run's header and state: rewritten as the state changes
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from . import stored
from .acts import Act, FileImage
from .change import Change
from .findings import HostError, InputError, Place
from .host.machine import Host
from .ledger import EMPTY, Ledger, Target, target_of

STATE = "/var/lib/limitwise"
JOURNAL = STATE + "/journal"
LEDGER = STATE + "/ledger.json"
LOCK = STATE + "/lock"
KEPT = 50
RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[0-9a-f]{4}")

# A run's states. "applying": acts may be partly done; when nobody holds the lock, it was killed,
# and the next run calls it so.
APPLYING = "applying"
KILLED = "killed"
APPLIED = "applied"
UNCONFIRMED = "unconfirmed"
FAILED = "failed"
ROLLED_BACK = "rolled-back"
PARTLY_ROLLED_BACK = "partly-rolled-back"
DONE = (FAILED, ROLLED_BACK)


def new_run_id() -> str:
    """A run id: sorts by time, unique, safe in file and unit names."""
    now = time.time()
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    return f"{stamp}.{int(now % 1 * 1e6):06d}Z-{os.urandom(2).hex()}"


@dataclass(frozen=True)
class Run:
    """The header of one run. ``what``: apply or rollback; ``of``: the run that it rolls back."""

    id: str
    what: str
    owner: str
    state: str
    layers: Tuple[str, ...]
    changes: Tuple[Change, ...] = ()
    boot_id: str = ""
    of: Optional[str] = None
    confirm: Optional[int] = None

    def as_dict(self) -> Dict[str, Any]:
        return asdict(self)


class Store:
    """The runs and the ledger of one host."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def prepare(self) -> None:
        """Make the state directories, for root's eyes only."""
        for path in (*self.host.files.missing_parents(STATE), STATE, JOURNAL):
            self.host.files.make_directory(path, 0o700 if path.startswith(STATE) else 0o755)

    # --- the ledger -----------------------------------------------------------------------------

    def ledger(self) -> Ledger:
        document = self._read_json(LEDGER)
        if document is None:
            return EMPTY
        entries = [*document.get("originals", []), *document.get("pokes", [])]
        changes = [Change(**change) for change in document.get("changes", [])]
        return EMPTY.composed([stored.read(entry) for entry in entries], changes)

    def record_originals(self, acts: Iterable[Act], changes: Iterable[Change] = ()) -> None:
        """Compose acts into the ledger; on disk when it returns."""
        ledger = self.ledger()
        composed = ledger.composed(acts, changes)
        if composed != ledger:
            originals = [stored.as_dict(composed.acts[target]) for target in sorted(composed.acts)]
            self._write_json(LEDGER, {
                "version": 1,
                "originals": originals,
                "pokes": [stored.as_dict(poke) for poke in composed.pokes],
                "changes": [composed.changes[key].as_dict() for key in sorted(composed.changes)],
            })

    # --- runs -----------------------------------------------------------------------------------

    def runs(self) -> Tuple[Run, ...]:
        """Every run that has a whole journal, oldest first."""
        found = []
        for name in self.host.files.names(JOURNAL):
            if RUN_ID.fullmatch(name) and self.host.files.exists(f"{JOURNAL}/{name}/run.json"):
                found.append(self.run(name))
        return tuple(found)

    def run(self, run_id: str) -> Run:
        """One run; InputError when there is none of that name."""
        document = None
        if RUN_ID.fullmatch(run_id):
            document = self._read_json(f"{JOURNAL}/{run_id}/run.json")
        if document is None:
            raise InputError(f"there is no run {run_id!r}", remedy="see: limitwise history")
        return _read_run(document)

    def acts(self, run_id: str) -> Tuple[Act, ...]:
        document = self._read_json(f"{JOURNAL}/{run_id}/acts.json")
        if document is None:
            raise InputError(f"run {run_id} has no acts", place=Place(f"{JOURNAL}/{run_id}"))
        return tuple(stored.read(entry) for entry in document["acts"])

    def begin(self, run: Run, acts: Sequence[Act]) -> None:
        """Put the whole run on disk; from now on it can be rolled back wherever it dies.

        Old journals make room for it first: whatever fails here, nothing else has been written.
        """
        self.prune(KEPT - 1, run.of)
        folder = f"{JOURNAL}/{run.id}"
        self.host.files.make_directory(folder, 0o700)
        self._write_json(f"{folder}/acts.json", {"acts": [stored.as_dict(act) for act in acts]})
        self.save(run)
        self.record_originals(acts, run.changes if run.what == "apply" else ())

    def save(self, run: Run) -> Run:
        """Write the run's header as it is now."""
        self._write_json(f"{JOURNAL}/{run.id}/run.json", run.as_dict())
        return run

    def set_state(self, run: Run, state: str) -> Run:
        return self.save(replace(run, state=state))

    def last(self) -> Run:
        """The newest run of a tuning that is not rolled back; InputError when there is none."""
        for run in reversed(self.runs()):
            if run.what == "apply" and run.state not in DONE:
                return run
        raise InputError("there is no run to roll back", remedy="see: limitwise history")

    def later_acts(self, run: Run) -> Dict[Target, Tuple[str, Act]]:
        """The newest act of later runs on each target, with the id of its run."""
        touched: Dict[Target, Tuple[str, Act]] = {}
        for later in self.runs():
            if later.id > run.id and later.state != FAILED:
                for act in self.acts(later.id):
                    target = target_of(act)
                    if target is not None:
                        touched[target] = (later.id, act)
        return touched

    def prune(self, keep: int, needed: Optional[str] = None) -> None:
        """Remove the oldest journals beyond ``keep``; unfinished and unconfirmed ones stay, and
        the ``needed`` one.
        """
        names = [name for name in self.host.files.names(JOURNAL) if RUN_ID.fullmatch(name)]
        for name in names[: max(0, len(names) - keep)]:
            if name == needed:
                continue
            path = f"{JOURNAL}/{name}"
            whole = self.host.files.exists(f"{path}/run.json")
            if whole and self.run(name).state in (APPLYING, UNCONFIRMED):
                continue
            # run.json first: without it the rest is no run any more
            for file in ("run.json", *self.host.files.names(path)):
                self.host.files.remove(f"{path}/{file}")
            self.host.files.remove_directory(path)

    # --- files ----------------------------------------------------------------------------------

    def _write_json(self, path: str, document: Mapping[str, Any]) -> None:
        data = json.dumps(document, indent=1, ensure_ascii=True).encode("ascii") + b"\n"
        self.host.files.write(path, FileImage(data, 0o600, os.geteuid(), os.getegid()))

    def _read_json(self, path: str) -> Optional[Dict[str, Any]]:
        data = self.host.files.read(path)
        if data is None:
            return None
        try:
            document = json.loads(data)
        except ValueError as error:
            raise HostError(f"is damaged: {error}", place=Place(path)) from error
        if not isinstance(document, dict):
            raise HostError("is damaged: not an object", place=Place(path))
        return document


def _read_run(document: Mapping[str, Any]) -> Run:
    try:
        words = dict(document)
        words["layers"] = tuple(words["layers"])
        words["changes"] = tuple(Change(**change) for change in words["changes"])
        return Run(**words)
    except (KeyError, TypeError) as error:
        raise HostError(f"a journal cannot be read: {error!r}", place=Place(JOURNAL)) from error


def unfinished(runs: Iterable[Run]) -> List[Run]:
    """Runs that were killed; meaningful only to the holder of the lock."""
    return [run for run in runs if run.state == APPLYING]
