# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two keys that say one thing in two units: writing one zeroes the other."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Optional, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    FileImage,
    SetKernel,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import canonical
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.check import check
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.files import (
    with_content,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.plan import plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.state import (
    OWN,
    SYSTEMD,
    Live,
    State,
    observe,
)
from ansible_collections.limitwise.host.plugins.module_utils.ledger import EMPTY
from ansible_collections.limitwise.host.plugins.module_utils.own_file import header
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

BYTES, RATIO = "vm/dirty_bytes", "vm/dirty_ratio"
KBYTES, PERCENT = "vm/overcommit_kbytes", "vm/overcommit_ratio"
Writes = Tuple[SetKernel, ...]


def item(path: str, value: str) -> Item:
    return Item("sysctl", "", canonical(path), value)


def writes(
    live: Dict[str, str], wanted: Dict[str, str], ours: str = "", recorded: Writes = (),
) -> Writes:
    own = FileImage(header("fleet") + ours.encode()) if ours else None
    state = State(
        running=True, boot=SYSTEMD, own=own, files=with_content((), OWN, own),
        keys={path: Live(value) for path, value in live.items()},
    )
    ledger = EMPTY.composed((*recorded, WriteFile("sysctl", OWN, None, own)))
    made = plan(
        state, [item(path, value) for path, value in wanted.items()], Context(ledger=ledger)
    )
    return tuple(act for act in made.acts if isinstance(act, SetKernel))


def write(
    path: str, before: str, after: str, instead: Optional[Tuple[str, str]] = None
) -> SetKernel:
    return SetKernel("sysctl", path, before, after, instead)


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        # the counterpart was in force: undoing writes that one
        ({BYTES: "0", RATIO: "20"}, {BYTES: "8192"}, write(BYTES, "0", "8192", (RATIO, "20"))),
        ({BYTES: "8192", RATIO: "0"}, {RATIO: "5"}, write(RATIO, "0", "5", (BYTES, "8192"))),
        ({KBYTES: "0", PERCENT: "50"}, {KBYTES: "9"}, write(KBYTES, "0", "9", (PERCENT, "50"))),
        # it was not
        ({BYTES: "8192", RATIO: "0"}, {BYTES: "8388608"}, write(BYTES, "8192", "8388608")),
        ({BYTES: "0", RATIO: "20"}, {RATIO: "5"}, write(RATIO, "20", "5")),
        ({"vm/swappiness": "0"}, {"vm/swappiness": "5"}, write("vm/swappiness", "0", "5")),
    ],
)
def test_a_write_carries_what_it_makes_the_kernel_forget(
    live: Dict[str, str], wanted: Dict[str, str], expected: SetKernel
) -> None:
    assert writes(live, wanted) == (expected,)


TUNED = write(BYTES, "0", "8388608", (RATIO, "20"))


@pytest.mark.parametrize(
    ("live", "wanted", "ours", "recorded", "expected"),
    [
        # given up: the counterpart comes back
        ({BYTES: "8388608", RATIO: "0"}, {}, "vm.dirty_bytes = 8388608\n", (TUNED,),
         (write(RATIO, "0", "20", (BYTES, "8388608")),)),
        # somebody has brought it back already
        ({BYTES: "0", RATIO: "20"}, {}, "vm.dirty_bytes = 8388608\n", (TUNED,), ()),
        # the other unit is wanted now: one write
        ({BYTES: "8388608", RATIO: "0"}, {RATIO: "5"}, "vm.dirty_bytes = 8388608\n", (TUNED,),
         (write(RATIO, "0", "5", (BYTES, "8388608")),)),
        # and the first of both tells the original of both
        ({BYTES: "0", RATIO: "5"}, {}, "vm.dirty_ratio = 5\n",
         (TUNED, write(RATIO, "0", "5", (BYTES, "8388608"))), (write(RATIO, "5", "20"),)),
        ({BYTES: "4096", RATIO: "0"}, {}, "vm.dirty_bytes = 4096\n",
         (write(RATIO, "0", "5", (BYTES, "8192")), write(BYTES, "0", "4096", (RATIO, "5"))),
         (write(BYTES, "4096", "8192"),)),
        ({BYTES: "8388608", RATIO: "0"}, {}, "vm.dirty_bytes = 8388608\n",
         (write(RATIO, "20", "5"), write(BYTES, "0", "8388608", (RATIO, "5"))),
         (write(RATIO, "0", "20", (BYTES, "8388608")),)),
    ],
)
def test_giving_up_brings_the_counterpart_back(
    live: Dict[str, str], wanted: Dict[str, str], ours: str, recorded: Writes, expected: Writes
) -> None:
    assert writes(live, wanted, ours, recorded) == expected


def test_the_counterpart_is_read_too(mounted: Path) -> None:
    for path, value in ((BYTES, "0"), (RATIO, "20")):
        file = mounted / "proc/sys" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value + "\n")
    state = observe(Host.mounted(str(mounted)), [item(BYTES, "8388608")], None)
    assert state.keys[RATIO].value == "20"


def test_both_of_a_pair_are_an_error() -> None:
    (found,) = check([item(RATIO, "5"), item(BYTES, "8388608")], frozenset())
    assert (found.code, found.severity, found.found) == ("LW207", "error", "vm.dirty_bytes")
    assert check([item(RATIO, "5"), item("vm/dirty_background_bytes", "8192")], frozenset()) == []
