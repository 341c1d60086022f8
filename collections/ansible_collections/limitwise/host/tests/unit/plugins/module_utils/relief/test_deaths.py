# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any course of an emergency, with a death at any call: the next one gives everything back."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, List
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.relief.acts import Relief
from ansible_collections.limitwise.host.plugins.module_utils.relief.descriptors import Descriptors
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Gauges
from ansible_collections.limitwise.host.plugins.module_utils.relief.plan import Raise
from ansible_collections.limitwise.host.plugins.module_utils.relief.protected import Protected
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.relief.node import (
    FILES,
    GROUPS,
    put,
)

BEFORE = {"/a.slice": "100", "/b.service": "max", "/c.slice": "300"}
CALLS = ((Descriptors, "write"), (os, "pwrite"), (os, "fdatasync"), (os, "rename"))
NAMES = sorted(BEFORE)
steps = st.one_of(
    st.tuples(st.just("raise"), st.sampled_from(NAMES), st.integers(1, 4000)),
    st.tuples(st.just("cap"), st.sampled_from(NAMES), st.integers(1, 400)),
    st.tuples(st.just("reload"), st.sampled_from(NAMES), st.just(0)),
    st.tuples(st.sampled_from(["hold", "lift", "release", "die"]), st.just(""), st.just(0)),
)


class Death(BaseException):
    """The process is no more."""


class Mortal:
    """Lets the process die at one of its calls: before it, or in the midst of a record."""

    def __init__(self, at: int) -> None:
        self.left = at

    def watched(self, owner: Any, name: str) -> Callable[..., Any]:
        real = getattr(owner, name)

        def instead(*words: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                if name == "pwrite":
                    real(words[0], words[1][: len(words[1]) // 2], *words[2:])
                raise Death
            return real(*words)

        return instead


def source(group: str) -> str:
    return f"/{GROUPS}{group}/pids.max"


class Course:
    """Relief on a node of three cgroups, step by step."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for path, text in FILES.items():
            put(root, path, text)
        for group, limit in BEFORE.items():
            put(root, source(group)[1:], limit)
            put(root, f"{GROUPS}{group}/pids.current", "20")
        self.relief = self.begun()

    def begun(self) -> Relief:
        host = Host.mounted(str(self.root))
        relief = Relief(host, Gauges(host), Protected())
        self.relief = relief
        relief.adopt()
        relief.hold()
        return relief

    def died(self) -> None:
        self.relief.gauges.close()
        self.relief.close()

    def step(self, do: str, group: str, value: int) -> None:
        if do == "raise":
            self.relief.raise_([Raise(group, source(group), group, 0, value)])
        elif do == "cap":
            self.relief.cap(group, value)
        elif do == "reload":
            put(self.root, source(group)[1:], BEFORE[group])
        elif do == "die":
            self.died()
            self.begun()
        else:
            getattr(self.relief, do)()

    def values(self) -> List[str]:
        return [(self.root / source(group)[1:]).read_text() for group in NAMES]


@example([("raise", "/a.slice", 101), ("cap", "/a.slice", 1)], 5, 1)  # a second write not made
@example([("raise", "/a.slice", 101), ("raise", "/a.slice", 202)], 5, 1)
@settings(deadline=None, max_examples=60)
@given(st.lists(steps, max_size=12), st.integers(1, 60), st.integers(1, 40))
def test_a_death_at_any_call_leaves_nothing_behind(
    course: List[Any], first: int, second: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        here = Course(Path(folder))
        for at, work in ((first, course), (second, [("release", "", 0)])):
            mortal = Mortal(at)
            with ExitStack() as stack:
                for owner, name in CALLS:
                    instead = mortal.watched(owner, name)
                    stack.enter_context(mock.patch.object(owner, name, instead))
                try:
                    for step in work:
                        here.step(*step)
                except Death:
                    pass
            here.died()
            here.begun()
        here.relief.release()
        assert (here.relief.raised, here.relief.capped) == ((), ())
        assert here.values() == [BEFORE[group] for group in NAMES]
        here.died()
        here.begun()
        assert (here.relief.raised, here.relief.capped) == ((), ())
        here.died()
