# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal and the ledger: whole before the first act, pruned by count, damage named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils import journal
from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    Act,
    FileImage,
    MakeDirectory,
    Poke,
    RecordCgroup,
    SetKernel,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.change import Change
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    HostError,
    InputError,
    LimitwiseError,
)
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import Run, Store
from ansible_collections.limitwise.host.plugins.module_utils.ledger import EMPTY

CHANGE = Change("sysctl", "", "kernel.pid_max", "1", "2", takes_effect="reload")
ACTS: Tuple[Act, ...] = (
    MakeDirectory("units", "/etc/x.d"),
    WriteFile("units", "/etc/x.d/zz.conf", None, FileImage(b"\xff", 0o600), "unit_file"),
    SetKernel("sysctl", "kernel/pid_max", "1", "2"),
    RecordCgroup("units", "/sys/fs/cgroup/x", "7"),
    Poke("units", ("systemctl", "daemon-reload")),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(Host.image(str(tmp_path)))
    made.prepare()
    return made


def run_of(number: int, state: str = journal.APPLIED, what: str = "apply") -> Run:
    return Run(
        f"20260101T0000{number:02d}.000000Z-0000", what, "fleet", state, ("sysctl",), (CHANGE,)
    )


def test_run_ids_sort_by_time_and_are_safe_names() -> None:
    made = [journal.new_run_id() for _run in range(50)]
    assert len(set(made)) == 50
    assert [one[:23] for one in made] == sorted(one[:23] for one in made)
    assert all(re.fullmatch(r"[0-9A-Za-z.-]+", one) for one in made)


def test_a_run_comes_back_from_disk(store: Store) -> None:
    store.begin(run_of(1), ACTS)
    assert store.runs() == (run_of(1),)
    assert store.acts(run_of(1).id) == ACTS


def test_state_is_for_root_alone(store: Store, tmp_path: Path) -> None:
    store.begin(run_of(1), ACTS)
    state = tmp_path / "var/lib/limitwise"
    for path in [state, *state.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize("name", ["", "..", "../../etc", "20260101T000009.000000Z-0000", "last"])
def test_a_run_that_is_not_there(store: Store, name: str) -> None:
    with pytest.raises(InputError, match="there is no run") as refused:
        store.run(name)
    assert "limitwise history" in str(refused.value)


def test_the_last_run_is_the_newest_apply_that_still_stands(store: Store) -> None:
    for number, state, what in (
        (1, journal.APPLIED, "apply"), (2, journal.KILLED, "apply"), (3, journal.FAILED, "apply"),
        (4, journal.ROLLED_BACK, "apply"), (5, journal.APPLIED, "rollback"),
    ):
        store.begin(run_of(number, state, what), ())
    assert store.last() == run_of(2, journal.KILLED)


def test_without_runs_there_is_no_last(store: Store) -> None:
    with pytest.raises(InputError, match="there is no run to roll back"):
        store.last()


def test_later_acts_are_the_newest_of_each_target_but_not_of_failed_runs(store: Store) -> None:
    for number, state, value in (
        (1, journal.APPLIED, "1"), (2, journal.APPLIED, "2"), (3, journal.APPLIED, "3"),
        (4, journal.FAILED, "4"),
    ):
        store.begin(run_of(number, state), (SetKernel("sysctl", "a", "0", value),))
    assert store.later_acts(run_of(1)) == {
        ("kernel", "a"): (run_of(3).id, SetKernel("sysctl", "a", "0", "3"))
    }
    assert store.later_acts(run_of(3)) == {}


def test_old_journals_go_by_count_but_unfinished_and_needed_ones_stay(store: Store) -> None:
    for number in range(1, 9):
        states = {2: journal.APPLYING, 3: journal.UNCONFIRMED}
        store.begin(run_of(number, states.get(number, journal.APPLIED)), ACTS)
    # what a killed write left in it does not keep a journal
    left = f"{journal.JOURNAL}/{run_of(4).id}/.acts.json.limitwise-new"
    store.host.files.write(left, FileImage(b"x"))
    store.prune(3, needed=run_of(5).id)
    assert [run.id for run in store.runs()] == [run_of(number).id for number in (2, 3, 5, 6, 7, 8)]
    names = store.host.files.names(journal.JOURNAL)
    assert len(names) == 6


def test_a_new_run_makes_room(store: Store) -> None:
    for number in range(1, 60):
        store.begin(run_of(number), ())
    assert [run.id for run in store.runs()] == [run_of(number).id for number in range(10, 60)]


def test_the_ledger_keeps_the_first_before_and_the_last_after(store: Store) -> None:
    one = FileImage(b"vm.swappiness = 60\n")
    two, three = FileImage(b"vm.swappiness = 7\n"), FileImage(b"")
    path = "/etc/sysctl.d/x.conf"
    store.begin(run_of(1), (
        WriteFile("sysctl", path, one, two, "sysctl_conf"), SetKernel("sysctl", "a", "1", "2"),
    ))
    store.begin(run_of(2), (
        WriteFile("sysctl", path, two, three, "sysctl_conf"), SetKernel("sysctl", "a", "2", "3"),
        *ACTS,
    ))
    ledger = store.ledger()
    assert ledger.original_file(path) == one
    assert ledger.original_value(path, "vm/swappiness") == "60"
    assert ledger.original_value(path, "kernel/pid_max") is None
    assert ledger.original_kernel("a") == "1"
    assert ledger.acts[("file", path)] == WriteFile("sysctl", path, one, three, "sysctl_conf")
    assert ledger.acts[("kernel", "a")] == SetKernel("sysctl", "a", "1", "3")
    # commands and records leave nothing behind that could be restored
    assert {kind for kind, _path in ledger.acts} == {"file", "kernel", "directory"}
    assert ledger.knows_file("/etc/x.d/zz.conf")
    assert ledger.original_file("/etc/x.d/zz.conf") is None
    assert not ledger.knows_file("/etc/other")
    assert ledger.original_kernel("other") is None


def test_the_ledger_of_a_new_host_is_empty(store: Store) -> None:
    assert store.ledger() == EMPTY


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b"7"])
def test_damage_is_named_with_its_file(store: Store, damage: bytes) -> None:
    store.begin(run_of(1), ACTS)
    for path in (journal.LEDGER, f"{journal.JOURNAL}/{run_of(1).id}/run.json"):
        whole = store.host.files.read(path)
        assert whole is not None
        store.host.files.write(path, FileImage(damage))
        with pytest.raises(HostError, match="is damaged") as refused:
            store.ledger() if path == journal.LEDGER else store.runs()
        assert refused.value.place.file == path
        store.host.files.write(path, FileImage(whole))


@pytest.mark.parametrize("content", [b"{}", b'{"id": 1}', b'{"layers": 3, "changes": []}'])
def test_a_header_of_another_shape_is_one_clear_error(store: Store, content: bytes) -> None:
    store.begin(run_of(1), ACTS)
    store.host.files.write(f"{journal.JOURNAL}/{run_of(1).id}/run.json", FileImage(content))
    with pytest.raises(LimitwiseError, match="a journal cannot be read"):
        store.runs()


def test_a_run_without_its_acts_is_named(store: Store) -> None:
    store.begin(run_of(1), ACTS)
    store.host.files.remove(f"{journal.JOURNAL}/{run_of(1).id}/acts.json")
    with pytest.raises(InputError, match="has no acts"):
        store.acts(run_of(1).id)
