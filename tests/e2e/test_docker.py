"""Layer docker_daemon on real daemons: Docker 26.1 and 20.10 under systemd, 26.1 under sysvinit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from e2e.on_guest import ask, change, codes, install
from e2e.on_watch import until
from lab import docker_image, guest_files
from lab.host import Host
from lab.pytest_fleet import HostMaker

FILE = "/etc/docker/daemon.json"
HARD = "/default-ulimits/nofile/Hard"
ULIMITS = {"nofile": {"Name": "nofile", "Soft": 20000, "Hard": 30000}}
IF_NEEDED = {"restart": "if-needed"}
# Not as Limitwise would write it, and with a key that no tuning may set.
EARLIER = '{ "log-opts": {"max-size":"5m"},\n\t"icc" : false,\n\t\t"max-concurrent-uploads": 2}'
WAIT = "while ! docker info >/dev/null 2>&1; do sleep 0.2; done"
START = {
    "trixie": "systemctl start docker",
    "bookworm": "systemctl start docker",
    "sysvinit": "service docker start",
}
LOG = {
    "trixie": "journalctl --unit docker --output cat",
    "bookworm": "journalctl --unit docker --output cat",
    "sysvinit": "cat /var/log/docker.log",
}
Ready = Callable[..., Host]
IMAGES = pytest.mark.parametrize("image", list(START))


@pytest.fixture
def ready(fresh_host: HostMaker) -> Ready:
    """A fresh host with the engine, a running dockerd, and daemon.json as ``text`` says."""

    def make(image: str = "trixie", text: str | None = None) -> Host:
        host = fresh_host(image=image, mem="512M")
        install(host)
        if text is not None:
            host.write(FILE, text, 0o640)
        host.run(f"{START[image]} && {WAIT}")
        host.run(["docker", "load", "--quiet", "--input", guest_files.DOCKER_IMAGE])
        return host

    return make


def wanted(section: dict[str, Any], **policy: str) -> dict[str, Any]:
    return {"docker_daemon": section, "policy": policy}


def daemon(host: Host) -> str:
    """The pid of dockerd."""
    return host.read("/run/docker.pid").strip()


def container(host: Host) -> str:
    """A container that goes on running; its name."""
    host.run(["docker", "run", "--detach", "--name", "steady", docker_image.NAME, "sleep", "9999"])
    return "steady"


def life(host: Host, name: str) -> str:
    """The main process of a container and since when it runs: what a restart would change."""
    shown = "{{.State.Running}} {{.State.Pid}} {{.State.StartedAt}}"
    return host.run(["docker", "inspect", "--format", shown, name]).stdout


def limits(host: Host) -> list[str]:
    """Soft and hard RLIMIT_NOFILE as a new container has them."""
    script = "ulimit -Sn; ulimit -Hn"
    return host.run(["docker", "run", "--rm", docker_image.NAME, "sh", "-c", script]).stdout.split()


def in_force(host: Host, key: str) -> Any:
    """What dockerd says of itself."""
    return json.loads(host.run(["docker", "info", "--format", "{{json .}}"]).stdout)[key]


def stamp(host: Host) -> str:
    return host.run(["stat", "--format", "%i %Y %Z %a", FILE]).stdout


def messages(answer: dict[str, Any], code: str) -> list[str]:
    return [one["message"] for one in answer["findings"] if one["code"] == code]


@IMAGES
def test_reload_takes_effect_and_spares_containers(ready: Ready, image: str) -> None:
    host = ready(image, EARLIER)
    name = container(host)
    before, pid = life(host, name), daemon(host)
    section = {"live-restore": True, "max-concurrent-downloads": 7}
    answer = ask(host, "apply", wanted(section))
    assert answer["ok"], answer
    live = change(answer, "", "/live-restore")
    assert (live["before"], live["runtime"], live["persistent"]) == ("false", "true", "true")
    assert {one["takes_effect"] for one in answer["changes"]} == {"none"}
    assert messages(answer, "LW414") == [
        "1 containers run before this run", "1 containers run after this run"
    ]
    assert in_force(host, "LiveRestoreEnabled") is True
    until(lambda: '\\"max-concurrent-downloads\\":7' in host.run(LOG[image]).stdout, "it is logged")
    assert (life(host, name), daemon(host)) == (before, pid)
    text = host.read(FILE)
    assert text.startswith(EARLIER[:-1])
    assert json.loads(text) == {**json.loads(EARLIER), **section}
    seen = stamp(host)
    again = ask(host, "apply", wanted(section))
    assert (again["ok"], again["run_id"], again["changes"]) == (True, None, [])
    assert stamp(host) == seen
    assert ask(host, "verify", wanted(section))["findings"] == []


@IMAGES
def test_restart_only_where_it_is_allowed(ready: Ready, image: str) -> None:
    host = ready(image)
    before, pid = limits(host), daemon(host)
    section = {"live-restore": True, "default-ulimits": ULIMITS}
    waiting = ask(host, "apply", wanted(section))
    assert waiting["ok"], waiting
    assert change(waiting, "", HARD)["takes_effect"] == "restart"
    assert messages(waiting, "LW610") == [
        "daemon.json default-ulimits takes effect at the next restart of Docker"
    ]
    assert (limits(host), daemon(host)) == (before, pid)
    # a reload in between makes daemon.json younger than the daemon once more
    section["max-concurrent-uploads"] = 3
    assert "LW610" in codes(ask(host, "apply", wanted(section)))
    name = container(host)
    alive = life(host, name)
    done = ask(host, "apply", wanted(section, **IF_NEEDED))
    assert done["ok"], done
    hard = change(done, "", HARD)
    assert (hard["runtime"], hard["takes_effect"]) == ("30000", "none")
    assert hard["applies_to"] == "new-containers"
    assert limits(host) == ["20000", "30000"]
    assert daemon(host) != pid
    assert life(host, name) == alive
    assert "LW413" not in codes(done)
    settled = ask(host, "apply", wanted(section, **IF_NEEDED))
    assert (settled["run_id"], settled["findings"]) == (None, [])


def test_containers_that_a_restart_stops_are_counted(ready: Ready) -> None:
    host = ready()
    name = container(host)
    answer = ask(host, "apply", wanted({"default-ulimits": ULIMITS}, **IF_NEEDED))
    assert messages(answer, "LW413") == [
        "the restart of Docker stops the 1 running containers: live-restore is not in force"
    ]
    assert messages(answer, "LW414") == [
        "1 containers run before this run", "0 containers run after this run"
    ]
    assert life(host, name).startswith("false ")


@IMAGES
def test_rollback_restores_bytes_and_behaviour(ready: Ready, image: str) -> None:
    host = ready(image, EARLIER)
    before = limits(host)
    section = {"default-ulimits": ULIMITS, "log-opts": {"max-size": "9m"}}
    done = ask(host, "apply", wanted(section, **IF_NEEDED))
    assert done["ok"], done
    assert limits(host) == ["20000", "30000"]
    back = ask(host, "rollback", run="last")
    assert back["ok"], back
    assert host.read(FILE) == EARLIER
    assert stamp(host).split()[-1] == "640"
    host.run(WAIT)
    assert limits(host) == before
    gone = host.run("ls /var/lib/limitwise/docker_daemon.json", check=False)
    assert gone.rc != 0


def test_purge_leaves_what_others_wrote(ready: Ready) -> None:
    host = ready()
    assert ask(host, "apply", wanted({"live-restore": True, "max-concurrent-downloads": 9}))["ok"]
    text = host.read(FILE)
    host.write(FILE, text.replace("{", '{ "icc": false,', 1))
    assert ask(host, "apply", wanted({"live-restore": True}))["ok"]
    assert json.loads(host.read(FILE)) == {"icc": False, "live-restore": True}
    assert ask(host, "apply", wanted({}))["ok"]
    assert json.loads(host.read(FILE)) == {"icc": False}


@IMAGES
def test_conflict_with_a_flag_is_found_before_writing(ready: Ready, image: str) -> None:
    host = ready(image)
    host.write("/etc/default/docker", "# flags\nDOCKER_OPTS='--default-ulimit nofile=1024:4096'\n")
    answer = ask(host, "apply", wanted({"default-ulimits": ULIMITS}, **IF_NEEDED))
    assert not answer["ok"]
    (conflict,) = (one for one in answer["findings"] if one["severity"] == "error")
    assert conflict["code"] == "LW406"
    assert "--default-ulimit=nofile=1024:4096" in conflict["message"]
    assert host.run(f"ls {FILE}", check=False).rc != 0
    # what would have happened: dockerd says so itself
    host.write(FILE, json.dumps({"default-ulimits": ULIMITS}))
    command = f"timeout 20 dockerd --config-file {FILE} --default-ulimit nofile=1024:4096"
    started = host.run(command, check=False)
    assert "specified both as a flag and in the configuration file" in started.stderr


def test_drop_in_that_sets_the_same_key(ready: Ready) -> None:
    host = ready()
    drop_in = "/etc/systemd/system/docker.service.d/live.conf"
    start = "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --live-restore\n"
    host.write(drop_in, start)
    answer = ask(host, "plan", wanted({"live-restore": True}))
    (conflict,) = (one for one in answer["findings"] if one["severity"] == "error")
    assert (conflict["code"], conflict["file"], conflict["line"]) == ("LW406", drop_in, 3)


@pytest.mark.parametrize(("image", "code"), [("trixie", "LW407"), ("bookworm", "LW402")])
def test_file_that_dockerd_would_refuse(ready: Ready, image: str, code: str) -> None:
    """By dockerd's own word where it can be asked, by the catalogue where it cannot."""
    host = ready(image)
    broken = '{"wibble-wobble": 1}'
    host.write(FILE, broken)
    answer = ask(host, "apply", wanted({"log-opts": {"max-size": "5m"}}))
    errors = {one["code"] for one in answer["findings"] if one["severity"] == "error"}
    if code == "LW402":
        # nothing is signalled here, so the key of others is no reason to refuse; a reload is
        assert (answer["ok"], errors) == (True, set())
        answer = ask(host, "apply", wanted({"live-restore": True}))
        errors = {one["code"] for one in answer["findings"] if one["severity"] == "error"}
    assert errors == {code}
    assert "live-restore" not in host.read(FILE)
    assert host.run("ls /run/limitwise-daemon.json", check=False).rc != 0


def test_file_right_but_daemon_old(ready: Ready) -> None:
    host = ready()
    host.write(FILE, json.dumps({"default-ulimits": ULIMITS}))
    section = {"default-ulimits": ULIMITS}
    assert "LW610" in codes(ask(host, "plan", wanted(section)))
    answer = ask(host, "apply", wanted(section, **IF_NEEDED))
    assert change(answer, "", HARD)["runtime"] == "30000"
    assert limits(host) == ["20000", "30000"]


def test_names_that_dockerd_ignores_are_named(ready: Ready) -> None:
    host = ready(text='{"registry-mirror": ["https://mirror.example"]}')
    answer = ask(host, "apply", wanted({"live-restore": True}))
    assert answer["ok"], answer
    assert [one["suggestion"] for one in answer["findings"] if one["code"] == "LW403"] == [
        "registry-mirrors"
    ]


def test_cgroup_parent(ready: Ready) -> None:
    host = ready()
    refused = ask(host, "apply", wanted({"cgroup-parent": "work"}, **IF_NEEDED))
    assert not refused["ok"]
    assert "LW410" in codes(refused)
    answer = ask(host, "apply", wanted({"cgroup-parent": "work.slice"}, **IF_NEEDED))
    assert answer["ok"], answer
    assert "LW411" in codes(answer)
    pid = life(host, container(host)).split()[1]
    assert host.read(f"/proc/{pid}/cgroup").startswith("0::/work.slice/")


def test_pools_give_as_many_networks_as_are_said(ready: Ready) -> None:
    host = ready()
    pools = {"default-address-pools": [{"base": "10.200.0.0/26", "size": 28}]}
    answer = ask(host, "apply", wanted(pools, **IF_NEEDED))
    assert answer["ok"], answer
    assert messages(answer, "LW409") == ["the address pools give 4 networks"]
    assert in_force(host, "DefaultAddressPools") == [{"Base": "10.200.0.0/26", "Size": 28}]
    # the default bridge keeps its address from before
    made = host.run("for n in 1 2 3 4 5; do docker network create n$n; done", check=False)
    assert "could not find an available, non-overlapping IPv4 address pool" in made.stderr
    count = host.run("docker network ls --quiet --filter driver=bridge | wc -l").stdout
    assert int(count) in (4, 5)


def test_values_hold_after_a_reboot(ready: Ready) -> None:
    host = ready()
    section = {"default-ulimits": ULIMITS, "live-restore": True}
    assert ask(host, "apply", wanted(section))["ok"]
    host.reboot()
    host.run(f"{START['trixie']} && {WAIT}")
    assert limits(host) == ["20000", "30000"]
    answer = ask(host, "verify", wanted(section))
    assert (answer["ok"], answer["findings"]) == (True, [])


def test_stopped_daemon_is_left_stopped(ready: Ready) -> None:
    host = ready()
    host.run("systemctl stop docker.socket docker.service")
    section = {"default-ulimits": ULIMITS, "live-restore": True}
    answer = ask(host, "apply", wanted(section, **IF_NEEDED))
    assert answer["ok"], answer
    assert {(one["runtime"], one["takes_effect"]) for one in answer["changes"]} == {(None, "none")}
    assert ask(host, "rollback", run="last")["ok"]
    assert host.run("systemctl is-active docker", check=False).stdout == "inactive\n"


def test_host_without_docker(fresh_host: HostMaker) -> None:
    host = fresh_host(mem="512M")
    install(host)
    host.run(["mv", "/usr/sbin/dockerd", "/root/dockerd"])
    answer = ask(host, "apply", wanted({"live-restore": True}))
    assert (answer["ok"], answer["skipped"]) == (True, ["docker_daemon"])
    assert any("Docker is not installed" in text for text in messages(answer, "LW010"))


@pytest.mark.parametrize("text", ["[]", '{"icc": true,}', "nonsense"])
def test_broken_file_is_left_alone(shared_host: HostMaker, text: str) -> None:
    host = shared_host(mem="512M")
    install(host)
    host.write(FILE, text)
    answer = ask(host, "apply", wanted({"live-restore": True}))
    assert (answer["ok"], answer["run_id"], codes(answer)) == (False, None, {"LW401"})
    assert answer["findings"][0]["line"] == 1
    assert host.read(FILE) == text
    host.run(["rm", FILE])
