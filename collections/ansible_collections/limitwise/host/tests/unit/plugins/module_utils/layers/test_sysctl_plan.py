# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the sysctl layer: pure, from a state and what is wanted to acts and findings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    FileImage,
    Poke,
    SetKernel,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.findings import errors
from ansible_collections.limitwise.host.plugins.module_utils.formats import keyed
from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import canonical
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context, Plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.files import (
    ConfFile,
    with_content,
)
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
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

SWAPPINESS = "vm.swappiness"  # exact
THREADS = "kernel.threads-max"  # floor
PID_MAX = "kernel.pid_max"  # floor
MAIN = "/etc/sysctl.conf"
SCRIPT = "/boot/config/go"


def items(**wanted: Any) -> List[Item]:
    """Items by keyword; two underscores stand for a dot."""
    return [
        Item("sysctl", "", canonical(name.replace("__", ".")), value)
        for name, value in wanted.items()
    ]


def wanted(values: Dict[str, Any]) -> List[Item]:
    return [Item("sysctl", "", canonical(name), value) for name, value in values.items()]


def image(text: str) -> FileImage:
    return FileImage(text.encode())


def conf(path: str, text: str, real: Optional[str] = None) -> ConfFile:
    return ConfFile(path, real or path, image(text))


def ours(**values: Any) -> FileImage:
    lines = "".join(f"{name.replace('__', '.')} = {value}\n" for name, value in values.items())
    return FileImage(header("fleet") + lines.encode())


def state(
    live: Dict[str, Any],
    own: Optional[FileImage] = None,
    others: Tuple[ConfFile, ...] = (),
    boot: str = SYSTEMD,
    **more: Any,
) -> State:
    """A running host; ``live`` gives values, Live objects, or None for a key that is absent."""
    keys = {}
    for name, given_value in live.items():
        keys[canonical(name)] = given_value if isinstance(given_value, Live) else Live(
            None if given_value is None else str(given_value), exists=given_value is not None
        )
    return State(
        running=True, boot=boot, own=own, files=with_content(others, OWN, own), keys=keys,
        kernel=(6, 12), systemd=boot == SYSTEMD, **more,
    )


def kernel_writes(made: Plan) -> Dict[str, str]:
    return {act.path: act.after for act in made.acts if isinstance(act, SetKernel)}


def file_after(made: Plan, path: str = OWN) -> Optional[Dict[str, str]]:
    """What a file holds after the plan; None when the plan does not write it, {} when removed."""
    for act in made.acts:
        if isinstance(act, WriteFile) and act.path == path:
            return keyed.values("sysctl_conf", act.after.data) if act.after is not None else {}
    return None


def codes(made: Plan) -> List[str]:
    return [finding.code for finding in made.findings]


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
        (THREADS, 9000, 5000, 7000, 5000, None, ""),
        (THREADS, 1000, None, 7000, 5000, "5000", None),
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


# --- the order of writes, and what follows them -------------------------------------------------


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


# --- keys that are not there, or cannot be written ----------------------------------------------


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


# --- purging and merging ------------------------------------------------------------------------


def ledger_of(**originals: str) -> Any:
    return EMPTY.composed(
        [SetKernel("sysctl", canonical(name.replace("__", ".")), value, "x")
         for name, value in originals.items()]
        + [WriteFile("sysctl", OWN, None, None, "sysctl_conf")]
    )


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


# --- owners, overriding files, taking over ------------------------------------------------------


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


DEBIAN_12 = (
    conf("/etc/sysctl.d/99-sysctl.conf", "vm.swappiness=60\n", MAIN),
    conf(MAIN, "vm.swappiness=60\n"),
)


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


# --- hosts that nobody applies sysctls for ------------------------------------------------------


def script_state(text: Optional[str], live: Dict[str, Any]) -> State:
    script = FileImage(text.encode(), 0o755) if text is not None else None
    return state(live, boot=NOBODY, script_path=SCRIPT, script=script)


def script_after(made: Plan) -> Optional[FileImage]:
    (write,) = [act for act in made.acts if isinstance(act, WriteFile)]
    assert write.path == SCRIPT
    return write.after


BLOCK = (
    "# BEGIN limitwise sysctl (owner: fleet)\n"
    "printf '%s\\n' '10' > '/proc/sys/vm/swappiness'\n"
    "# END limitwise sysctl\n"
)


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


# --- images -------------------------------------------------------------------------------------


def test_an_image_gets_files_only() -> None:
    host = State(running=False, boot=SYSTEMD, files=(conf("/etc/sysctl.d/a.conf", THREADS + "=7"),))
    made = plan(host, wanted({THREADS: 5000, SWAPPINESS: 10}), Context())
    assert [type(act) for act in made.acts] == [WriteFile]
    assert file_after(made) == {"kernel/threads-max": "5000", "vm/swappiness": "10"}
    assert [(one.before, one.persistent) for one in made.changes] == [("7", "7"), (None, None)]


# --- properties ---------------------------------------------------------------------------------

NAMES = (THREADS, PID_MAX, SWAPPINESS, "vm.max_map_count", "fs.aio-max-nr", "vm.dirty_ratio")
NUMBERS = st.integers(1000, 4000000)
MAPS = st.dictionaries(st.sampled_from(NAMES), NUMBERS)


def performed(host: State, made: Plan) -> State:
    """The state after the acts of a plan."""
    keys = dict(host.keys)
    files, own = host.files, host.own
    for act in made.acts:
        if isinstance(act, SetKernel):
            keys[act.path] = replace(keys[act.path], value=act.after)
        elif isinstance(act, WriteFile):
            files = with_content(files, act.path, act.after)
            own = act.after if act.path == OWN else own
    return replace(host, keys=keys, files=files, own=own)


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
