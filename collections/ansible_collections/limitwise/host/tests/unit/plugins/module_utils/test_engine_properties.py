# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any sequence of runs and rollbacks over a system image: what was there before comes back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils import engine
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import Store
from ansible_collections.limitwise.host.plugins.module_utils.rollback import rollback
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning, read

Tree = Dict[str, Tuple[int, int, int, bytes]]
Snapshot = Callable[[Path], Tree]
FILES = {
    "etc/sysctl.d/50-site.conf": "vm.swappiness = 60\n",
    "etc/security/limits.conf": "* soft nofile 1024\n",
    "usr/lib/systemd/systemd": "",
}
SITE = "etc/sysctl.d/50-site.conf"
OWN = "etc/sysctl.d/zz-limitwise.conf"

SYSCTL = st.fixed_dictionaries({}, optional={
    "vm.swappiness": st.integers(0, 100),
    "kernel.pid_max": st.sampled_from([65536, 131072]),
    "vm.max_map_count": st.sampled_from([100000, 200000]),
})
LIMITS = st.lists(
    st.sampled_from([4096, 8192]).map(
        lambda value: {"domain": "*", "type": "hard", "item": "nofile", "value": value}
    ),
    max_size=1,
)
SLICES = st.fixed_dictionaries({}, optional={
    "user.slice": st.fixed_dictionaries({"TasksMax": st.sampled_from([1000, 2000])}),
    "user-.slice": st.fixed_dictionaries({"MemoryMax": st.sampled_from(["1G", "50%"])}),
})
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={"sysctl": SYSCTL, "limits": LIMITS, "slices": SLICES}
)


def tuning(document: Dict[str, Any]) -> Tuning:
    made, found = read(document)
    assert not found
    return made


@pytest.fixture
def system(tree: Snapshot, monkeypatch: pytest.MonkeyPatch) -> Callable[[], System]:
    # what a power cut loses is not under test here, and disks are slow
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    return lambda: System(tree)


class System:
    """A system image in a directory of its own."""

    def __init__(self, tree: Snapshot) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.root = Path(self._folder.name)
        self._tree = tree
        for name, text in FILES.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        (self.root / SITE).chmod(0o640)
        self.host = Host.image(str(self.root))

    def __enter__(self) -> System:
        return self

    def __exit__(self, *_error: object) -> None:
        self._folder.cleanup()

    def now(self) -> Tree:
        return self._tree(self.root)


PROPERTY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@PROPERTY
@given(documents=st.lists(DOCUMENTS, max_size=6), merge=st.lists(st.booleans(), min_size=6))
def test_runs_come_off_again_one_by_one(
    system: Callable[[], System], documents: List[Dict[str, Any]], merge: List[bool]
) -> None:
    with system() as it:
        stack = []
        for document, purge in zip(documents, merge):
            before = it.now()
            report = engine.apply(it.host, tuning(document), engine.Options(purge=purge))
            assert report.ok, report.findings
            if report.run_id is None:
                assert it.now() == before, "a run without an id has changed something"
            else:
                stack.append((report.run_id, before))
            again = engine.apply(it.host, tuning(document), engine.Options(purge=purge))
            assert (again.run_id, again.changes) == (None, ())
        while stack:
            run_id, before = stack.pop()
            report = rollback(it.host, "last")
            assert report.findings == ()
            assert Store(it.host).run(run_id).state == "rolled-back"
            assert it.now() == before


@PROPERTY
@given(
    steps=st.lists(
        st.one_of(DOCUMENTS, st.just("last"), st.integers(0, 5)), min_size=1, max_size=8
    )
)
def test_the_originals_come_back_after_anything(
    system: Callable[[], System], steps: List[Any]
) -> None:
    with system() as it:
        before = it.now()
        for step in steps:
            runs = [run.id for run in Store(it.host).runs()
                    if run.what == "apply" and run.state != "rolled-back"]
            if isinstance(step, dict):
                engine.apply(it.host, tuning(step))
            elif runs:
                rollback(it.host, "last" if step == "last" else runs[step % len(runs)])
        report = rollback(it.host, "original")
        assert report.findings == ()
        assert it.now() == before


@PROPERTY
@given(first=SYSCTL, second=SYSCTL)
def test_an_older_run_leaves_what_the_later_one_changed(
    system: Callable[[], System], first: Dict[str, int], second: Dict[str, int]
) -> None:
    with system() as it:
        older = engine.apply(it.host, tuning({"sysctl": first})).run_id
        if older is None:
            return
        held = _own(it)
        later = engine.apply(it.host, tuning({"sysctl": second})).run_id
        now = _own(it)
        report = rollback(it.host, older)
        changed = {key for key in {*held, *now} if held.get(key) != now.get(key)}
        assert _own(it) == {key: value for key, value in now.items() if key in changed}
        assert {finding.found for finding in report.findings} <= {later}
        # what is named is what stayed, and it can go back once the later run is off
        if report.findings and later is not None:
            assert rollback(it.host, later).ok
            assert rollback(it.host, older).findings == ()
            assert _own(it) == {}


def _own(it: System) -> Dict[str, str]:
    path = it.root / OWN
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split(" = ") for line in lines if not line.startswith("#"))
