# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our drop-ins: what is hidden is repeated, and what was repeated is known again."""

from __future__ import annotations

from typing import Dict

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.layers.units import own as unit_own

NAMES = st.sampled_from(["a.slice", "a-.slice", "a-b-.slice", "a-b-c.slice", "a-b-d.slice"])
VALUES = st.dictionaries(
    st.sampled_from(["Slice/TasksMax", "Slice/CPUWeight"]), st.sampled_from(["1", "2", "3"]),
    min_size=1,
)
WANTED = st.dictionaries(NAMES, VALUES)


@given(WANTED)
def test_files_are_complete_and_stay_so(wanted: Dict[str, Dict[str, str]]) -> None:
    files = unit_own.complete(wanted)
    assert unit_own.complete(unit_own.explicit(files)) == {
        name: values for name, values in files.items() if name in unit_own.explicit(files)
    }
    for name, values in files.items():
        for key, value in values.items():
            source = unit_own.responsible(wanted, name, key)
            assert source is not None
            assert wanted[source][key] == value


def test_a_specific_file_repeats_what_it_hides() -> None:
    wanted = {
        "user-.slice": {"Slice/TasksMax": "100", "Slice/MemoryMax": "1G"},
        "user-7.slice": {"Slice/TasksMax": "200"},
    }
    files = unit_own.complete(wanted)
    assert files["user-7.slice"] == {"Slice/TasksMax": "200", "Slice/MemoryMax": "1G"}
    assert unit_own.explicit(files) == wanted
    assert unit_own.responsible(wanted, "user-7.slice", "Slice/MemoryMax") == "user-.slice"
    assert unit_own.responsible(wanted, "user-8.slice", "Slice/TasksMax") == "user-.slice"
    assert unit_own.responsible(wanted, "user.slice", "Slice/TasksMax") is None
