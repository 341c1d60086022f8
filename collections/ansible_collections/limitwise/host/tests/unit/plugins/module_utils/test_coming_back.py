# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Coming back in the harder cases: values with a counterpart, part of a run, pruned journals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, List

import pytest

from ansible_collections.limitwise.host.plugins.module_utils import engine, journal
from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    Act,
    FileImage,
    RecordCgroup,
    SetKernel,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    InputError,
    LockedError,
)
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import Store
from ansible_collections.limitwise.host.plugins.module_utils.ledger import EMPTY
from ansible_collections.limitwise.host.plugins.module_utils.perform import _writer, take_back
from ansible_collections.limitwise.host.plugins.module_utils.redact import text as redacted
from ansible_collections.limitwise.host.plugins.module_utils.report import Report
from ansible_collections.limitwise.host.plugins.module_utils.rollback import rollback
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning, read
from ansible_collections.limitwise.host.plugins.module_utils.undo import Limits, Since, undo

DROP_IN = "/etc/systemd/system/a.slice.d/zz-limitwise.conf"
CGROUP = "/sys/fs/cgroup/a.slice/pids.max"


@pytest.fixture
def host(mounted: Path) -> Host:
    return Host.mounted(str(mounted))


def sysctl(**values: Any) -> Tuning:
    made, found = read({"sysctl": {key.replace("__", "."): one for key, one in values.items()}})
    assert not found
    return made


def applied(host: Host, wanted: Tuning) -> Report:
    report = engine.apply(host, wanted)
    assert report.ok, report.findings
    return report


def test_a_value_that_takes_no_zero_goes_back_by_its_counterpart() -> None:
    act = SetKernel("sysctl", "vm/dirty_bytes", "0", "9999", ("vm/dirty_ratio", "20"))
    undone = undo([act], {("kernel", act.path): Since("9999")}, Limits("run"))
    (back,) = undone.acts
    assert back == SetKernel("sysctl", "vm/dirty_ratio", "0", "20", ("vm/dirty_bytes", "9999"))


def test_of_two_keys_that_say_the_same_the_first_keeps_the_original() -> None:
    first = SetKernel("sysctl", "vm/dirty_bytes", "0", "9999", ("vm/dirty_ratio", "20"))
    second = SetKernel("sysctl", "vm/dirty_ratio", "0", "30", ("vm/dirty_bytes", "9999"))
    assert list(EMPTY.composed([first, second]).acts.values()) == [first]


def test_what_others_add_between_two_runs_is_part_of_the_original() -> None:
    def act(before: bytes, after: bytes) -> WriteFile:
        images = FileImage(before) if before else None, FileImage(after)
        return WriteFile("docker_daemon", "/etc/docker/daemon.json", *images, "json_text")

    first = act(b"", b'{"live-restore": true}')
    second = act(
        b'{"live-restore": true, "labels": ["x"]}',
        b'{"live-restore": true, "labels": ["x"], "max-concurrent-downloads": 5}',
    )
    (composed,) = EMPTY.composed([first, second]).acts.values()
    assert isinstance(composed, WriteFile)
    assert composed.before is not None
    assert json.loads(composed.before.data) == {"labels": ["x"]}
    assert composed.after == second.after


@pytest.mark.parametrize(
    ("now", "limits", "recorded"),
    [
        ("ours", Limits("run"), True),
        ("ours", Limits("run", kept={("file", DROP_IN): {"Slice/TasksMax"}}), False),  # in use
        ("theirs", Limits("run"), False),  # somebody's edit stays, so the cgroup does too
    ],
)
def test_a_value_written_by_hand_returns_only_with_its_file(
    now: str, limits: Limits, recorded: bool
) -> None:
    images = {
        "ours": FileImage(b"[Slice]\nTasksMax=9\n"), "theirs": FileImage(b"[Slice]\nTasksMax=5\n")
    }
    acts: List[Act] = [
        WriteFile("slices", DROP_IN, None, images["ours"], "unit_file"),
        RecordCgroup("slices", CGROUP, "512"),
    ]
    undone = undo(acts, {("file", DROP_IN): Since(images[now])}, limits)
    assert any(isinstance(act, RecordCgroup) for act in undone.acts) is recorded


def test_one_act_that_fails_keeps_no_other_from_going_back(
    host: Host, mounted: Path
) -> None:
    (mounted / "etc/one").mkdir()  # a directory where a file should be written
    acts = [
        WriteFile("limits", "/etc/one", None, FileImage(b"1")),
        WriteFile("limits", "/etc/two", None, FileImage(b"2")),
    ]
    failed = take_back(host, acts)
    assert [str(error.place) for error in failed] == ["/etc/one"]
    assert (mounted / "etc/two").read_bytes() == b"2"


def test_a_later_run_is_known_by_its_value_whatever_the_blanks() -> None:
    later = SetKernel("sysctl", "net/ipv4/tcp_rmem", "1 2 3", "4 5 6")
    target = ("kernel", later.path)
    assert _writer("4\t5\t6", target, {target: ("run2", later)}) == "run2"
    assert _writer("7 8 9", target, {target: ("run2", later)}) is None


def test_a_rollback_that_is_rolled_back_leaves_the_first_run_in_force(host: Host) -> None:
    first = str(applied(host, sysctl(vm__swappiness=7)).run_id)
    back = str(rollback(host, "last").run_id)
    assert Store(host).run(first).state == journal.ROLLED_BACK
    assert rollback(host, back).ok
    assert host.sysctl("vm/swappiness") == "7"
    assert Store(host).run(first).state == journal.APPLIED
    assert rollback(host, "last").ok
    assert host.sysctl("vm/swappiness") == "60"


def test_the_original_outlives_the_journals(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 1)
    applied(host, sysctl(vm__swappiness=7))
    applied(host, sysctl(vm__swappiness=7, kernel__pid_max=65536))
    applied(host, sysctl(vm__swappiness=8, kernel__pid_max=65536))
    assert len(Store(host).runs()) == 1
    report = rollback(host, "original")
    assert report.ok, report.findings
    assert {(one.key, one.after) for one in report.changes} == {
        ("vm.swappiness", "60"), ("kernel.pid_max", "32768"),
    }
    assert host.sysctl("vm/swappiness") == "60"


def test_a_killed_run_keeps_its_way_back_while_the_next_is_refused(
    host: Host, mounted: Path
) -> None:
    run = str(applied(host, sysctl(vm__swappiness=7)).run_id)
    store = Store(host)
    store.set_state(store.run(run), journal.APPLYING)
    (mounted / "etc/sysctl.d/zzz-late.conf").write_text("vm.swappiness = 1\n")
    refused = engine.apply(host, sysctl(vm__swappiness=9))
    assert not refused.ok
    assert store.run(run).state == journal.APPLYING


def test_a_run_that_waits_goes_back_whole_or_not_at_all(host: Host) -> None:
    run = str(applied(host, sysctl(vm__swappiness=7)).run_id)
    store = Store(host)
    waiting = store.run(run)
    store.save(type(waiting)(**{**waiting.__dict__, "confirm": 60, "state": journal.UNCONFIRMED}))
    with pytest.raises(InputError, match="goes back as a whole"):
        rollback(host, run, ["sysctl"])
    with pytest.raises(LockedError, match="not confirmed yet"):
        engine.preview(host, sysctl(vm__swappiness=8))


@pytest.mark.parametrize("text", ["0", "2s", "2 days", "", "-5"])
def test_a_confirmation_that_nobody_could_give_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="a time from 5s to 24h"):
        engine.confirm_seconds(text)


@pytest.mark.parametrize("value", ["0x7fffff", "4194304 ", 4194304])
def test_a_maximum_holds_in_every_spelling(value: Any) -> None:
    made, found = read({
        "policy": {"maximum": {"kernel.pid_max": 1000}}, "sysctl": {"kernel.pid_max": value},
    })
    assert not found
    assert "LW009" in {one.code for one in engine.check(made)}


def test_an_image_is_rescued_without_anybody_to_tell(host: Host, mounted: Path) -> None:
    limit = {"domain": "*", "type": "hard", "item": "nofile", "value": 4096}
    made, _found = read({"limits": [limit]})
    applied(host, made)
    report = rollback(Host.image(str(mounted)), "last")
    assert report.ok, report.findings


def test_credentials_are_left_out_of_every_file() -> None:
    script = b'export http_proxy=http://u:hidden@h/\nEnvironment="DB_PASSWORD=hidden" "A=b"\n'
    shown = redacted("text", script)
    assert b"hidden" not in shown
    assert b"A=b" in shown
