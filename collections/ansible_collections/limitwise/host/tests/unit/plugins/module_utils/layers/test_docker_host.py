# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the docker_daemon layer reads of a host: files, process, socket, dockerd's own verdict."""

from __future__ import annotations

import json
import os
import socket
import threading
import time

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError
from ansible_collections.limitwise.host.plugins.module_utils.host import docker_socket
from ansible_collections.limitwise.host.plugins.module_utils.host.commands import Completed
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker import (
    pools as docker_pools,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker import (
    record as docker_record,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker import (
    running as docker_running,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker import (
    state as docker_state,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker import (
    validate as docker_validate,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.flags import Flag
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.layer import (
    DockerDaemonLayer,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.running import shown
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

LAYER = DockerDaemonLayer()
INFO = {
    "ContainersRunning": 2, "LiveRestoreEnabled": False, "LoggingDriver": "json-file",
    "CgroupDriver": "systemd", "Swarm": {"LocalNodeState": "inactive"}, "Debug": False,
}
ROUTES = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	0100630A	0003	0	0	0	00000000	0	0	0
eth0	0000630A	00000000	0001	0	0	0	00FFFFFF	0	0	0
docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
broken	zz	00000000	0001	0	0	0	0000FFFF	0	0	0
"""


class Root:
    """A root directory that looks like a host."""

    def __init__(self, path):
        self.path = path
        self.proc("sys/kernel/random/boot_id", "b00t\n")

    def write(self, path, data):
        file = self.path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def proc(self, path, data):
        return self.write("/proc/" + path, data)

    def dockerd(self, pid=77, comm="dockerd", flags=(), cgroup="0::/system.slice/docker.service\n"):
        self.write("/var/run/docker.pid", str(pid))
        self.proc(f"{pid}/comm", comm + "\n")
        self.proc(f"{pid}/cmdline", "\0".join(["/usr/sbin/dockerd", *flags]) + "\0")
        self.proc(f"{pid}/cgroup", cgroup)
        fields = " ".join(str(number) for number in range(4, 53))
        self.proc(f"{pid}/stat", f"{pid} (dock (er) d) S {fields}\n")

    def age(self, path, seconds):
        then = time.time() - seconds
        os.utime(self.path / path.lstrip("/"), (then, then))

    def observed(self, section=None):
        return LAYER.observe(Host.mounted(str(self.path)), items(section or {}))


def items(section):
    tuning, findings = read({"docker_daemon": section})
    assert findings == ()
    return tuning.items


@pytest.fixture
def root(tmp_path):
    return Root(tmp_path)


@pytest.fixture
def answering():
    """Starts daemons that answer GET /info with one of several documents after the other."""
    servers = []

    def start(path, *answers):
        path.parent.mkdir(parents=True, exist_ok=True)
        here = os.getcwd()
        # a socket's path may hold 107 bytes only, a test's folder is longer
        os.chdir(path.parent)
        server = socket.socket(socket.AF_UNIX)
        server.bind(path.name)
        os.chdir(here)
        server.listen()
        servers.append(server)
        thread = threading.Thread(target=serve, args=(server, list(answers)), daemon=True)
        thread.start()

    yield start
    for server in servers:
        server.close()


def serve(server, answers):
    while True:
        try:
            connection = server.accept()[0]
        except OSError:
            return
        with connection:
            request = connection.recv(4096)
            assert request.startswith(b"GET /info HTTP/1.0\r\n"), request
            body = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(body, bytes):
                connection.sendall(body)
            else:
                head = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
                connection.sendall(head + json.dumps(body).encode())


@pytest.fixture
def short(tmp_path_factory, monkeypatch):
    """A root whose socket has a short name: seen from inside it."""
    path = tmp_path_factory.mktemp("r")
    monkeypatch.chdir(path)
    monkeypatch.setattr(docker_socket, "_get", from_here(docker_socket._get))
    return Root(path)


def from_here(get):
    return lambda real, url, seconds: get(os.path.relpath(real), url, seconds)


# --- the daemon ----------------------------------------------------------------------------------


def test_running_daemon(short, answering):
    short.dockerd(flags=("-H", "fd://"))
    answering(short.path / "var/run/docker.sock", INFO)
    running = short.observed().running
    assert running.identity == "b00t:77:22"
    assert running.flags == (Flag("host", "fd://"),)
    assert running.by_systemd
    assert (running.containers, running.cgroup_driver, running.swarm) == (2, "systemd", False)
    assert running.shown["/live-restore"] == "false"


def test_daemon_on_another_socket(short, answering):
    short.dockerd(flags=("-H", "unix:///tmp/d.sock"))
    answering(short.path / "tmp/d.sock", INFO)
    assert short.observed().running.containers == 2


def test_answer_is_awaited_after_a_reload(short, answering, monkeypatch):
    # a slow machine must not make the first answer the last one
    monkeypatch.setattr(docker_running, "SETTLING", 60.0)
    short.write("/etc/docker/daemon.json", '{"live-restore": true}')
    short.dockerd()
    late = {**INFO, "LiveRestoreEnabled": True}
    answering(short.path / "var/run/docker.sock", INFO, INFO, late)
    assert short.observed().running.shown["/live-restore"] == "true"


def test_old_difference_is_taken_as_it_is(short, answering):
    short.write("/etc/docker/daemon.json", '{"live-restore": true}')
    short.age("/etc/docker/daemon.json", 3600)
    short.dockerd()
    answering(short.path / "var/run/docker.sock", INFO, {**INFO, "LiveRestoreEnabled": True})
    assert short.observed().running.shown["/live-restore"] == "false"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.0 500 no\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n[1]",
        b"HTTP/1.0 200 OK\r\n\r\nnonsense",
    ],
)
def test_daemon_that_makes_no_sense(short, answering, answer):
    short.dockerd()
    short.age("/var/run/docker.pid", 3600)
    answering(short.path / "var/run/docker.sock", answer)
    running = short.observed().running
    assert (running.shown, running.containers) == ({}, None)


def test_daemon_without_a_socket(root):
    root.dockerd()
    root.age("/var/run/docker.pid", 3600)
    assert root.observed().running.shown == {}


@pytest.mark.parametrize("comm", ["bash", "dockerd-rootless"])
def test_pid_of_another_process(root, comm):
    root.dockerd(comm=comm)
    assert root.observed().running is None


def test_stale_pid_file(root):
    root.write("/var/run/docker.pid", "4242")
    assert root.observed().running is None
    root.write("/var/run/docker.pid", "nonsense")
    assert root.observed().running is None


def test_daemon_that_an_init_script_has_just_started(short, answering):
    short.dockerd(pid=78)
    (short.path / "var/run/docker.pid").unlink()
    short.write("/var/run/docker-ssd.pid", "78\n")
    answering(short.path / "var/run/docker.sock", INFO)
    writing = threading.Timer(0.3, short.write, ("/var/run/docker.pid", "78"))
    writing.start()
    assert short.observed().running.identity == "b00t:78:22"


def test_start_that_came_to_nothing(root):
    root.write("/var/run/docker-ssd.pid", "79\n")
    assert root.observed().running is None


def test_image_has_no_daemon(root):
    root.dockerd()
    state = LAYER.observe(Host.image(str(root.path)), ())
    assert (state.running, state.restart, state.reload) == (None, (), ())


def test_shown_pools():
    pools = [{"Base": "10.0.0.0/8", "Size": 24}]
    assert shown({"DefaultAddressPools": pools}) == {
        "/default-address-pools": '[{"base":"10.0.0.0/8","size":24}]'
    }
    assert shown({"DefaultAddressPools": "x", "Debug": 1}) == {}


# --- how it is told ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tools", "first"),
    [(["start-stop-daemon", "pkill"], "start-stop-daemon"), (["pkill"], "pkill"), ([], None)],
)
def test_signal_without_systemd(root, tools, first):
    for tool in tools:
        root.write(f"/sbin/{tool}", "")
    root.write("/etc/init.d/docker", "")
    root.dockerd(cgroup="0::/\n")
    root.age("/var/run/docker.pid", 3600)
    state = root.observed()
    assert state.restart == ("/etc/init.d/docker", "restart")
    assert state.reload[:1] == ((first,) if first else ())
    # by its pid file and its name, never by a number that may be another's later
    assert not first or ("/var/run/docker.pid" in state.reload and "dockerd" in state.reload)
    assert "77" not in state.reload


def test_commands_under_systemd(root):
    root.write("/run/systemd/system/docker.service", "[Service]\nExecStart=/usr/sbin/dockerd\n")
    root.dockerd()
    root.age("/var/run/docker.pid", 3600)
    root.write("/sbin/pkill", "")
    assert root.observed().restart == ("systemctl", "try-restart", "docker.service")
    assert root.observed().reload[0] == "pkill"
    root.write("/run/systemd/system/docker.service.d/a.conf", "[Service]\nExecReload=/bin/true\n")
    assert root.observed().reload == ("systemctl", "try-reload-or-restart", "docker.service")


# --- files ---------------------------------------------------------------------------------------


def test_file_that_a_flag_names(root):
    root.write("/etc/init.d/docker", "")
    root.write("/etc/default/docker", "DOCKER_OPTS=--config-file=/srv/d.json\n")
    root.write("/srv/d.json", '{\n "live-restore": true}')
    state = root.observed()
    assert (state.path, state.values, state.lines) == (
        "/srv/d.json", {"/live-restore": "true"}, {"/live-restore": 2}
    )


def test_time_to_come_is_no_time(root):
    root.write("/etc/docker/daemon.json", "{}")
    assert root.observed().changed is not None
    root.age("/etc/docker/daemon.json", -3600)
    assert root.observed().changed is None


def test_symbolic_link_is_refused(root):
    root.write("/srv/d.json", "{}")
    (root.path / "etc/docker").mkdir(parents=True)
    (root.path / "etc/docker/daemon.json").symlink_to("/srv/d.json")
    with pytest.raises(HostError, match="symbolic link"):
        root.observed()


@pytest.mark.parametrize("data", ["{", "[]", '{"keys": 1}', "\0"])
def test_damaged_record(root, data):
    root.write(docker_record.RECORD, data)
    with pytest.raises(HostError, match="damaged"):
        root.observed()


def test_record_survives_its_file():
    record = docker_record.Record(
        "op", True, {"/a": docker_record.Ours('"ü"', None)}, "b:1:2", {"/x": None, "/y": "1"}, True
    )
    assert docker_record.read(docker_record.write("docker_daemon", None, record).after) == record


@pytest.mark.parametrize(
    ("path", "defined"),
    [
        ("/etc/systemd/system/d.slice", True),
        ("/etc/systemd/system/d.slice.d/zz.conf", True),
        ("/run/systemd/system.control/d.slice.d/50.conf", True),
        ("/etc/systemd/system/other.slice", False),
    ],
)
def test_slice_with_a_file(root, path, defined):
    root.write(path, "")
    assert root.observed({"cgroup-parent": "d.slice"}).limited == {"d.slice": defined}


def test_routes():
    (route,) = docker_pools.routes(ROUTES)
    assert (str(route.network), route.interface) == ("10.99.0.0/24", "eth0")


def test_lacking(root):
    host = Host.image(str(root.path))
    assert "not installed" in LAYER.lacking(host)
    root.write("/usr/bin/dockerd", "")
    assert LAYER.lacking(host) is None


# --- asking dockerd ------------------------------------------------------------------------------


class Asked(Host):
    """A live host below a folder that has one program: a dockerd with this help and verdict."""

    def __init__(self, root, status, text="      --validate   Validate and exit"):
        super().__init__("image", str(root.path))
        self.form = "live"
        self.help = text
        self.status = status
        self.asked = []
        self.seen = None

    def run(self, argv, *, timeout=90.0):
        if "--help" in argv:
            return Completed(tuple(argv), 0, self.help, "")
        self.asked.append(tuple(argv))
        self.seen = self.files.image(argv[-1])
        said = f"unable to configure the Docker daemon with file {argv[-1]}: http://u:hunter2@p"
        return Completed(tuple(argv), self.status, "", said)


@pytest.fixture
def with_init_script(root):
    root.write("/run/keep", "")
    root.write("/etc/init.d/docker", "")
    root.write("/etc/default/docker", 'DOCKER_OPTS="--icc=false"\n')
    return root


def planned(section):
    return LAYER.plan(docker_state.DockerState(), items(section), Context())


def test_dockerd_is_asked_with_its_flags(with_init_script):
    host = Asked(with_init_script, 0)
    assert LAYER.validate(host, planned({"live-restore": True})) == []
    assert host.asked == [
        ("dockerd", "--icc=false", "--validate", "--config-file", docker_validate.TEMPORARY)
    ]
    assert json.loads(host.seen.data) == {"live-restore": True}
    assert host.seen.mode == 0o600
    assert host.files.names("/run") == ("keep",)


def test_dockerd_refuses(with_init_script):
    host = Asked(with_init_script, 1)
    (finding,) = LAYER.validate(host, planned({"live-restore": True}))
    assert finding.code == "LW407"
    assert "with file /etc/docker/daemon.json" in finding.message
    assert "hunter2" not in finding.message
    assert host.files.names("/run") == ("keep",)


def test_old_dockerd_is_not_asked(with_init_script):
    host = Asked(with_init_script, 1, "no such option")
    assert LAYER.validate(host, planned({"live-restore": True})) == []
    assert host.asked == []


def test_nothing_to_ask(with_init_script):
    host = Asked(with_init_script, 1)
    assert LAYER.validate(host, planned({})) == []
    image = Host.image(str(with_init_script.path))
    assert LAYER.validate(image, planned({"live-restore": True})) == []
    assert host.asked == []
