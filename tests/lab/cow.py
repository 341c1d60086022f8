"""Write what a guest changed back into the disk below: the overlay file of User-mode Linux (v3)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError

# arch/um/drivers/cow_user.c, struct cow_header_v3: big-endian and packed.
HEADER = struct.Struct(">IIIQIII4096s")
MAGIC, VERSION = 0x4F4F4F4D, 3
PIECE = 1 << 20


@dataclass(frozen=True)
class Layout:
    """Where an overlay keeps its bitmap and its data; all in bytes."""

    size: int
    sector: int
    bitmap: int
    data: int

    @property
    def sectors(self) -> int:
        return -(-self.size // self.sector)


def read_layout(header: bytes) -> Layout:
    """The layout that an overlay's first bytes give; LabError when it is none of version 3."""
    if len(header) < HEADER.size:
        raise LabError("this overlay is too short to be one")
    magic, version, _, size, sector, alignment, _, _ = HEADER.unpack(header[: HEADER.size])
    if (magic, version) != (MAGIC, VERSION):
        raise LabError(f"this is no overlay of version {VERSION} (magic {magic:#x}, {version})")
    bitmap = _up(HEADER.size, alignment)
    sectors = -(-size // sector)
    return Layout(size, sector, bitmap, _up(bitmap + -(-sectors // 8), alignment))


def changed(bitmap: bytes, sectors: int) -> Iterator[tuple[int, int]]:
    """The runs (first sector, count) that the overlay has; bit n of byte m is sector 8m+n."""
    start = None
    for number in range(sectors):
        byte = bitmap[number >> 3]
        present = byte >> (number & 7) & 1
        if present and start is None:
            start = number
        elif not present and start is not None:
            yield start, number - start
            start = None
    if start is not None:
        yield start, sectors - start


def merge(overlay: Path, disk: Path) -> int:
    """Copy the sectors of an overlay whose guest has ended into its disk; returns the bytes."""
    written = 0
    with overlay.open("rb") as source, disk.open("r+b") as target:
        layout = read_layout(source.read(HEADER.size))
        source.seek(layout.bitmap)
        bitmap = source.read(-(-layout.sectors // 8))
        for first, count in changed(bitmap, layout.sectors):
            offset = first * layout.sector
            left = min(count * layout.sector, layout.size - offset)
            while left:
                piece = os.pread(source.fileno(), min(left, PIECE), layout.data + offset)
                if not piece:
                    raise LabError(f"{overlay} ends before its data does")
                os.pwrite(target.fileno(), piece, offset)
                offset, left, written = offset + len(piece), left - len(piece), written + len(piece)
    return written


def _up(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment
