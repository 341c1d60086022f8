# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record beside daemon.json: a file that holds no comments and that others write too."""

from __future__ import annotations

from typing import Optional

from ...acts import FileImage, WriteFile
from .. import record as records
from ..record import FORMAT, Ours, Record

__all__ = ["FORMAT", "RECORD", "Ours", "Record", "read", "write"]

RECORD = "/var/lib/limitwise/docker_daemon.json"


def read(image: Optional[FileImage]) -> Record:
    """The record in a file; an empty one when it is absent. HostError when it is damaged."""
    return records.read(RECORD, image)


def write(layer: str, image: Optional[FileImage], record: Record) -> WriteFile:
    """The act that puts a record there; a record without keys is no file."""
    return records.write(layer, RECORD, image, record)
