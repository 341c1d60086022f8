# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan and the verdict of the docker_daemon layer: pure, from states to acts and findings."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage, Poke, WriteFile
from ansible_collections.limitwise.host.plugins.module_utils.findings import Place, errors
from ansible_collections.limitwise.host.plugins.module_utils.formats import keyed
from ansible_collections.limitwise.host.plugins.module_utils.formats.text import FormatError
from ansible_collections.limitwise.host.plugins.module_utils.layers import docker_record
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker_daemon import (
    DockerDaemonLayer,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker_flags import Flag, Start
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker_pools import Route
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker_running import Running
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker_state import (
    DAEMON_JSON,
    DockerState,
)
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

LAYER = DockerDaemonLayer()
RELOAD = ("systemctl", "try-reload-or-restart", "docker.service")
RESTART = ("systemctl", "try-restart", "docker.service")
IF_NEEDED = Policy(restart="if-needed")
NOFILE = {"nofile": {"Name": "nofile", "Soft": 65536, "Hard": 65536}}
HARD = "/default-ulimits/nofile/Hard"
UP = Running("boot:1:2", 1000, shown={"/live-restore": "false"}, containers=0)


def wanted(section):
    tuning, findings = read({"docker_daemon": section})
    assert findings == ()
    return tuning.items


def state(text=None, **words):
    """A host with this daemon.json; without ``running`` no daemon runs."""
    data = text.encode() if isinstance(text, str) else text
    image = None if data is None else FileImage(data, 0o640, 3, 4)
    known = {"values": {}, "lines": {}, "broken": None}
    try:
        known["values"] = keyed.values("json_text", data or b"")
        known["lines"] = {
            key: place[0] for key, place in keyed.places("json_text", data or b"").items()
        }
    except FormatError as error:
        known["broken"] = error
    if words.get("running") is not None:
        words = {"reload": RELOAD, "restart": RESTART, **words}
    changed = None if image is None else 500
    return DockerState(image=image, **{"changed": changed, **known, **words})


def files(plan):
    return {act.path: act.after for act in plan.acts if isinstance(act, WriteFile)}


def pokes(plan):
    return [act.argv for act in plan.acts if isinstance(act, Poke)]


def codes(findings):
    return sorted(finding.code for finding in findings)


def after(before, plan, **words):
    """The state once a plan has been performed: the files written, the daemon as ``words`` say."""
    written = files(plan)
    image = written.get(DAEMON_JSON, before.image)
    record = written.get(docker_record.RECORD, before.record_image)
    fresh = state(None if image is None else image.data)
    return replace(
        before, image=image, values=fresh.values, lines=fresh.lines, record_image=record,
        record=docker_record.read(record), **words,
    )


def plan(before, section, **words):
    return LAYER.plan(before, wanted(section), Context(**words))


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


# --- what dockerd would refuse -------------------------------------------------------------------


def test_flag_conflict_names_the_unit():
    place = Place("/etc/systemd/system/docker.service.d/a.conf", 3)
    start = Start("docker.service", (Flag("live-restore", "", place), Flag("host", "fd://", place)))
    made = plan(state('{"debug": true}', start=start), {"live-restore": True})
    (conflict,) = errors(made.findings)
    assert (conflict.code, conflict.place) == ("LW406", place)
    assert "--live-restore of docker.service" in conflict.message


def test_flag_with_another_name_than_its_key():
    start = Start("/etc/init.d/docker", (Flag("default-ulimit", "nofile=1:2"),))
    made = plan(state(start=start), {"default-ulimits": NOFILE})
    assert codes(errors(made.findings)) == ["LW406"]


def test_flag_of_the_running_daemon_only():
    running = replace(UP, flags=(Flag("default-shm-size", "1g"),))
    made = plan(state(running=running), {"default-shm-size": "2g"})
    (conflict,) = errors(made.findings)
    assert "the running dockerd" in conflict.message


def test_conflict_of_a_key_of_others_is_fatal_only_when_dockerd_is_poked():
    start = Start("docker.service", (Flag("host", "fd://"),))
    text = '{"hosts": ["fd://"]}'
    section = {"live-restore": True}
    assert errors(plan(state(text, start=start), section).findings) == []
    assert codes(errors(plan(state(text, start=start, running=UP), section).findings)) == ["LW406"]


def test_runtimes_may_be_in_both():
    start = Start("docker.service", (Flag("add-runtime", "a=/b"),))
    made = plan(state('{"runtimes": {"c": {"path": "/d"}}}', start=start), {"live-restore": True})
    assert made.findings == ()


def test_credentials_of_a_flag_are_not_shown():
    start = Start("docker.service", (Flag("http-proxy", "http://u:hunter2@p"),))
    text = '{"proxies": {"http-proxy": "http://u:hunter2@p"}}'
    made = plan(state(text, start=start), {"live-restore": True})
    assert codes(made.findings) == ["LW406"]
    assert "hunter2" not in str(made.findings)


@pytest.mark.parametrize(
    ("text", "changed", "fatal"),
    [
        # an unknown key that the running daemon has started with is none of our business
        ('{"from-the-future": 1}', 500, False),
        ('{"from-the-future": 1}', 1500, True),
        ('{"registry-mirror": []}', 1500, False),
    ],
)
def test_mistakes_of_others(text, changed, fatal):
    made = plan(state(text, running=UP, changed=changed), {"live-restore": True})
    assert bool(errors(made.findings)) == fatal
    assert codes(made.findings)[0] in ("LW402", "LW403")


def test_a_write_of_ours_proves_nothing_of_what_others_wrote():
    before = state('{"from-the-future": 1}', running=UP, changed=1500)
    quiet = {"log-opts": {"max-size": "1m"}}
    once = after(before, plan(before, quiet), changed=1600)
    made = plan(once, {**quiet, "live-restore": True})
    assert codes(errors(made.findings)) == ["LW402"]
    # a daemon that had started with them goes on to be poked after writes of ours
    older = replace(before, changed=500)
    once = after(older, plan(older, quiet), changed=1600)
    assert errors(plan(once, {**quiet, "live-restore": True}).findings) == []


@pytest.mark.parametrize(
    ("driver", "text", "parent", "found"),
    [
        ("systemd", "{}", "docker.slice", []),
        ("systemd", "{}", "docker", ["LW410"]),
        ("systemd", "{}", ".slice", ["LW410"]),
        ("cgroupfs", "{}", "docker", []),
        ("", "{}", "docker", []),
        ("cgroupfs", '{"exec-opts": ["native.cgroupdriver=systemd"]}', "docker", ["LW410"]),
    ],
)
def test_cgroup_parent(driver, text, parent, found):
    made = plan(state(text, running=replace(UP, cgroup_driver=driver)), {"cgroup-parent": parent})
    assert codes(errors(made.findings)) == found


def test_live_restore_in_a_swarm():
    made = plan(state(running=replace(UP, swarm=True)), {"live-restore": True})
    assert codes(errors(made.findings)) == ["LW412"]


def test_pools_are_counted_and_held_against_the_routes():
    route = Route(ipaddress.IPv4Network("10.201.0.0/16"), "eth0")
    made = plan(
        state(routes=(route,)), {"default-address-pools": [{"base": "10.200.0.0/13", "size": 24}]}
    )
    messages = {finding.code: finding.message for finding in made.findings}
    assert sorted(messages) == ["LW408", "LW409"]
    assert "2048 networks" in messages["LW409"]
    assert "10.201.0.0/16, which this host reaches over eth0" in messages["LW408"]


@pytest.mark.parametrize(
    ("version", "key", "value", "found"),
    [
        ("26.1.5+dfsg1", "default-stop-timeout", 5, ["LW417"]),
        ("29.0.1", "default-stop-timeout", 5, []),
        ("20.10.24", "oom-score-adjust", -500, []),
        ("26.1.5", "oom-score-adjust", -500, ["LW417"]),
        ("", "default-stop-timeout", 5, []),
        ("dev", "default-stop-timeout", 5, []),
    ],
)
def test_keys_of_other_versions(version, key, value, found):
    made = plan(state(running=replace(UP, version=version)), {key: value})
    assert codes(errors(made.findings)) == found


# --- coming into force ---------------------------------------------------------------------------


def test_signal_for_keys_that_are_reloaded():
    made = plan(state(running=UP), {"max-concurrent-downloads": 5})
    assert pokes(made) == [RELOAD]
    assert [change.takes_effect for change in made.changes] == ["none"]


def test_key_that_needs_a_restart_waits_for_it():
    made = plan(state(running=UP), {"default-ulimits": NOFILE})
    assert pokes(made) == []
    assert {(c.takes_effect, c.applies_to) for c in made.changes} == {("restart", "new-containers")}
    assert codes(made.findings) == ["LW610"]


def test_restart_where_the_policy_allows_it():
    section = {"default-ulimits": NOFILE, "max-concurrent-downloads": 5}
    made = plan(state(running=UP), section, policy=IF_NEEDED)
    assert pokes(made) == [RESTART]
    assert {change.takes_effect for change in made.changes} == {"none"}


@pytest.mark.parametrize(
    ("containers", "live", "found"),
    [(0, "false", ["LW414"]), (3, "false", ["LW413", "LW414"]), (3, "true", ["LW414"])],
)
def test_containers_that_a_restart_stops(containers, live, found):
    running = replace(UP, containers=containers, shown={"/live-restore": live})
    made = plan(state(running=running), {"default-ulimits": NOFILE}, policy=IF_NEEDED)
    assert codes(made.findings) == found


def test_no_command_to_signal_the_daemon():
    made = plan(state(running=UP, reload=(), restart=()), {"max-concurrent-downloads": 5})
    assert pokes(made) == []
    assert codes(made.findings) == ["LW415", "LW610"]
    assert [change.takes_effect for change in made.changes] == ["reload"]


def test_no_way_to_restart():
    before = state(running=UP, restart=())
    made = plan(before, {"default-ulimits": NOFILE}, policy=IF_NEEDED)
    assert pokes(made) == []
    assert codes(made.findings) == ["LW610"]


def test_removed_key_that_a_signal_does_not_reset():
    first = state(running=UP)
    made = after(first, plan(first, {"shutdown-timeout": 99, "max-concurrent-downloads": 9}))
    purged = plan(made, {})
    waits = {change.key: change.takes_effect for change in purged.changes}
    assert waits == {"/shutdown-timeout": "restart", "/max-concurrent-downloads": "none"}
    assert pokes(purged) == [RELOAD]
    verdict = LAYER.verify(after(made, purged, changed=2000), (), purged.changes)
    left = {change.key: change.takes_effect for change in verdict.changes}
    assert left == waits


def test_file_right_but_daemon_old():
    before = state(json.dumps({"default-ulimits": NOFILE}), running=UP, changed=1500)
    waiting = plan(before, {"default-ulimits": NOFILE})
    assert (waiting.acts, waiting.changes, codes(waiting.findings)) == ((), (), ["LW610"])
    caught = plan(before, {"default-ulimits": NOFILE}, policy=IF_NEEDED)
    assert [type(act) for act in caught.acts] == [Poke]
    assert {change.takes_effect for change in caught.changes} == {"none"}


def test_file_right_and_daemon_younger():
    before = state(json.dumps({"default-ulimits": NOFILE}), running=UP, changed=500)
    assert plan(before, {"default-ulimits": NOFILE}) == plan(state(), {})


def test_pools_compare_by_what_they_cover():
    section = {"default-address-pools": [{"base": "10.200.0.9/13", "size": 24}]}
    told = '[{"base":"10.200.0.0/13","size":24}]'
    running = replace(UP, shown={**UP.shown, "/default-address-pools": told})
    made = plan(state(json.dumps(section), running=running), section, policy=IF_NEEDED)
    assert made.acts == ()
    # a file of others that holds nonsense there is no reason to fail
    odd = plan(state('{"default-address-pools": [{"base": "x", "size": 1}]}'), section)
    assert len(odd.changes) == 1


@pytest.mark.parametrize(
    ("key", "value", "default"),
    [("live-restore", True, "false"), ("log-driver", "local", '"json-file"')],
)
def test_key_that_is_gone_is_at_its_default(key, value, default):
    first = state(running=UP)
    made = after(first, plan(first, {key: value}), changed=1500)
    shows = {"/live-restore": "false", "/" + key: json.dumps(value)}
    purged = plan(replace(made, running=replace(UP, shown=shows)), {}, policy=IF_NEEDED)
    assert pokes(purged) == [RESTART]
    reborn = replace(UP, since=3000, shown={**shows, "/" + key: default})
    (change,) = LAYER.verify(
        after(made, purged, changed=2000, running=reborn), (), purged.changes
    ).changes
    assert (change.takes_effect, change.persistent) == ("none", None)


def test_live_restore_that_was_never_reloaded():
    made = plan(state('{"live-restore": true}', running=UP, changed=1500), {"live-restore": True})
    assert [act.argv for act in made.acts] == [RELOAD]
    (change,) = made.changes
    assert (change.before, change.after, change.persistent) == ("false", "true", "true")


def test_witness_outlives_later_reloads():
    """A file made newer by a reload says nothing against keys the daemon had started with."""
    before = state(json.dumps({"default-ulimits": NOFILE}), running=UP, changed=500)
    section = {"default-ulimits": NOFILE, "max-concurrent-downloads": 4}
    later = after(before, plan(before, section), changed=1500)
    settled = plan(later, section, policy=IF_NEEDED)
    assert (settled.acts, settled.findings) == ((), ())
    # and what was pending stays pending until that very daemon is gone
    pending = {**section, "cgroup-parent": "x.slice"}
    wrote = after(later, plan(later, pending), changed=1600)
    assert codes(plan(wrote, pending).findings) == ["LW610"]
    reborn = replace(wrote, running=replace(UP, identity="boot:9:9", since=1700))
    assert plan(reborn, pending).findings == ()


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
