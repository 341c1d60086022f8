"""An overlay's changes, and nothing else, reach the disk below."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import cow
from lab.errors import LabError

SECTOR = 512


def overlay(sectors: int, changes: dict[int, bytes], alignment: int = 4096) -> bytes:
    """An overlay of version 3 as the guest's kernel writes it."""
    size = sectors * SECTOR
    head = cow.HEADER.pack(cow.MAGIC, cow.VERSION, 0, size, SECTOR, alignment, 0, b"golden.ext4")
    bitmap = bytearray(-(-sectors // 8))
    for number in changes:
        bitmap[number >> 3] |= 1 << (number & 7)
    layout = cow.read_layout(head)
    out = bytearray(layout.data + size)
    out[: len(head)] = head
    out[layout.bitmap : layout.bitmap + len(bitmap)] = bitmap
    for number, data in changes.items():
        at = layout.data + number * SECTOR
        out[at : at + SECTOR] = data
    return bytes(out)


@given(
    st.dictionaries(st.integers(0, 39), st.binary(min_size=SECTOR, max_size=SECTOR), max_size=12)
)
def test_the_disk_gets_what_the_guest_wrote(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[int, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("cow")
    before = b"\x11" * (40 * SECTOR)
    (folder / "disk").write_bytes(before)
    (folder / "cow").write_bytes(overlay(40, changes))
    assert cow.merge(folder / "cow", folder / "disk") == SECTOR * len(changes)
    after = (folder / "disk").read_bytes()
    for number in range(40):
        here = slice(number * SECTOR, (number + 1) * SECTOR)
        assert after[here] == changes.get(number, before[here])


def test_neighbours_are_one_run() -> None:
    assert list(cow.changed(bytes([0b1000_0110, 0b0000_0001]), 16)) == [(1, 2), (7, 2)]
    assert list(cow.changed(b"\xff", 5)) == [(0, 5)]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"OOOM", "too short"),
        (b"\0" * cow.HEADER.size, "no overlay of version 3"),
        (cow.HEADER.pack(cow.MAGIC, 2, 0, 1, 1, 1, 0, b""), "no overlay of version 3"),
    ],
)
def test_what_is_no_overlay_is_refused(head: bytes, message: str) -> None:
    with pytest.raises(LabError, match=message):
        cow.read_layout(head)


def test_an_overlay_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"\0" * (8 * SECTOR))
    whole = overlay(8, {7: b"x" * SECTOR})
    (tmp_path / "cow").write_bytes(whole[: -2 * SECTOR])
    with pytest.raises(LabError, match="ends before"):
        cow.merge(tmp_path / "cow", tmp_path / "disk")
