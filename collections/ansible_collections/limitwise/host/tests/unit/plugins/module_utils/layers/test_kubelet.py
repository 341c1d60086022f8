# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer kubelet over hosts made of plain files: what is read, planned, guarded and verified."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.acts import Poke, WriteFile
from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError, errors
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.kubelet.layer import (
    KubeletLayer,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.kubelet.state import RECORD
from ansible_collections.limitwise.host.plugins.module_utils.policy import Policy
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

LAYER = KubeletLayer()
CONFIG = "/var/lib/kubelet/config.yaml"
DROP_INS = "/etc/kubernetes/kubelet.d"
OWN = DROP_INS + "/zz-limitwise.conf"
TEXT = """\
# of kubeadm
apiVersion: kubelet.config.k8s.io/v1beta1
cgroupDriver: systemd
kind: KubeletConfiguration
maxPods: 110 # the default
"""
UNIT = """\
[Service]
ExecStart=/usr/bin/kubelet
"""
KUBEADM = """\
[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
"""
PODS = "/sys/fs/cgroup/kubepods.slice"
RESTART = Policy(restart="if-needed")
OLD = 3600.0


class Root:
    """A root directory that looks like a node."""

    def __init__(self, path):
        self.path = path
        self.write("/run/systemd/system/.keep", "")
        self.write("/usr/lib/systemd/systemd", "")
        self.write("/usr/lib/systemd/system/kubelet.service", UNIT)
        self.write("/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", KUBEADM)
        self.write(CONFIG, TEXT)
        self.proc("sys/kernel/random/boot_id", "b00t\n")
        self.proc("sys/kernel/pid_max", "32768\n")
        self.proc("sys/kernel/threads-max", "65536\n")
        self.proc("uptime", "100000.00 1.0\n")

    def write(self, path, data):
        file = self.path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(data)
        return file

    def read(self, path):
        return (self.path / path.lstrip("/")).read_text()

    def proc(self, path, data):
        return self.write("/proc/" + path, data)

    def kubelet(self, *flags, pid=77, age=OLD, group="0::/../../system.slice/kubelet.service\n"):
        self.proc(f"{pid}/comm", "kubelet\n")
        self.proc(f"{pid}/cmdline", "\0".join(["/usr/bin/kubelet", *flags]) + "\0")
        self.proc(f"{pid}/cgroup", group)
        ticks = int((100000.0 - age) * os.sysconf("SC_CLK_TCK"))
        self.proc(f"{pid}/stat", f"{pid} (ku (be) let) S {'0 ' * 18}{ticks} 0 0\n")

    def pods(self, limit, used, **pods):
        self.write(f"{PODS}/pids.max", f"{limit}\n")
        self.write(f"{PODS}/pids.current", f"{used}\n")
        for name, (most, now) in pods.items():
            path = f"{PODS}/kubepods-burstable.slice/kubepods-burstable-pod{name}.slice"
            self.write(f"{path}/pids.max", f"{most}\n")
            self.write(f"{path}/pids.current", f"{now}\n")

    def age(self, path, seconds):
        then = time.time() - seconds
        os.utime(self.path / path.lstrip("/"), (then, then))

    @property
    def host(self):
        return Host.mounted(str(self.path))

    @property
    def image(self):
        return Host.image(str(self.path))


@pytest.fixture
def node(tmp_path):
    """A node of kubeadm's whose kubelet has run for an hour."""
    root = Root(tmp_path)
    root.kubelet(f"--config={CONFIG}")
    root.age(CONFIG, 2 * OLD)
    root.pods(32768, 300)
    return root


def items(section):
    tuning, found = read({"kubelet": section})
    assert found == ()
    assert LAYER.check(tuning.items, frozenset()) == []
    return tuning.items


def plan(root, section, **context):
    wanted = items(section)
    return LAYER.plan(LAYER.observe(root.host, wanted), wanted, Context(**context))


def verify(root, section, changes=()):
    wanted = items(section)
    return LAYER.verify(LAYER.observe(root.host, wanted), wanted, changes)


def codes(findings):
    return [finding.code for finding in findings]


def written(made):
    return {act.path: act.after for act in made.acts if isinstance(act, WriteFile)}


def pokes(made):
    return [act.argv for act in made.acts if isinstance(act, Poke)]


def put(root, made):
    """Do the file acts of a plan."""
    for path, after in written(made).items():
        if after is None:
            (root.path / path.lstrip("/")).unlink()
        else:
            root.write(path, after.data.decode())


# --- how it is started ---------------------------------------------------------------------------


def test_the_unit_says_it_when_nothing_runs(tmp_path):
    root = Root(tmp_path)
    root.write("/var/lib/kubelet/kubeadm-flags.env", 'KUBELET_KUBEADM_ARGS="--max-pods=50"\n')
    state = LAYER.observe(root.image, ())
    assert (state.path, state.start.flags["max-pods"]) == (CONFIG, "50")
    assert state.running is None


def test_the_process_says_it_before_the_unit(node):
    node.kubelet("--config=/etc/other.yaml")
    node.write("/etc/other.yaml", TEXT)
    assert LAYER.observe(node.host, ()).path == "/etc/other.yaml"


def test_a_kubelet_in_a_container_is_not_this_node_s(tmp_path):
    root = Root(tmp_path)
    root.kubelet("--config=/x", group="0::/system.slice/docker-0123.scope\n")
    assert LAYER.observe(root.host, ()).running is None


def test_a_host_without_a_kubelet_lacks_the_layer(tmp_path):
    root = Root(tmp_path)
    assert LAYER.lacking(root.host) is None
    for path in ("", ".d/10-kubeadm.conf"):
        (tmp_path / f"usr/lib/systemd/system/kubelet.service{path}").unlink()
    assert LAYER.lacking(root.host) == "there is no kubelet"


# --- merging into the file -----------------------------------------------------------------------


def test_keys_are_merged_and_the_kubelet_s_own_thresholds_kept(node):
    made = plan(node, {"podPidsLimit": 4096, "evictionHard": {"pid.available": "10%"}})
    assert errors(made.findings) == []
    assert set(codes(made.findings)) == {"LW610", "LW810"}
    text = written(made)[CONFIG].data.decode()
    assert text.startswith(TEXT + "podPidsLimit: 4096\nevictionHard:\n")
    assert '  pid.available: "10%"\n' in text
    assert '  nodefs.available: "10%"\n' in text
    assert list(written(made)) == [RECORD, CONFIG]
    (change,) = [one for one in made.changes if one.key == "/podPidsLimit"]
    assert (change.after, change.takes_effect, change.applies_to) == (
        "4096", "restart", "new-containers"
    )
    assert pokes(made) == []


def test_thresholds_of_somebody_else_are_left_as_they_are(node):
    node.write(CONFIG, TEXT + "evictionHard: {memory.available: 1Gi}\n")
    made = plan(node, {"evictionHard": {"pid.available": 500}})
    assert 'evictionHard: {memory.available: 1Gi, pid.available: "500"}\n' in (
        written(made)[CONFIG].data.decode()
    )
    node.write(CONFIG, TEXT + "mergeDefaultEvictionSettings: true\n")
    made = plan(node, {"evictionHard": {"pid.available": 500}})
    assert [one.key for one in made.changes] == ["/evictionHard/pid.available"]


def test_a_second_plan_has_nothing_to_do_and_a_purge_gives_everything_back(node):
    section = {
        "podPidsLimit": 4096, "maxPods": 200, "systemReserved": {"pid": 2000},
        "evictionHard": {"pid.available": "10%"},
    }
    put(node, plan(node, section))
    again = plan(node, section)
    assert (again.changes, again.acts) == ((), ())
    assert codes(again.findings) == ["LW610"]
    gone = plan(node, {})
    assert written(gone)[CONFIG].data.decode() == TEXT
    assert written(gone)[RECORD] is None


def test_what_somebody_else_changed_since_is_theirs(node):
    put(node, plan(node, {"podPidsLimit": 4096}))
    node.write(CONFIG, node.read(CONFIG).replace("4096", "5000"))
    assert CONFIG not in written(plan(node, {}))


def test_json_is_merged_too(node):
    node.write(CONFIG, '{\n  "kind": "KubeletConfiguration"\n}\n')
    made = plan(node, {"podPidsLimit": 4096})
    assert written(made)[CONFIG].data.decode() == (
        '{\n  "kind": "KubeletConfiguration",\n  "podPidsLimit": 4096\n}\n'
    )


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (TEXT + "a: &x 1\n", "LW802", 6),
        (TEXT + "---\nb: 1\n", "LW802", 6),
        (TEXT + "systemReserved: [1]\n", "LW807", 6),
    ],
)
def test_what_cannot_be_edited_safely_is_not_written(node, text, code, line):
    node.write(CONFIG, text)
    made = plan(node, {"systemReserved": {"pid": 300}})
    assert made.acts == ()
    assert [(one.code, one.place.file, one.place.line) for one in errors(made.findings)] == [
        (code, CONFIG, line)
    ]


def test_a_map_that_is_named_and_empty_is_filled(node):
    node.write(CONFIG, TEXT + "systemReserved: # none yet\n")
    made = plan(node, {"systemReserved": {"pid": 300}})
    assert written(made)[CONFIG].data.decode() == (
        TEXT + 'systemReserved: # none yet\n  pid: "300"\n'
    )


def test_a_kubelet_without_files_is_refused(node):
    node.kubelet("--max-pods=5")
    assert codes(plan(node, {"maxPods": 9}).findings) == ["LW801"]
    assert plan(node, {}).findings == ()


# --- drop-ins ------------------------------------------------------------------------------------


@pytest.fixture
def dropped(node):
    """The same node with a drop-in directory."""
    node.kubelet(f"--config={CONFIG}", f"--config-dir={DROP_INS}")
    node.write(DROP_INS + "/10-site.conf", "kind: KubeletConfiguration\nmaxPods: 50\n")
    node.age(DROP_INS + "/10-site.conf", 2 * OLD)
    return node


def test_a_file_of_our_own_goes_into_the_drop_in_directory(dropped):
    made = plan(dropped, {"maxPods": 60, "evictionHard": {"pid.available": "10%"}})
    text = written(made)[OWN].data.decode()
    assert text.startswith("# Managed by Limitwise (owner: fleet).")
    assert text.endswith(
        'apiVersion: "kubelet.config.k8s.io/v1beta1"\nkind: "KubeletConfiguration"\n'
        'maxPods: 60\nevictionHard:\n  pid.available: "10%"\n'
    )
    assert [(one.key, one.before) for one in made.changes] == [
        ("/maxPods", "50"), ("/evictionHard/pid.available", None)
    ]
    put(dropped, made)
    assert plan(dropped, {"maxPods": 60, "evictionHard": {"pid.available": "10%"}}).acts == ()
    assert written(plan(dropped, {})) == {RECORD: None, OWN: None}


def test_a_file_that_is_read_after_ours_is_named(dropped):
    dropped.write(DROP_INS + "/zzz/site.conf", "kind: KubeletConfiguration\nmaxPods: 70\n")
    for _time in range(2):
        made = plan(dropped, {"maxPods": 60})
        assert [(one.code, one.place.line) for one in errors(made.findings)] == [("LW806", 2)]
        dropped.write(OWN, "apiVersion: x\nkind: KubeletConfiguration\nmaxPods: 60\n")
    dropped.write(DROP_INS + "/zzz/site.conf.off", "maxPods: 80\n")
    (dropped.path / DROP_INS.lstrip("/") / "zzz/site.conf").unlink()
    assert errors(plan(dropped, {"maxPods": 60}).findings) == []


def test_another_owner_is_refused_unless_it_is_adopted(dropped):
    put(dropped, plan(dropped, {"maxPods": 60}, owner="operator"))
    assert codes(plan(dropped, {"maxPods": 60}).findings) == ["LW601"]
    adopted = plan(dropped, {"maxPods": 60}, adopt=True)
    assert "(owner: fleet)" in written(adopted)[OWN].data.decode()
    assert "maxPods: 60\n" in written(adopted)[OWN].data.decode()


# --- flags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "section", "wrong"),
    [
        ("--pod-max-pids=1024", {"podPidsLimit": 4096}, True),
        ("--pod-max-pids=4096", {"podPidsLimit": 4096}, False),
        ("--max-pods=5", {"podPidsLimit": 4096}, False),
        ("--system-reserved=cpu=1", {"systemReserved": {"pid": 300}}, True),
        ("--system-reserved=cpu=1,pid=300", {"systemReserved": {"pid": 300}}, False),
        ("--eviction-hard=pid.available<5%", {"evictionHard": {"pid.available": "10%"}}, True),
        ("--eviction-hard=pid.available<10%", {"evictionHard": {"pid.available": "10%"}}, False),
    ],
)
def test_flags_win(node, flag, section, wrong):
    node.kubelet(f"--config={CONFIG}", flag)
    made = plan(node, section)
    assert ("LW805" in codes(errors(made.findings))) == wrong


# --- present use ---------------------------------------------------------------------------------


def test_no_limit_goes_below_what_the_pods_use(node):
    node.pods(32768, 700, aaaa1111_0=("max", 600), bbbb2222_0=(1024, 90))
    assert codes(plan(node, {"podPidsLimit": 610}).findings) == ["LW602"]
    assert codes(plan(node, {"maxPods": 1}).findings) == ["LW602"]
    assert codes(plan(node, {"systemReserved": {"pid": 32200}}).findings) == ["LW602"]
    assert errors(plan(node, {"podPidsLimit": 610}, force=True).findings) == []
    assert errors(plan(node, {"podPidsLimit": 4096, "maxPods": 2}).findings) == []
    assert LAYER.present_use(node.host, "", "/podPidsLimit") == 600


# --- in force ------------------------------------------------------------------------------------


def test_a_restart_is_made_only_where_it_is_allowed(node):
    made = plan(node, {"podPidsLimit": 4096}, policy=RESTART)
    assert pokes(made) == [("systemctl", "try-restart", "kubelet.service")]
    assert made.changes[0].takes_effect == "none"
    assert "LW610" not in codes(made.findings)


def test_a_file_that_the_running_kubelet_has_not_read_waits_for_a_restart(node):
    made = plan(node, {"podPidsLimit": 4096})
    put(node, made)
    verdict = verify(node, {"podPidsLimit": 4096}, made.changes)
    (change,) = verdict.changes
    # the record knows what the kubelet has: nothing
    assert (change.runtime, change.persistent, change.takes_effect) == (None, "4096", "restart")
    assert codes(verdict.findings) == ["LW610"]
    caught_up = plan(node, {"podPidsLimit": 4096}, policy=RESTART)
    assert [one.key for one in caught_up.changes] == ["/podPidsLimit"]
    assert written(caught_up) == {}
    assert len(pokes(caught_up)) == 1
    (node.path / "proc/77/comm").unlink()
    node.kubelet(f"--config={CONFIG}", pid=99, age=200.0)
    node.age(CONFIG, 300.0)
    after = verify(node, {"podPidsLimit": 4096}, caught_up.changes)
    assert (after.changes[0].runtime, after.changes[0].takes_effect) == ("4096", "none")
    assert after.findings == ()


def test_a_kubelet_that_does_not_come_back_takes_the_run_back(node):
    made = plan(node, {"podPidsLimit": 4096}, policy=RESTART)
    put(node, made)
    (node.path / "proc/77/comm").unlink()
    with pytest.raises(HostError, match="does not come up"):
        verify(node, {"podPidsLimit": 4096}, made.changes)


def test_a_kubelet_that_did_not_run_is_not_missed(node):
    (node.path / "proc/77/comm").unlink()
    made = plan(node, {"podPidsLimit": 4096}, policy=RESTART)
    assert (pokes(made), made.findings) == ([], ())
    put(node, made)
    assert verify(node, {"podPidsLimit": 4096}, made.changes).findings == ()


def test_kubepods_is_behind_once_the_sysctls_are_raised(node):
    node.proc("sys/kernel/pid_max", "4194304\n")
    node.proc("sys/kernel/threads-max", "100000\n")
    assert codes(verify(node, {}).findings) == ["LW809", "LW610"]
    made = plan(node, {}, policy=RESTART)
    assert len(pokes(made)) == 1
    (change,) = made.changes
    assert (change.subject, change.key, change.before, change.after) == (
        "kubepods", "pids.max", "32768", "100000"
    )
    node.pods(100000, 300)
    assert verify(node, {}, made.changes).changes[0].runtime == "100000"
    assert codes(verify(node, {}).findings) == []
    node.write(CONFIG, TEXT + "enforceNodeAllocatable: [none]\n")
    node.pods(300, 300)
    assert codes(verify(node, {}).findings) == []


def test_pods_that_keep_their_limit_are_named(node):
    node.write(CONFIG, TEXT + "podPidsLimit: 4096\n")
    node.age(CONFIG, 2 * OLD)
    node.pods(32768, 300, aaaa1111_0=("max", 10), bbbb2222_0=(4096, 9), cccc3333_0=(1024, 9))
    (finding,) = verify(node, {"podPidsLimit": 4096}).findings
    assert finding.code == "LW808"
    assert finding.message.startswith("2 pods ")
    assert "aaaa1111-0 (no limit), cccc3333-0 (1024)" in finding.message


def test_the_unit_s_own_processes_are_looked_at_first(node):
    node.write("/sys/fs/cgroup/system.slice/kubelet.service/cgroup.procs", "88\n")
    assert LAYER.observe(node.host, ()).running.identity.startswith("b00t:77:")
    node.kubelet("--config=/etc/other.yaml", pid=88)
    assert LAYER.observe(node.host, ()).running.identity.startswith("b00t:88:")


def test_changes_are_shown_as_strings(node):
    made = plan(node, {"maxPods": 200})
    (change,) = made.changes
    assert (change.before, change.after, change.persistent, change.line) == ("110", "200", "110", 5)
    assert replace(change).name == "/maxPods"
