"""The agent's door to its node: the engine over the mounted root, in this process."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.limitwise.host.plugins.module_utils import engine
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.ceiling import Ceiling
from ansible_collections.limitwise.host.plugins.module_utils.ceilings.survey import survey
from ansible_collections.limitwise.host.plugins.module_utils.drift import watch
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    FindingsError,
    HostError,
    InputError,
    Place,
    errors,
)
from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import dotted
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import Store, unfinished
from ansible_collections.limitwise.host.plugins.module_utils.owned import layers_of
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning, read

from ..kinds.node_tuning_state import Row
from .status import Look

OWNER = "operator"


class Node:
    """The machine whose root is mounted at ``root``."""

    def __init__(self, root: str, allow: Path | None = None) -> None:
        if os.path.realpath(root) == "/":
            raise HostError("is this container's own root, not a host's", place=Place(root))
        self.root = root
        self.host = Host.mounted(root)
        text = allow.read_text(encoding="utf-8") if allow is not None else ""
        self.allow = engine.named_in(text)
        self._options = engine.Options(owner=OWNER, allow=self.allow)

    @property
    def boot_id(self) -> str:
        """The kernel's name for this boot."""
        return self.host.boot_id

    def holds(self) -> tuple[str, ...]:
        """The layers in which something is the operator's. HostError when that cannot be read."""
        return layers_of(self.host, OWNER)

    def unfinished(self) -> bool:
        """Whether a killed run waits to be completed."""
        return bool(unfinished(Store(self.host).runs()))

    def last_run(self) -> str:
        """The newest run of the operator's in the journal; empty when there is none."""
        mine = [run.id for run in Store(self.host).runs() if run.owner == OWNER]
        return mine[-1] if mine else ""

    def look(self, document: Mapping[str, Any]) -> Look:
        """What applying the document would do or be refused for; may run commands of the host.

        HostError when the host cannot be asked, LockedError when somebody else is at it.
        """
        try:
            tuning = parsed(document)
            report = engine.preview(self.host, tuning, self._options)
        except FindingsError as error:
            return Look(findings=tuple(finding.as_dict() for finding in error.findings))
        except InputError as error:
            return Look(message=str(error))
        return Look(
            tuple(change.as_dict() for change in report.changes),
            tuple(finding.as_dict() for finding in report.findings),
        )

    def drift(self, tuning: Tuning) -> tuple[Row, ...]:
        """What somebody else has changed since; no fork, nothing written."""
        rows = []
        for one in watch.observe(self.host, tuning):
            row = {
                "layer": one.layer,
                "subject": one.subject,
                "key": dotted(one.key) if one.layer == "sysctl" else one.key,
                "wanted": one.wanted,
                "live": one.live if one.live is not None else one.file_value,
                "file": one.file,
                "writer": one.writer,
            }
            rows.append({name: value for name, value in row.items() if value is not None})
        return tuple(rows)

    def ceilings(self) -> tuple[Ceiling, ...]:
        """Every ceiling of the node; no fork."""
        found = survey(self.host).ceilings
        # A look leaves megabytes in cycles, which would wait for many looks to be collected.
        gc.collect()
        return found

    def originals(self) -> tuple[Row, ...]:
        """What each limit that is changed now was before, from the ledger.

        The ledger remembers runs that were taken back too: a layer in which nothing is the
        operator's has no changes.
        """
        rows = []
        held = self.holds()
        for change in Store(self.host).ledger().changes.values():
            if change.layer in held and change.after not in (None, change.before):
                row = {
                    "layer": change.layer,
                    "subject": change.subject,
                    "key": change.key,
                    "value": change.before,
                }
                rows.append({name: value for name, value in row.items() if value is not None})
        return tuple(rows)


def parsed(document: Mapping[str, Any]) -> Tuning:
    """The document as the engine has it; FindingsError when its shape is wrong."""
    tuning, found = read(document, origin="spec.tuning")
    if errors(found):
        raise FindingsError(found)
    return tuning
