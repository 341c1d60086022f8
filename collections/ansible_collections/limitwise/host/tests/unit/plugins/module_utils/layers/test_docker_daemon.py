# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the docker_daemon layer writes, whose keys are whose, and what it reads back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import errors
from ansible_collections.limitwise.host.plugins.module_utils.formats import keyed
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker import (
    record as docker_record,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.state import DAEMON_JSON
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.layers.docker_cases import (
    HARD,
    LAYER,
    NOFILE,
    UP,
    after,
    codes,
    files,
    plan,
    pokes,
    state,
    wanted,
)

# --- writing -------------------------------------------------------------------------------------


def test_absent_file_is_made():
    made = plan(state(), {"live-restore": True})
    image = files(made)[DAEMON_JSON]
    assert (image.data, image.mode, image.uid) == (b'{\n  "live-restore": true\n}\n', 0o644, 0)
    assert pokes(made) == []
    (change,) = made.changes
    assert (change.key, change.before, change.after) == ("/live-restore", None, "true")
    assert (change.takes_effect, change.file) == ("none", DAEMON_JSON)


def test_merge_touches_only_what_it_must():
    text = '{\n\t"x-later": {"b": 1, "a": 2},\n\t"default-ulimits": {},\n\t"debug": false\n}\n'
    made = plan(state(text), {"default-ulimits": NOFILE, "max-concurrent-downloads": 5})
    image = files(made)[DAEMON_JSON]
    lines = image.data.decode().splitlines()
    assert lines[1] == '\t"x-later": {"b": 1, "a": 2},'
    assert '\t"debug": false,' in lines
    assert json.loads(image.data)["default-ulimits"] == NOFILE
    assert (image.mode, image.uid, image.gid) == (0o640, 3, 4)


def test_record_is_written_before_the_file():
    made = plan(state(), {"live-restore": True})
    assert [act.path for act in made.acts] == [docker_record.RECORD, DAEMON_JSON]
    record = docker_record.read(files(made)[docker_record.RECORD])
    assert (record.owner, record.created) == ("fleet", True)
    assert record.keys == {"/live-restore": docker_record.Ours("true")}


@pytest.mark.parametrize(
    ("have", "want", "written"),
    [
        (1048576, 65536, None),
        (65536, 65536, None),
        (-1, 65536, None),
        (1024, 65536, 65536),
        (1024, -1, -1),
    ],
)
def test_floors_are_only_raised(have, want, written):
    section = {"nofile": {"Name": "nofile", "Soft": 1, "Hard": have}}
    before = state(json.dumps({"default-ulimits": section}))
    made = plan(before, {"default-ulimits": {"nofile": {"Hard": want}}})
    if written is None:
        assert made == LAYER.plan(state(None), (), Context())
    else:
        (change,) = made.changes
        assert (change.key, change.before, change.after) == (HARD, str(have), str(written))


@pytest.mark.parametrize("allowed", [HARD, "default-ulimits"])
def test_floors_are_lowered_where_the_policy_says_so(allowed):
    text = json.dumps({"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 9000}}})
    made = plan(
        state(text), {"default-ulimits": {"nofile": {"Hard": 100}}},
        policy=Policy(allow_lowering=(allowed,)),
    )
    assert [change.after for change in made.changes] == ["100"]


@pytest.mark.parametrize(
    ("have", "want", "changes"),
    [("64M", "128m", 1), ("1g", "128M", 0), ("128M", "128M", 0), ("65536k", "64M", 0)],
)
def test_sizes_are_compared_in_bytes(have, want, changes):
    made = plan(state(json.dumps({"default-shm-size": have})), {"default-shm-size": want})
    assert len(made.changes) == changes


def test_exact_values_go_up_and_down():
    made = plan(state('{"max-concurrent-downloads": 10}'), {"max-concurrent-downloads": 3})
    assert [(c.before, c.after) for c in made.changes] == [("10", "3")]


def test_true_is_not_one():
    assert len(plan(state('{"live-restore": 1}'), {"live-restore": True}).changes) == 1


def test_ulimits_keep_the_spelling_of_the_file():
    text = '{"default-ulimits": {"nofile": {"name": "nofile", "soft": 5, "hard": 10}}}'
    made = plan(state(text), {"default-ulimits": NOFILE})
    assert json.loads(files(made)[DAEMON_JSON].data) == {
        "default-ulimits": {"nofile": {"name": "nofile", "soft": 65536, "hard": 65536}}
    }


def test_value_in_the_way():
    made = plan(state('{\n"log-opts": "max-size=1m"}'), {"log-opts": {"max-size": "1m"}})
    assert (codes(made.findings), made.acts) == (["LW416"], ())


def test_empty_object_is_satisfied_by_a_full_one():
    assert plan(state('{"log-opts": {"max-size": "1m"}}'), {"log-opts": {}}).acts == ()


@pytest.mark.parametrize("text", ["[]", '{"a": 1,}', '\ufeff{}', "\0", '{"debug": tru}'])
def test_broken_file_is_left_alone(text):
    made = plan(state(text), {"live-restore": True})
    assert (codes(made.findings), made.acts) == (["LW401"], ())
    assert made.findings[0].place.line == 1


# --- ownership -----------------------------------------------------------------------------------


def test_purge_takes_back_only_what_is_ours():
    first = state('{"max-concurrent-uploads": 9, "live-restore": false}')
    made = after(first, plan(first, {"live-restore": True, "max-concurrent-downloads": 7}))
    # somebody else adds a key, and changes one of ours
    data = made.image.data.replace(b"7", b"8").replace(b"{", b'{"icc": true, ', 1)
    edited = replace(
        made, image=replace(made.image, data=data), values=keyed.values("json_text", data)
    )
    purged = plan(edited, {})
    assert json.loads(files(purged)[DAEMON_JSON].data) == {
        "icc": True, "max-concurrent-uploads": 9, "live-restore": False,
        "max-concurrent-downloads": 8,
    }
    (change,) = purged.changes
    assert (change.key, change.before, change.after) == ("/live-restore", "true", "false")
    assert files(purged)[docker_record.RECORD] is None


def test_without_purge_nothing_goes():
    made = after(state(), plan(state(), {"live-restore": True}))
    assert plan(made, {}, purge=False).acts == ()


def test_file_that_we_made_goes_when_it_is_empty():
    made = after(state(), plan(state(), {"default-ulimits": NOFILE}))
    assert files(plan(made, {})) == {docker_record.RECORD: None, DAEMON_JSON: None}


def test_file_of_others_stays_when_it_is_empty():
    first = state("{}")
    made = after(first, plan(first, {"live-restore": True}))
    assert files(plan(made, {}))[DAEMON_JSON].data.strip() == b"{}"


def test_other_owner_is_refused_unless_adopted():
    made = after(state(), plan(state(), {"live-restore": True}))
    other = plan(made, {"live-restore": True}, owner="operator")
    assert (codes(other.findings), other.acts) == (["LW601"], ())
    adopted = plan(made, {"live-restore": True}, owner="operator", adopt=True)
    assert list(files(adopted)) == [docker_record.RECORD]
    theirs = after(made, adopted)
    assert theirs.record.owner == "operator"
    assert plan(theirs, {"live-restore": True}, owner="operator").acts == ()


LEAVES = {
    "/live-restore": st.booleans(),
    "/max-concurrent-downloads": st.integers(0, 20),
    "/default-ulimits/nofile/Hard": st.integers(-1, 5),
    "/default-ulimits/nofile/Soft": st.integers(-1, 5),
    "/log-opts/max-size": st.sampled_from(["1m", "2m"]),
    "/default-address-pools": st.just([{"base": "10.0.0.0/8", "size": 24}]),
}


def documents():
    return st.fixed_dictionaries({}, optional=LEAVES).map(nested)


def nested(leaves):
    document = {}
    for key, value in leaves.items():
        *way, last = key[1:].split("/")
        place = document
        for part in way:
            place = place.setdefault(part, {})
        place[last] = value
    return document


@given(documents(), documents(), documents(), st.sampled_from([None, 2, "\t"]))
def test_any_merge_settles_and_goes_back(have, first, second, indent):
    start = state(json.dumps(have, indent=indent))
    once = after(start, plan(start, first))
    assert plan(once, first).acts == ()
    for item in wanted(first):
        assert item.key in once.values
    twice = after(once, plan(once, second))
    assert plan(twice, second).acts == ()
    assert after(twice, plan(twice, {})).values == start.values


# --- reading back --------------------------------------------------------------------------------


def verified(before, section, changes=()):
    return LAYER.verify(before, wanted(section), changes)


def test_verdict_after_a_reload():
    before = state(running=UP)
    made = plan(before, {"live-restore": True})
    now = replace(UP, shown={"/live-restore": "true"}, containers=2)
    verdict = verified(after(before, made, running=now, changed=1500), {"live-restore": True},
                       made.changes)
    (change,) = verdict.changes
    assert (change.runtime, change.persistent, change.takes_effect) == ("true", "true", "none")
    assert [finding.message for finding in verdict.findings] == ["2 containers run after this run"]


def test_verdict_of_a_signal_that_came_to_nothing():
    before = state(running=UP)
    made = plan(before, {"live-restore": True})
    verdict = verified(after(before, made, changed=1500), {"live-restore": True}, made.changes)
    assert "LW603" in codes(errors(verdict.findings))
    assert verdict.changes[0].takes_effect == "reload"


def test_verdict_while_a_restart_is_due():
    before = state(running=UP)
    made = plan(before, {"default-ulimits": NOFILE})
    verdict = verified(after(before, made, changed=1500), {"default-ulimits": NOFILE}, made.changes)
    assert {c.takes_effect for c in verdict.changes} == {"restart"}
    assert {(c.key, c.runtime, c.persistent) for c in verdict.changes} >= {(HARD, None, "65536")}
    # the same words as the plan's, so that a report says them once
    assert set(made.findings) & set(verdict.findings)


def test_verdict_of_a_file_that_somebody_overwrote():
    verdict = verified(state("{}"), {"live-restore": True})
    assert codes(verdict.findings) == ["LW604"]


def test_verdict_of_a_floor_that_is_higher():
    text = json.dumps({"default-ulimits": {"nofile": {"Name": "nofile", "Soft": -1, "Hard": -1}}})
    assert verified(state(text), {"default-ulimits": NOFILE}).findings == ()


@pytest.mark.parametrize(("defined", "found"), [(True, []), (False, ["LW411"])])
def test_slice_without_limits(defined, found):
    before = state('{"cgroup-parent": "x.slice"}', limited={"x.slice": defined}, has_systemd=True)
    assert codes(verified(before, {"cgroup-parent": "x.slice"}).findings) == found


def test_secrets_of_the_file_do_not_show_in_changes():
    made = plan(state('{"log-opts": {"splunk-token": "hunter2"}}'),
                {"log-opts": {"splunk-token": "hunter3"}})
    assert [(c.before, c.after, c.persistent) for c in made.changes] == [("***", "***", "***")]


def test_image_has_no_runtime():
    made = plan(state('{"live-restore": false}'), {"live-restore": True})
    assert (made.changes[0].before, made.changes[0].runtime) == ("false", None)
