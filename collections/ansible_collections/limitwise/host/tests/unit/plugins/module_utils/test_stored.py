# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acts on disk: whatever bytes, names and values they hold come back the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils import stored
from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    Act,
    FileImage,
    MakeDirectory,
    Poke,
    RecordCgroup,
    SetKernel,
    WriteFile,
    ordered,
)
from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError

# What surrogateescape makes of bytes that are no text is text, too.
TEXT = st.text(st.characters(max_codepoint=0xFFFF), max_size=20)
MODE = st.integers(0, 0o7777)
OWNER = st.integers(0, 2**32 - 2)
XATTRS = st.dictionaries(TEXT, st.binary(max_size=20), max_size=3).map(
    lambda found: tuple(sorted(found.items()))
)
IMAGES = st.none() | st.builds(FileImage, st.binary(), MODE, OWNER, OWNER, XATTRS)
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(WriteFile, TEXT, TEXT, IMAGES, IMAGES, st.none() | TEXT),
    st.builds(SetKernel, TEXT, TEXT, TEXT, TEXT),
    st.builds(MakeDirectory, TEXT, TEXT, MODE),
    st.builds(RecordCgroup, TEXT, TEXT, TEXT),
    st.builds(Poke, TEXT, st.lists(TEXT).map(tuple), TEXT, st.booleans()),
)


@given(ACTS)
def test_an_act_comes_back_from_json_as_it_was(act: Act) -> None:
    assert stored.read(json.loads(json.dumps(stored.as_dict(act), ensure_ascii=True))) == act


@pytest.mark.parametrize(
    "entry",
    [
        {}, {"act": "format-disk"}, {"act": "set-kernel", "layer": "x"}, {"act": []},
        {"act": "make-directory", "layer": "x", "path": "/x", "mode": "rwx"},
        {"act": "write-file", "layer": "x", "path": "/x", "format": None, "after": None,
         "before": {"base64": "?", "mode": "0644", "uid": 0, "gid": 0}},
        {"act": "write-file", "layer": "x", "path": "/x", "format": None, "after": None,
         "before": {"text": "", "mode": "0644", "uid": None, "gid": 0}},
    ],
)
def test_what_is_no_act_is_one_clear_error(entry: Any) -> None:
    with pytest.raises(InputError, match="a stored act cannot be read"):
        stored.read(entry)


@given(st.lists(ACTS))
def test_acts_are_ordered_by_stage_and_each_is_there_once(acts: Any) -> None:
    done = ordered(acts)
    assert set(done) == set(acts)
    assert len(set(done)) == len(done)
    stages = [MakeDirectory, WriteFile, SetKernel, RecordCgroup, Poke]
    ranks = [stages.index(type(act)) for act in done]
    assert ranks == sorted(ranks)
    for stage in stages:
        own = [act for act in dict.fromkeys(acts) if isinstance(act, stage)]
        assert [act for act in done if isinstance(act, stage)] == own
