# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit directives: consistent tables, names by section, values that systemd would drop."""

from __future__ import annotations

from collections import Counter
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.catalogue import (
    limits,
    unit_directives,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.classes import (
    ALL,
    CAP,
    EXACT,
    FLOOR,
    REFUSED,
    WEIGHT,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.kinds import KINDS
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.unit_directive import (
    Directive,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.unit_directives import (
    check_value,
    is_known,
    lookup,
    nearest_directive,
    settable,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.unit_names import KNOWN
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.unit_table import DIRECTIVES


def directive(name: str) -> Directive:
    found = lookup(name)
    assert found is not None, name
    return found


def test_no_directive_is_listed_twice() -> None:
    assert [n for n, count in Counter(d.name for d in DIRECTIVES).items() if count > 1] == []


@pytest.mark.parametrize("entry", DIRECTIVES, ids=lambda entry: entry.name)
def test_an_entry_is_consistent(entry: Directive) -> None:
    assert entry.kind in KINDS
    assert entry.klass in ALL
    assert entry.takes_effect in ("none", "restart")
    assert all(is_known(section, entry.name) for section in entry.sections)
    assert (entry.low is None) == (entry.high is None) == (not entry.range_in_words)
    if entry.replacement:
        assert settable(entry.replacement)
        assert not settable(entry.name)


def test_every_rlimit_has_a_directive_and_an_item() -> None:
    of_units = {entry.rlimit for entry in DIRECTIVES if entry.rlimit}
    assert of_units == {entry.rlimit for entry in limits.ITEMS if entry.rlimit}
    for name in of_units:
        found = unit_directives.of_rlimit(str(name))
        assert found is not None
        assert found.name == "Limit" + str(name)[len("RLIMIT_") :]


@pytest.mark.parametrize(
    ("name", "klass", "section", "takes_effect"),
    [
        ("TasksMax", CAP, "Slice", "none"),
        ("MemoryMax", CAP, "Slice", "none"),
        ("MemoryHigh", CAP, "Scope", "none"),
        ("MemorySwapMax", CAP, "Service", "none"),
        ("MemoryLow", EXACT, "Slice", "none"),
        ("CPUQuota", CAP, "Slice", "none"),
        ("CPUWeight", WEIGHT, "Slice", "none"),
        ("IOWeight", WEIGHT, "Slice", "none"),
        ("AllowedCPUs", EXACT, "Slice", "none"),
        ("OOMPolicy", EXACT, "Service", "none"),
        ("LimitNOFILE", FLOOR, "Service", "restart"),
        ("LimitNPROC", FLOOR, "Service", "restart"),
        ("LimitCORE", CAP, "Service", "restart"),
        ("OOMScoreAdjust", EXACT, "Service", "restart"),
    ],
)
def test_what_people_set(name: str, klass: str, section: str, takes_effect: str) -> None:
    found = directive(name)
    assert found.klass == klass
    assert section in found.sections
    assert found.takes_effect == takes_effect
    assert settable(name)


@pytest.mark.parametrize(
    "name",
    [
        "ExecStart", "ExecStartPre", "ExecStartPost", "ExecStop", "ExecReload", "ExecCondition",
        "Environment", "EnvironmentFile", "PassEnvironment", "User", "Group", "DynamicUser",
        "SupplementaryGroups", "Delegate", "Slice", "IPAddressAllow", "IPAddressDeny",
        "DeviceAllow", "DevicePolicy", "DisableControllers", "BPFProgram", "RootDirectory",
        "RootImage", "BindPaths", "CapabilityBoundingSet", "AmbientCapabilities",
        "NoNewPrivileges", "ProtectSystem", "PrivateTmp", "SystemCallFilter", "PAMName",
        "WorkingDirectory", "Type", "Restart", "KillMode", "OnFailure", "Requires", "WantedBy",
        "SocketBindAllow", "NFTSet", "IPIngressFilterPath", "LoadCredential", "CPUAffinity",
        "MemoryLimit", "CPUShares", "BlockIOWeight", "TaskMax", "memorymax", "",
    ],
)  # fmt: skip
def test_what_a_tuning_may_not_set(name: str) -> None:
    assert not settable(name)
    assert unit_directives.refusal(name)


@pytest.mark.parametrize(
    ("section", "name", "known"),
    [
        ("Service", "ExecStart", True),
        ("Service", "LimitNOFILE", True),
        ("Service", "Delegate", True),
        ("Service", "RestartSteps", True),
        ("Service", "X-Vendor", True),
        ("X-Vendor", "Anything", True),
        ("Slice", "TasksMax", True),
        ("Slice", "LimitNOFILE", False),
        ("Slice", "Delegate", False),
        ("Slice", "Slice", False),
        ("Slice", "ExecStart", False),
        ("Scope", "OOMPolicy", True),
        ("Scope", "LimitNOFILE", False),
        ("Unit", "Description", True),
        ("Unit", "StartLimitIntervalSec", True),
        ("Unit", "TasksMax", False),
        ("Install", "WantedBy", True),
        ("Socket", "ListenStream", True),
        ("Timer", "OnCalendar", True),
        ("Path", "PathExists", True),
        ("Mount", "Where", True),
        ("Swap", "Priority", True),
        ("Automount", "TimeoutIdleSec", True),
        ("Slices", "TasksMax", False),
    ],
)
def test_names_by_section(section: str, name: str, known: bool) -> None:
    assert is_known(section, name) is known


def test_where_a_misplaced_name_belongs() -> None:
    assert "Service" in unit_directives.sections_of("LimitNOFILE")
    assert "Slice" not in unit_directives.sections_of("LimitNOFILE")
    assert unit_directives.sections_of("NoSuchThing") == ()


@pytest.mark.parametrize(
    ("section", "word", "meant"),
    [
        ("Slice", "TaskMax", "TasksMax"),
        ("Slice", "tasksmax", "TasksMax"),
        ("Slice", "MemoryMAx", "MemoryMax"),
        ("Slice", "CpuQuota", "CPUQuota"),
        ("Slice", "CPUQuotas", "CPUQuota"),
        ("Slice", "MemorySwapsMax", "MemorySwapMax"),
        ("Service", "LimitNOFILES", "LimitNOFILE"),
        ("Service", "LimitNOFiles", "LimitNOFILE"),
        ("Service", "nofile", "LimitNOFILE"),
        ("Service", "RLIMIT_NPROC", "LimitNPROC"),
        ("Service", "ExecStrat", "ExecStart"),
        ("Slice", "nofile", None),
        ("Slice", "Bananas", None),
    ],
)
def test_nearest_directive(section: str, word: str, meant: Optional[str]) -> None:
    assert nearest_directive(section, word) == meant


def test_nearest_section() -> None:
    assert unit_directives.nearest_section("Slices") == "Slice"
    assert unit_directives.nearest_section("service") == "Service"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TasksMax", "65536"),
        ("TasksMax", "infinity"),
        ("TasksMax", "33%"),
        ("TasksMax", ""),
        ("MemoryMax", "80%"),
        ("MemoryMax", "16G"),
        ("MemoryHigh", "infinity"),
        ("MemorySwapMax", "0"),
        ("CPUQuota", "1600%"),
        ("CPUWeight", "idle"),
        ("CPUQuotaPeriodSec", "100ms"),
        ("OOMPolicy", "continue"),
        ("LimitNOFILE", "1024:1048576"),
        ("LimitCORE", "infinity"),
        ("IOReadBandwidthMax", "/dev/sda 5M"),
        ("ManagedOOMMemoryPressureDurationSec", "20s"),
    ],
)
def test_right_values(name: str, text: str) -> None:
    assert check_value(directive(name), text) == ()


@pytest.mark.parametrize(
    ("name", "text", "suggestion"),
    [
        ("MemoryMax", "128g", "128G"),
        ("MemoryMax", "2GB", "2G"),
        ("MemoryMax", "16G # cap", None),
        ("MemoryMax", "0", None),
        ("TasksMax", "unlimited", "infinity"),
        ("TasksMax", "0", None),
        ("CPUQuota", "50", "50%"),
        ("CPUWeight", "20000", None),
        ("CPUQuotaPeriodSec", "10s", None),
        ("OOMPolicy", "Continue", "continue"),
        ("LimitNOFILE", "unlimited", "infinity"),
        ("ManagedOOMMemoryPressureDurationSec", "500ms", None),
    ],
)
def test_wrong_values(name: str, text: str, suggestion: Optional[str]) -> None:
    (problem,) = check_value(directive(name), text)
    assert problem.severity == "error"
    assert problem.suggestion == suggestion


def test_a_deprecated_name_says_what_to_use() -> None:
    (problem,) = check_value(directive("MemoryLimit"), "1G")
    assert problem.severity == "warning"
    assert problem.suggestion == "MemoryMax"


@given(st.sampled_from(DIRECTIVES), st.text("0123456789kMG%: /infty", max_size=16))
def test_any_value_can_be_checked(entry: Directive, text: str) -> None:
    for problem in check_value(entry, text):
        assert problem.message


@pytest.mark.parametrize("section", sorted(KNOWN))
def test_a_known_name_is_the_nearest_to_its_own_lower_case(section: str) -> None:
    folded = Counter(name.lower() for name in KNOWN[section])
    for name in KNOWN[section]:
        old = lookup(name)
        if folded[name.lower()] == 1 and not (old and old.klass == REFUSED):
            assert nearest_directive(section, name.lower()) == name
