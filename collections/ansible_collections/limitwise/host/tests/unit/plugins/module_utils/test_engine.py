# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine over a system of plain files: checks, purges, floors, owners, takeovers, originals."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from ansible_collections.limitwise.host.plugins.module_utils import engine, journal
from ansible_collections.limitwise.host.plugins.module_utils.findings import (
    Finding,
    FindingsError,
    HostError,
    InputError,
    LockedError,
)
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import Store
from ansible_collections.limitwise.host.plugins.module_utils.report import Report
from ansible_collections.limitwise.host.plugins.module_utils.rollback import (
    Force,
    preview,
    rollback,
)
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning, read

OWN = "etc/sysctl.d/zz-limitwise.conf"
SITE = "etc/sysctl.d/50-site.conf"
LATE = "etc/sysctl.d/zzz-late.conf"


@pytest.fixture
def host(mounted: Path) -> Host:
    return Host.mounted(str(mounted))


def tuning(**layers: Any) -> Tuning:
    made, found = read(layers)
    assert not found
    return made


def sysctl(**values: Any) -> Tuning:
    return tuning(sysctl={key.replace("__", "."): value for key, value in values.items()})


def applied(host: Host, wanted: Tuning, **options: Any) -> Report:
    report = engine.apply(host, wanted, engine.Options(**options))
    assert report.ok, report.findings
    return report


def own(root: Path) -> Dict[str, str]:
    lines = (root / OWN).read_text().splitlines() if (root / OWN).exists() else []
    return dict(line.split(" = ") for line in lines if not line.startswith("#"))


def live(root: Path, path: str) -> str:
    return (root / "proc/sys" / path).read_text().strip()


def codes(found: Tuple[Finding, ...]) -> List[str]:
    return [one.code for one in found]


def test_a_wrong_document_is_refused_before_the_host_is_asked(host: Host) -> None:
    with pytest.raises(FindingsError) as refused:
        engine.plan(host, sysctl(vm__swapiness=1, kernel__pid_max="x"))
    assert [one.code for one in refused.value.findings] == ["LW201", "LW202"]
    assert "2 errors found, nothing was written" in str(refused.value)


@pytest.mark.parametrize(
    ("maximum", "value", "code"),
    [
        ({"kernel.pid_max": 100000}, 100000, None),
        ({"kernel.pid_max": 100000}, 100001, "LW009"),
        ({"kernel/pid_max": 100000}, 100001, "LW009"),
        ({"vm.swappiness": 1}, 100001, None),
    ],
)
def test_the_policy_s_maximum(maximum: Dict[str, int], value: int, code: str) -> None:
    wanted = tuning(policy={"maximum": maximum}, sysctl={"kernel.pid_max": value})
    assert [one.code for one in engine.check(wanted)] == ([] if code is None else [code])


def test_a_plan_changes_nothing_and_an_apply_does_what_it_says(host: Host, mounted: Path) -> None:
    planned = engine.plan_report(engine.plan(host, sysctl(vm__swappiness=7)))
    assert own(mounted) == {}
    assert planned.run_id is None
    report = applied(host, sysctl(vm__swappiness=7))
    assert [one.name for one in report.changes] == [one.name for one in planned.changes]
    (change,) = report.changes
    assert (change.before, change.after, change.runtime, change.persistent) == ("60", "7", "7", "7")
    assert (live(mounted, "vm/swappiness"), own(mounted)) == ("7", {"vm.swappiness": "7"})


def test_a_key_that_leaves_goes_back_only_when_purging(host: Host, mounted: Path) -> None:
    applied(host, sysctl(vm__swappiness=7, kernel__pid_max=65536))
    applied(host, sysctl(kernel__pid_max=65536), purge=False)
    assert live(mounted, "vm/swappiness") == "7"
    report = applied(host, sysctl(kernel__pid_max=65536))
    (change,) = report.changes
    assert (change.key, change.before, change.after) == ("vm.swappiness", "7", None)
    assert live(mounted, "vm/swappiness") == "60"
    assert own(mounted) == {"kernel.pid_max": "65536"}


def test_a_layer_that_is_not_named_is_not_touched(host: Host, mounted: Path) -> None:
    applied(host, sysctl(vm__swappiness=7))
    limit = {"domain": "*", "type": "hard", "item": "nofile", "value": 4096}
    applied(host, tuning(limits=[limit]))
    assert own(mounted) == {"vm.swappiness": "7"}


def test_floors_are_never_lowered(host: Host, mounted: Path) -> None:
    report = applied(host, sysctl(kernel__pid_max=20000))
    assert live(mounted, "kernel/pid_max") == "32768"
    assert report.changes == ()
    lower = tuning(policy={"allow_lowering": ["kernel.pid_max"]}, sysctl={"kernel.pid_max": 20000})
    applied(host, lower)
    assert live(mounted, "kernel/pid_max") == "20000"


def test_another_owner_is_refused_until_adopted(host: Host, mounted: Path) -> None:
    applied(host, sysctl(vm__swappiness=7))
    refused = engine.apply(host, sysctl(vm__swappiness=8), engine.Options(owner="operator"))
    assert (codes(refused.findings), refused.run_id) == (["LW601"], None)
    assert own(mounted) == {"vm.swappiness": "7"}
    applied(host, sysctl(vm__swappiness=8), owner="operator", adopt=True)
    assert "(owner: operator)" in (mounted / OWN).read_text()


def test_a_file_that_wins_is_named_and_taken_over_and_given_back(
    host: Host, mounted: Path
) -> None:
    (mounted / LATE).write_text("# ours\nvm.swappiness = 90\nvm.dirty_ratio = 5\n")
    refused = engine.apply(host, sysctl(vm__swappiness=7))
    (found,) = refused.findings
    assert (found.place.file, found.place.line) == ("/" + LATE, 2)
    applied(host, sysctl(vm__swappiness=7), takeover=("/" + LATE,))
    assert (mounted / LATE).read_text() == (
        "# ours\n# limitwise took over: vm.swappiness = 90\nvm.dirty_ratio = 5\n"
    )
    assert rollback(host, "last").findings == ()
    assert (mounted / LATE).read_text() == "# ours\nvm.swappiness = 90\nvm.dirty_ratio = 5\n"


def test_a_layer_that_the_host_lacks_is_skipped_by_name(host: Host, mounted: Path) -> None:
    docker = {"max-concurrent-downloads": 5}
    report = applied(host, tuning(sysctl={"vm.swappiness": 7}, docker_daemon=docker))
    assert report.skipped == ("docker_daemon",)
    assert "LW010" in codes(report.findings)
    assert live(mounted, "vm/swappiness") == "7"


@pytest.mark.parametrize(("mode", "allowed"), [(0o644, True), (0o664, False), (0o646, False)])
def test_the_host_s_own_permissions(host: Host, mounted: Path, mode: int, allowed: bool) -> None:
    path = mounted / "etc/limitwise/allow"
    path.parent.mkdir()
    path.write_text("# reviewed\nkernel/core_pattern # ours\n\n")
    path.chmod(mode)
    if allowed:
        names = engine.allowed_by(host)
        assert names == {"kernel/core_pattern"}
    else:
        with pytest.raises(HostError, match="can be written by others than root"):
            engine.allowed_by(host)


def test_a_killed_run_is_named_by_the_next(host: Host) -> None:
    first = applied(host, sysctl(vm__swappiness=7)).run_id
    store = Store(host)
    assert first is not None
    store.set_state(store.run(first), journal.APPLYING)
    report = applied(host, sysctl(vm__swappiness=8))
    assert codes(report.findings) == ["LW609"]
    assert report.findings[0].found == first
    assert store.run(first).state == journal.KILLED


def test_a_run_that_waits_for_its_confirmation_blocks_others_until_kept(host: Host) -> None:
    first = applied(host, sysctl(vm__swappiness=7)).run_id
    store = Store(host)
    assert first is not None
    store.set_state(store.run(first), journal.UNCONFIRMED)
    with pytest.raises(LockedError, match=f"run {first} is not confirmed yet"):
        engine.apply(host, sysctl(vm__swappiness=8))
    kept = engine.confirm_run(host, first)
    assert (kept.ok, kept.run_id, len(kept.changes)) == (True, first, 1)
    assert engine.confirm_run(host, first).changes == ()
    assert rollback(host, first).ok
    with pytest.raises(InputError, match="is rolled-back: there is nothing to confirm"):
        engine.confirm_run(host, first)


def test_an_image_has_nobody_to_confirm(image: Path) -> None:
    host = Host.image(str(image))
    report = engine.apply(host, sysctl(vm__swappiness=7), engine.Options(confirm=60))
    assert report.ok
    assert Store(host).run(str(report.run_id)).state == journal.APPLIED


def test_what_somebody_moved_is_left_and_named(host: Host, mounted: Path) -> None:
    run = applied(host, sysctl(vm__swappiness=7)).run_id
    (mounted / "proc/sys/vm/swappiness").write_text("33\n")
    report = rollback(host, "last")
    assert codes(report.findings) == ["LW607"]
    assert (live(mounted, "vm/swappiness"), own(mounted)) == ("33", {})
    with pytest.raises(InputError, match=f"run {run} is rolled-back already"):
        rollback(host, str(run))


def test_an_edited_file_refuses_the_whole_rollback_until_forced(host: Host, mounted: Path) -> None:
    limit = {"domain": "*", "type": "hard", "item": "nofile", "value": 4096}
    applied(host, tuning(sysctl={"vm.swappiness": 7}, limits=[limit]))
    with (mounted / OWN).open("a") as stream:
        stream.write("vm.dirty_ratio = 5\n")
    report = rollback(host, "last")
    assert codes(report.findings) == ["LW605"]
    assert live(mounted, "vm/swappiness") == "7"
    assert (mounted / "etc/security/limits.d/zz-limitwise.conf").exists()
    # the layer that nobody edited goes back alone
    assert rollback(host, "last", ["limits"]).ok
    assert not (mounted / "etc/security/limits.d/zz-limitwise.conf").exists()
    assert rollback(host, "last", [], Force(edits=True)).ok
    assert (live(mounted, "vm/swappiness"), own(mounted)) == ("60", {"vm.dirty_ratio": "5"})


def test_a_preview_says_what_the_rollback_does(host: Host, mounted: Path) -> None:
    applied(host, sysctl(vm__swappiness=7))
    for name in ("last", "original"):
        seen = preview(host, name)
        assert [(one.key, one.before, one.after) for one in seen.changes] == [
            ("vm.swappiness", "7", "60")
        ]
        assert [one.path for one in seen.files] == ["/" + OWN]
    assert live(mounted, "vm/swappiness") == "7"
    done = rollback(host, "last")
    assert [(one.key, one.before, one.after, one.runtime) for one in done.changes] == [
        ("vm.swappiness", "7", "60", "60")
    ]


def test_a_layer_that_does_not_exist(host: Host) -> None:
    applied(host, sysctl(vm__swappiness=7))
    with pytest.raises(InputError, match="there is no layer 'sysctls'"):
        rollback(host, "last", ["sysctls"])


def test_a_rollback_can_be_seen_in_the_history_but_is_never_the_last(host: Host) -> None:
    run = applied(host, sysctl(vm__swappiness=7)).run_id
    report = rollback(host, "last")
    first, second = Store(host).runs()
    assert (first.id, first.state) == (run, "rolled-back")
    assert (second.id, second.what, second.of) == (report.run_id, "rollback", run)
    with pytest.raises(InputError, match="there is no run to roll back"):
        rollback(host, "last")


def test_verify_names_what_is_pending(host: Host, mounted: Path) -> None:
    assert codes(engine.verify(host, sysctl(vm__swappiness=7)).findings) == ["LW603", "LW604"]
    applied(host, sysctl(vm__swappiness=7))
    assert engine.verify(host, sysctl(vm__swappiness=7)).findings == ()
    (mounted / "proc/sys/vm/swappiness").write_text("33\n")
    assert "LW603" in codes(engine.verify(host, sysctl(vm__swappiness=7)).findings)
