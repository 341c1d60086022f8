# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that belong to Limitwise alone: who owns them, and how their keys are rewritten."""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Optional, Tuple

from .acts import FileImage, WriteFile
from .catalogue.rules import run as rules
from .findings import Finding, Place
from .formats import keyed

OWNER = re.compile(rb"^# Managed by Limitwise \(owner: ([^)\n]*)\)", re.MULTILINE)


def header(owner: str) -> bytes:
    """The first lines of every file of ours."""
    return (
        f"# Managed by Limitwise (owner: {owner}). Edits made here are lost at the next run:\n"
        "# change the tuning instead. 'limitwise rollback' takes the values back.\n"
    ).encode()


def owner_of(image: Optional[FileImage]) -> Optional[str]:
    """Who owns the file; None when it is absent or has no header."""
    match = OWNER.search(image.data) if image is not None else None
    return match.group(1).decode("utf-8", "replace") if match else None


def foreign(image: Optional[FileImage], owner: str, path: str) -> List[Finding]:
    """A finding when the file is another owner's (one without a header is nobody's: taken over)."""
    other = owner_of(image)
    if other is None or other == owner:
        return []
    return [rules.OTHER_OWNER.at(Place(path, 1), found=other, owner=owner)]


def values(image: Optional[FileImage], form: str) -> Dict[str, str]:
    """The keys and values of a file of ours; none when it is absent."""
    return keyed.values(form, image.data) if image is not None else {}


def rewritten(
    image: Optional[FileImage], form: str, wanted: Mapping[str, str], owner: str
) -> Optional[FileImage]:
    """The file with exactly these values; the same object when nothing differs, None when empty.

    Lines that stay right stay as they are, so a second run writes nothing.
    """
    if not wanted:
        return None
    data = image.data if image is not None else b""
    if owner_of(image) != owner:
        data = header(owner) + OWNER_BLOCK.sub(b"", data)
    now = keyed.values(form, data)
    changes: Dict[str, Optional[str]] = {key: None for key in now if key not in wanted}
    changes.update({key: value for key, value in wanted.items() if now.get(key) != value})
    if changes:
        data = keyed.edit(form, data, changes)
    if image is None:
        return FileImage(data)
    if data == image.data:
        return image
    return FileImage(data, image.mode, image.uid, image.gid, image.xattrs)


OWNER_BLOCK = re.compile(
    rb"^# Managed by Limitwise [^\n]*\n(# change the tuning[^\n]*\n)?", re.MULTILINE
)


def write(
    layer: str, path: str, image: Optional[FileImage], form: str, wanted: Mapping[str, str],
    owner: str,
) -> Tuple[WriteFile, ...]:
    """The act that gives a file of ours exactly these values; none when it has them."""
    after = rewritten(image, form, wanted, owner)
    if after is image or after == image:
        return ()
    return (WriteFile(layer, path, image, after, form),)
