# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layers of a host hold something of an owner: those it must name to give all of it back."""

from __future__ import annotations

import json
from typing import Optional, Set, Tuple

from .acts import FileImage, WriteFile
from .host.machine import Host
from .journal import STATE, Store
from .own_file import owner_of


def layers_of(host: Host, owner: str) -> Tuple[str, ...]:
    """The layers, sorted, with a file of this owner's, or with a record that it owns.

    Only files that the ledger knows are looked at. A tuning that names these layers and wants
    nothing in them puts every key of the owner's back to its original.
    """
    found: Set[str] = set()
    for act in Store(host).ledger().acts.values():
        if isinstance(act, WriteFile) and _owner(act.path, host.files.image(act.path)) == owner:
            found.add(act.layer)
    return tuple(sorted(found))


def _owner(path: str, image: Optional[FileImage]) -> Optional[str]:
    """Whose a file is: by its header, or, for the record of a shared file, by its field."""
    if image is None or not path.startswith(STATE + "/"):
        return owner_of(image)
    try:
        document = json.loads(image.data)
    except ValueError:
        return None
    return document.get("owner") if isinstance(document, dict) else None
