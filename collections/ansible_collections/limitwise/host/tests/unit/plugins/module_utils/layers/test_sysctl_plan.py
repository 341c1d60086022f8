# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of sysctls: what is written where, and in which order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    FileImage,
    Poke,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import canonical
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context, Plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.plan import plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.state import (
    OWN,
    PROCPS,
    SYSTEMD,
    Live,
)
from ansible_collections.limitwise.host.plugins.module_utils.own_file import header
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.layers.sysctl_cases import (
    PID_MAX,
    SWAPPINESS,
    THREADS,
    codes,
    conf,
    file_after,
    items,
    kernel_writes,
    ledger_of,
    ours,
    state,
    wanted,
)


@pytest.mark.parametrize(
    ("name", "live", "own", "other", "value", "runtime", "file"),
    [
        # an exact value holds, up and down, and stands in our file whoever else gives it
        (SWAPPINESS, 60, None, None, 10, "10", "10"),
        (SWAPPINESS, 5, None, None, 10, "10", "10"),
        (SWAPPINESS, 10, None, None, 10, None, "10"),
        (SWAPPINESS, 10, None, 10, 10, None, "10"),
        (SWAPPINESS, 10, 10, 60, 10, None, None),
        (SWAPPINESS, 10, "0xa", None, 10, None, None),
        (SWAPPINESS, 60, 10, None, 10, "10", None),
        # a floor is only raised, now and at the next boot
        (THREADS, 1000, None, None, 5000, "5000", "5000"),
        (THREADS, 9000, None, None, 5000, None, "9000"),
        (THREADS, 9000, None, 1000, 5000, None, "9000"),
        (THREADS, 9000, None, 5000, 5000, None, None),
        (THREADS, 9000, None, 7000, 5000, None, None),
        (THREADS, 9000, 5000, None, 5000, None, None),
        (THREADS, 9000, 8000, None, 5000, None, None),
        (THREADS, 9000, 1000, None, 5000, None, "9000"),
        # what is ours stays ours, and never below what others promise
        (THREADS, 9000, 5000, 7000, 5000, None, "7000"),
        # what we raise now is given back by us, though others promise it for the next boot
        (THREADS, 1000, None, 7000, 5000, "5000", "7000"),
    ],
)
def test_what_is_written_where(
    name: str, live: int, own: Any, other: Any, value: int, runtime: Optional[str],
    file: Optional[str],
) -> None:
    key = canonical(name)
    mine = FileImage(header("fleet") + f"{name} = {own}\n".encode()) if own is not None else None
    others = (conf("/etc/sysctl.d/50-x.conf", f"{name} = {other}\n"),) if other is not None else ()
    made = plan(state({name: live}, mine, others), wanted({name: value}), Context())
    assert kernel_writes(made) == ({key: runtime} if runtime is not None else {})
    after = file_after(made)
    assert after == (None if file is None else {key: file} if file else {})
    assert bool(made.changes) == bool(made.acts)
    assert made.findings == ()


def test_a_change_tells_the_values() -> None:
    others = (conf("/etc/sysctl.d/50-x.conf", "vm.swappiness = 40\n"),)
    made = plan(state({SWAPPINESS: 60}, None, others), items(vm__swappiness=10), Context())
    (change,) = made.changes
    assert (change.key, change.before, change.after) == (SWAPPINESS, "60", "10")
    assert (change.runtime, change.persistent, change.file) == (None, "40", OWN)
    assert change.takes_effect == "none"


def test_a_floor_in_allow_lowering_goes_down() -> None:
    policy = Policy(allow_lowering=(THREADS,))
    host = state({THREADS: Live("9000", used=100)})
    made = plan(host, wanted({THREADS: 5000}), Context(policy=policy))
    assert kernel_writes(made) == {"kernel/threads-max": "5000"}
    assert file_after(made) == {"kernel/threads-max": "5000"}


@pytest.mark.parametrize("value", [5000, "5000", "0x1388", "011610"])
def test_nothing_goes_below_present_use_unless_forced(value: Any) -> None:
    host = state({THREADS: Live("9000", used=4900)})
    context = Context(policy=Policy(allow_lowering=("kernel/threads-max",)))
    made = plan(host, wanted({THREADS: value}), context)
    assert codes(made) == ["LW602"]
    assert "4900" in made.findings[0].message
    assert plan(host, wanted({THREADS: value}), replace(context, force=True)).findings == ()


def test_vectors_rise_number_by_number() -> None:
    host = state({"kernel.sem": "250\t32000\t32\t128"})
    made = plan(host, wanted({"kernel.sem": "32 64000 100 64"}), Context())
    assert kernel_writes(made) == {"kernel/sem": "250 64000 100 128"}
    assert file_after(made) == {"kernel/sem": "250 64000 100 128"}
    (change,) = made.changes
    assert change.after == "32 64000 100 64"


def test_risers_go_in_order_and_fallers_the_other_way() -> None:
    thresholds = [f"net.ipv4.neigh.default.gc_thresh{number}" for number in (1, 2, 3)]
    policy = Policy(allow_lowering=tuple(thresholds))
    live = dict(zip(thresholds, (128, 512, 1024)))
    up = plan(state(live), wanted(dict(zip(thresholds, (8192, 16384, 32768)))), Context())
    down = plan(
        state({name: value * 9 for name, value in live.items()}), wanted(live),
        Context(policy=policy),
    )
    assert [path[-1] for path in kernel_writes(up)] == ["3", "2", "1"]
    assert [path[-1] for path in kernel_writes(down)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("name", "boot", "poked"),
    [(THREADS, SYSTEMD, True), (PID_MAX, SYSTEMD, True), (SWAPPINESS, SYSTEMD, False),
     (THREADS, PROCPS, False)],
)
def test_running_cgroups_get_their_share_of_threads_and_pids(
    name: str, boot: str, poked: bool
) -> None:
    host = state({name: 100}, boot=boot, slices=("system.slice", "user.slice"))
    made = plan(host, wanted({name: 110}), Context())
    pokes = [" ".join(act.argv) for act in made.acts if isinstance(act, Poke)]
    reload = [
        "systemctl daemon-reload",
        "systemd-run --quiet --wait --collect --slice=system.slice true",
        "systemd-run --quiet --wait --collect --slice=user.slice true",
        "systemctl show --property=Version",
    ]
    assert pokes == (reload if poked else [])


def test_no_reload_when_only_the_file_changes() -> None:
    made = plan(state({THREADS: 9000}), wanted({THREADS: 5000}), Context())
    assert [type(act) for act in made.acts] == [WriteFile]


@pytest.mark.parametrize(
    ("name", "value", "live", "code", "severity"),
    [
        ("net.netfilter.nf_conntrack_max", 262144, None, "LW222", "warning"),
        ("net.ipv4.neigh.eth7.base_reachable_time_ms", 30000, None, "LW223", "warning"),
        ("vm.swappiness", 10, None, "LW221", "error"),
        ("vm.swappiness", 10, Live("60", writable=False), "LW224", "error"),
    ],
)
def test_absent_and_read_only_keys(
    name: str, value: int, live: Any, code: str, severity: str
) -> None:
    made = plan(state({name: live}), wanted({name: value}), Context())
    assert [(one.code, one.severity) for one in made.findings] == [(code, severity)]
    if severity == "warning":
        assert file_after(made) == {canonical(name): str(value)}
        assert kernel_writes(made) == {}
        assert [change.takes_effect for change in made.changes] == ["reload"]


def test_an_absent_key_names_its_neighbour_or_its_kernel() -> None:
    host = state({"vm.swappiness": Live(exists=False, near="vm.swapiness")})
    (found,) = plan(host, items(vm__swappiness=1), Context()).findings
    assert found.suggestion == "vm.swapiness"
    gone = state({"net.ipv4.tcp_tw_recycle": None})
    (found,) = plan(gone, wanted({"net.ipv4.tcp_tw_recycle": 0}), Context()).findings
    assert "the last Linux that has it is" in found.message
    assert found.severity == "error"


def test_a_read_only_key_that_is_right_already_is_no_error() -> None:
    host = state({SWAPPINESS: Live("10", writable=False)}, ours(vm__swappiness=10))
    made = plan(host, items(vm__swappiness=10), Context())
    assert made == Plan()


def test_a_key_that_leaves_goes_back_to_its_original() -> None:
    host = state({SWAPPINESS: 10, "vm.max_map_count": 262144},
                 ours(vm__swappiness=10, vm__max_map_count=262144))
    context = Context(ledger=ledger_of(vm__swappiness="60"))
    made = plan(host, items(vm__max_map_count=262144), context)
    assert kernel_writes(made) == {"vm/swappiness": "60"}
    assert file_after(made) == {"vm/max_map_count": "262144"}
    (change,) = made.changes
    assert (change.key, change.before, change.after) == (SWAPPINESS, "10", None)


def test_without_purging_other_keys_stay() -> None:
    host = state({SWAPPINESS: 10, "vm.max_map_count": 65530}, ours(vm__swappiness=10))
    context = Context(purge=False, ledger=ledger_of(vm__swappiness="60"))
    made = plan(host, items(vm__max_map_count=262144), context)
    assert kernel_writes(made) == {"vm/max_map_count": "262144"}
    assert file_after(made) == {"vm/swappiness": "10", "vm/max_map_count": "262144"}


def test_our_file_goes_with_its_last_key() -> None:
    host = state({SWAPPINESS: 10}, ours(vm__swappiness=10))
    made = plan(host, [], Context(ledger=ledger_of(vm__swappiness="60")))
    assert file_after(made) == {}
    assert kernel_writes(made) == {"vm/swappiness": "60"}
