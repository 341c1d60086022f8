# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans of sysctls: keys that are absent, overridden, given back or in use."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    FileImage,
    SetKernel,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.findings import errors
from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import canonical
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context, Plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.plan import plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.state import (
    NOBODY,
    OWN,
    PROCPS,
    SYSTEMD,
    Live,
    State,
)
from ansible_collections.limitwise.host.plugins.module_utils.ledger import EMPTY
from ansible_collections.limitwise.host.plugins.module_utils.own_file import header
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.layers.sysctl_cases import (
    BLOCK,
    DEBIAN_12,
    MAIN,
    MAPS,
    NAMES,
    PID_MAX,
    SCRIPT,
    SWAPPINESS,
    THREADS,
    codes,
    conf,
    file_after,
    image,
    items,
    kernel_writes,
    ledger_of,
    ours,
    performed,
    script_after,
    script_state,
    state,
    wanted,
)


@pytest.mark.parametrize(
    ("ledger", "live", "other", "runtime"),
    [
        (ledger_of(vm__swappiness="60"), 10, 40, "60"),
        (ledger_of(), 10, 40, None),  # we never wrote the runtime value
        (EMPTY, 10, 40, "40"),  # the ledger is lost, the value is still ours
        (EMPTY, 11, 40, None),  # the ledger is lost, somebody else set the value
        (EMPTY, 10, None, None),
    ],
)
def test_where_a_purged_key_goes(
    ledger: Any, live: int, other: Optional[int], runtime: Optional[str]
) -> None:
    others = (conf("/etc/sysctl.d/50-x.conf", f"vm.swappiness={other}"),) if other else ()
    made = plan(state({SWAPPINESS: live}, ours(vm__swappiness=10), others), [],
                Context(ledger=ledger))
    assert kernel_writes(made).get("vm/swappiness") == runtime


def test_purging_respects_present_use() -> None:
    own = FileImage(header("fleet") + b"kernel.threads-max = 9000\n")
    host = state({THREADS: Live("9000", used=6000)}, own)
    ledger = EMPTY.composed([SetKernel("sysctl", "kernel/threads-max", "6100", "9000")])
    assert codes(plan(host, [], Context(ledger=ledger))) == ["LW602"]
    assert codes(plan(host, [], Context(ledger=ledger, force=True))) == []


def test_another_owner_refuses_unless_adopted() -> None:
    own = FileImage(header("operator") + b"vm.swappiness = 10\n")
    host = state({SWAPPINESS: 10}, own)
    refused = plan(host, items(vm__swappiness=10), Context())
    assert (codes(refused), refused.acts) == (["LW601"], ())
    adopted = plan(host, items(vm__swappiness=10), Context(adopt=True))
    assert codes(adopted) == []
    (write,) = adopted.acts
    assert isinstance(write, WriteFile)
    assert write.after == FileImage(header("fleet") + b"vm.swappiness = 10\n")


def test_a_later_file_is_an_error_with_its_place() -> None:
    later = conf("/etc/sysctl.d/zzz-local.conf", "# mine\nvm.swappiness = 60\n")
    made = plan(state({SWAPPINESS: 60}, None, (later,)), items(vm__swappiness=10), Context())
    (found,) = made.findings
    assert (found.code, str(found.place)) == ("LW225", "/etc/sysctl.d/zzz-local.conf:2:1")


def test_a_later_file_that_is_higher_does_not_hurt_a_floor() -> None:
    later = conf("/etc/sysctl.d/zzz-local.conf", "kernel.threads-max = 9000\n")
    made = plan(state({THREADS: 9000}, None, (later,)), wanted({THREADS: 5000}), Context())
    assert made == Plan()


def test_a_later_exclusion_overrides_too() -> None:
    later = conf("/etc/sysctl.d/zzz.conf", "-vm.swappiness\n")
    made = plan(state({SWAPPINESS: 10}, None, (later,)), items(vm__swappiness=10), Context())
    assert codes(made) == ["LW225"]


def test_sysctl_conf_of_debian_12_is_a_warning_under_systemd() -> None:
    made = plan(state({SWAPPINESS: 60}, None, DEBIAN_12), items(vm__swappiness=10), Context())
    assert [(one.code, str(one.place)) for one in made.findings] == [("LW226", f"{MAIN}:1:1")]
    assert errors(made.findings) == []


def test_sysctl_conf_is_an_error_under_procps() -> None:
    made = plan(
        state({SWAPPINESS: 60}, None, DEBIAN_12, PROCPS), items(vm__swappiness=10), Context()
    )
    assert [(one.code, str(one.place)) for one in made.findings] == [("LW225", f"{MAIN}:1:1")]


@pytest.mark.parametrize("boot", [SYSTEMD, PROCPS])
@pytest.mark.parametrize("name", [MAIN, "/etc/sysctl.d/99-sysctl.conf"])
def test_taking_over_comments_the_line_out(boot: str, name: str) -> None:
    host = state({SWAPPINESS: 60}, None, DEBIAN_12, boot)
    made = plan(host, items(vm__swappiness=10), Context(takeover=(name,)))
    assert codes(made) == []
    (write,) = [act for act in made.acts if isinstance(act, WriteFile) and act.path == MAIN]
    assert write.after == image("# limitwise took over: vm.swappiness=60\n")


def test_taking_over_leaves_the_other_lines_and_earlier_files_alone() -> None:
    text = "kernel.sysrq=1\nvm.swappiness=60\nvm.swappiness=70\n"
    host = state(
        {SWAPPINESS: 60}, None,
        (conf("/etc/sysctl.d/10-a.conf", text), conf("/etc/sysctl.d/zzz.conf", text)),
    )
    names = ("/etc/sysctl.d/10-a.conf", "/etc/sysctl.d/zzz.conf")
    made = plan(host, items(vm__swappiness=10), Context(takeover=names))
    writes = {act.path: act for act in made.acts if isinstance(act, WriteFile)}
    assert set(writes) == {OWN, "/etc/sysctl.d/zzz.conf"}
    mark = "# limitwise took over: "
    assert writes["/etc/sysctl.d/zzz.conf"].after == image(
        f"kernel.sysrq=1\n{mark}vm.swappiness=60\n{mark}vm.swappiness=70\n"
    )


def test_giving_a_key_up_gives_the_line_back() -> None:
    taken = conf("/etc/sysctl.d/zzz.conf", "# limitwise took over: vm.swappiness=60\n#vm.x=1\n")
    host = state({SWAPPINESS: 10}, ours(vm__swappiness=10), (taken,))
    made = plan(host, [], Context(ledger=ledger_of(vm__swappiness="60")))
    (write,) = [act for act in made.acts if isinstance(act, WriteFile) and act.path != OWN]
    assert write.after == image("vm.swappiness=60\n#vm.x=1\n")


def test_without_a_boot_script_the_values_would_be_lost() -> None:
    host = state({SWAPPINESS: 60}, boot=NOBODY, why_nobody="its root file system is in RAM")
    made = plan(host, items(vm__swappiness=10), Context())
    assert codes(made) == ["LW227"]
    assert "policy.boot_script" in made.findings[0].message


def test_the_boot_script_gets_one_block() -> None:
    made = plan(script_state("#!/bin/bash\nemhttp &\n", {SWAPPINESS: 60}),
                items(vm__swappiness=10), Context())
    assert codes(made) == []
    assert kernel_writes(made) == {"vm/swappiness": "10"}
    assert script_after(made) == FileImage(f"#!/bin/bash\nemhttp &\n{BLOCK}".encode(), 0o755)


def test_a_boot_script_that_is_not_there_is_made() -> None:
    made = plan(script_state(None, {SWAPPINESS: 60}), items(vm__swappiness=10), Context())
    assert script_after(made) == FileImage(f"#!/bin/sh\n{BLOCK}".encode(), 0o755)


def test_a_right_block_is_left_alone_and_an_unwanted_one_goes() -> None:
    host = script_state(f"#!/bin/sh\n{BLOCK}", {SWAPPINESS: 10})
    assert plan(host, items(vm__swappiness=10), Context()) == Plan()
    assert script_after(plan(host, [], Context())) == FileImage(b"#!/bin/sh\n", 0o755)


def test_a_block_of_another_owner() -> None:
    host = script_state(BLOCK.replace("fleet", "operator"), {SWAPPINESS: 10})
    assert codes(plan(host, items(vm__swappiness=10), Context())) == ["LW601"]
    adopted = plan(host, items(vm__swappiness=10), Context(adopt=True))
    assert script_after(adopted) == FileImage(BLOCK.encode(), 0o755)


def test_a_damaged_block_is_named_with_its_line() -> None:
    host = script_state(f"x\n{BLOCK}".replace("# END limitwise sysctl\n", ""), {SWAPPINESS: 60})
    (found,) = plan(host, items(vm__swappiness=10), Context()).findings
    assert (found.code, found.place.file, found.place.line) == ("LW229", SCRIPT, 2)


@pytest.mark.parametrize("value", ["1'; reboot; '", "$(reboot)", "`reboot`", "a\\b", "a;b", "a>b"])
def test_a_script_takes_plain_values_only(value: str) -> None:
    host = script_state("", {"kernel.core_pattern": "core"})
    made = plan(host, wanted({"kernel.core_pattern": value}), Context())
    assert codes(made) == ["LW228"]


def test_an_image_gets_files_only() -> None:
    host = State(running=False, boot=SYSTEMD, files=(conf("/etc/sysctl.d/a.conf", THREADS + "=7"),))
    made = plan(host, wanted({THREADS: 5000, SWAPPINESS: 10}), Context())
    assert [type(act) for act in made.acts] == [WriteFile]
    assert file_after(made) == {"kernel/threads-max": "5000", "vm/swappiness": "10"}
    assert [(one.before, one.persistent) for one in made.changes] == [("7", "7"), (None, None)]


@given(MAPS, MAPS, MAPS, st.lists(MAPS, min_size=1, max_size=3))
def test_a_second_run_does_nothing_and_floors_never_fall(
    live: Dict[str, int], own: Dict[str, int], other: Dict[str, int], tunings: List[Dict[str, int]]
) -> None:
    text = "".join(f"{name} = {value}\n" for name, value in own.items())
    others = (conf("/etc/sysctl.d/50-x.conf", "".join(f"{k}={v}\n" for k, v in other.items())),)
    host = state(
        {name: live.get(name, 2000) for name in NAMES},
        FileImage(header("fleet") + text.encode()) if own else None,
        others,
    )
    for tuning in tunings:
        made = plan(host, wanted(tuning), Context(purge=False))
        after = performed(host, made)
        assert errors(made.findings) == []
        assert plan(after, wanted(tuning), Context(purge=False)).acts == ()
        for name in (THREADS, PID_MAX):
            before, now = host.keys[canonical(name)], after.keys[canonical(name)]
            assert int(now.value or 0) >= int(before.value or 0)
        for name, value in tuning.items():
            given = after.at_boot.of(canonical(name))
            assert given is not None
            assert int(given.value or 0) >= value
        host = after
