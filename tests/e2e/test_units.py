"""Layers slices and units on real kernels: what systemd, the cgroup files and logins say."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from e2e.on_guest import ask, change, codes, install
from lab.host import Host
from lab.pytest_fleet import HostMaker

SYSTEM = "/etc/systemd/system"
GROUPS = "/sys/fs/cgroup"
STUDENTS = f"{GROUPS}/student.slice"
THREADS = """
import threading
gate = threading.Event()
workers = [threading.Thread(target=gate.wait, daemon=True) for _ in range(60)]
for worker in workers:
    worker.start()
gate.set()
print("all running")
"""
IMAGES = pytest.mark.parametrize("image", ["trixie", "bookworm"])


@pytest.fixture
def ready(fresh_host: HostMaker) -> Callable[[str], Host]:
    """A fresh host of an image with the engine on it."""

    def make(image: str = "trixie") -> Host:
        host = fresh_host(image=image)
        install(host)
        return host

    return make


def wait(condition: Callable[[], bool], what: str, deadline: float = 120.0) -> None:
    """Return as soon as the condition holds."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        time.sleep(0.1)


def start_students(host: Host, fragment: str) -> None:
    """A slice with a fragment of its own, and something that keeps it alive."""
    host.write(f"{SYSTEM}/student.slice", fragment)
    host.write("/root/threads.py", THREADS)
    host.run("systemctl daemon-reload && systemd-run -q --slice=student.slice sleep infinity")


def run_threads(host: Host) -> tuple[int, str]:
    """Exit status and output of a program that starts 60 threads in the slice."""
    done = host.run(
        "systemd-run -q --slice=student.slice --wait --pipe python3 /root/threads.py", check=False
    )
    return done.rc, done.stdout + done.stderr


def pids_max(host: Host, folder: str = STUDENTS) -> str:
    return host.read(f"{folder}/pids.max").strip()


@contextmanager
def logged_in(host: Host, user: str) -> Iterator[str]:
    """An ssh session of the user that lasts as long as the block; gives the slice's folder."""
    uid = host.run(["id", "-u", user]).stdout.strip()
    folder = f"{GROUPS}/user.slice/user-{uid}.slice"
    session = threading.Thread(
        target=host.login, args=(user, "sleep infinity"), kwargs={"check": False, "timeout": 300}
    )
    session.start()
    try:
        wait(
            lambda: host.run(["pgrep", "-u", user, "sleep"], check=False).rc == 0,
            f"a session of {user}",
        )
        yield folder
    finally:
        host.run(["pkill", "-u", user, "sleep"], check=False)
        session.join()


@IMAGES
def test_a_forgotten_tasks_max_is_raised_and_taken_back(
    ready: Callable[[str], Host], image: str
) -> None:
    host = ready(image)
    start_students(host, "[Slice]\nTasksMax=45\nMemoryMax=128g\n")
    status, said = run_threads(host)
    assert status != 0
    assert "can't start new thread" in said
    tuning = {"slices": {"student.slice": {"TasksMax": 65536}}}

    planned = ask(host, "plan", tuning)
    assert change(planned, "student.slice", "TasksMax")["before"] == "45"
    applied = ask(host, "apply", tuning)

    assert applied["ok"], applied
    made = change(applied, "student.slice", "TasksMax")
    assert (made["runtime"], made["persistent"], made["takes_effect"]) == ("65536", "65536", "none")
    assert pids_max(host) == "65536"
    assert run_threads(host) == (0, "all running\n")
    dropped = next(one for one in applied["findings"] if one["code"] == "LW304")
    assert (dropped["file"], dropped["line"]) == (f"{SYSTEM}/student.slice", 3)
    assert dropped["suggestion"] == "128G"
    again = ask(host, "apply", tuning)
    assert (again["run_id"], again["changes"]) == (None, [])
    assert ask(host, "verify", tuning)["ok"]

    back = ask(host, "rollback", run="last")
    assert back["ok"], back
    assert pids_max(host) == "45"
    assert host.run(["ls", f"{SYSTEM}/student.slice.d"], check=False).rc != 0
    assert run_threads(host)[0] != 0


@IMAGES
def test_users_who_are_logged_in_and_users_who_come_later(
    ready: Callable[[str], Host], image: str
) -> None:
    host = ready(image)
    wanted = {"TasksMax": 400, "MemoryMax": "50%", "MemorySwapMax": 0, "CPUWeight": 50}
    one = host.run(["id", "-u", "stud1"]).stdout.strip()
    tuning = {"slices": {"user-.slice": wanted, f"user-{one}.slice": {"TasksMax": 500}}}
    with logged_in(host, "stud1") as now:
        assert pids_max(host, now) not in ("400", "500")
        applied = ask(host, "apply", tuning)
        assert applied["ok"], applied
        # the specific drop-in hides the one for all users, so it repeats the rest
        shown = host.run(f"cd {now} && cat pids.max memory.max memory.swap.max cpu.weight").stdout
        tasks, memory, swap, weight = shown.split()
        assert (tasks, swap, weight) == ("500", "0", "50")
        assert memory == half_of_memory(host)
        with logged_in(host, "stud2") as later:
            assert pids_max(host, later) == "400"
            assert host.read(f"{later}/memory.max").strip() == memory
            assert ask(host, "verify", tuning)["ok"]
        back = ask(host, "rollback", run="last")
        assert back["ok"], back
        assert host.read(f"{now}/memory.max").strip() == "max"
        assert host.read(f"{now}/cpu.weight").strip() == "100"


def half_of_memory(host: Host) -> str:
    """50 % of RAM in whole pages, as systemd counts it."""
    found = re.search(r"MemTotal: +(\d+) kB", host.read("/proc/meminfo"))
    assert found
    return str(int(found[1]) * 1024 // 4096 * 5000 // 10000 * 4096)


def test_a_leftover_of_set_property_is_named_and_loses(ready: Callable[[str], Host]) -> None:
    host = ready("trixie")
    start_students(host, "[Slice]\n")
    host.run("systemctl set-property student.slice TasksMax=99")
    wait(lambda: pids_max(host) == "99", "set-property in force")
    tuning = {"slices": {"student.slice": {"TasksMax": 3000}}}
    applied = ask(host, "apply", tuning)
    assert applied["ok"], applied
    left = next(one for one in applied["findings"] if one["code"] == "LW312")
    file = "/etc/systemd/system.control/student.slice.d/50-TasksMax.conf"
    assert (left["file"], left["line"]) == (file, 4)
    assert pids_max(host) == "3000"
    assert host.run("systemctl show -P TasksMax student.slice").stdout == "3000\n"
    back = ask(host, "rollback", run="last")
    assert back["ok"], back
    assert pids_max(host) == "99"


def test_a_drop_in_that_wins_stops_the_run_until_it_is_taken_over(
    ready: Callable[[str], Host],
) -> None:
    host = ready("trixie")
    start_students(host, "[Slice]\n")
    rival = f"{SYSTEM}/student.slice.d/zzz-site.conf"
    text = "# ours\n[Slice]\nCPUWeight=20\nTasksMax=\\\n  77\n"
    host.write(rival, text)
    host.run("systemctl daemon-reload && systemctl set-property --runtime student.slice Markers=")
    wait(lambda: pids_max(host) == "77", "the rival in force")
    tuning = {"slices": {"student.slice": {"TasksMax": 3000}}}

    refused = ask(host, "apply", tuning)
    assert not refused["ok"]
    assert refused["run_id"] is None
    finding = next(one for one in refused["findings"] if one["severity"] == "error")
    assert (finding["code"], finding["file"], finding["line"]) == ("LW311", rival, 4)
    assert host.run(["ls", f"{SYSTEM}/student.slice.d"]).stdout == "zzz-site.conf\n"

    applied = ask(host, "apply", tuning, options={"takeover": [rival]})
    assert applied["ok"], applied
    assert pids_max(host) == "3000"
    assert host.read(f"{STUDENTS}/cpu.weight") == "20\n"
    assert "# limitwise took over: TasksMax=\\\n" in host.read(rival)
    assert ask(host, "rollback", run="last")["ok"]
    assert host.read(rival) == text
    assert pids_max(host) == "77"


@IMAGES
def test_rollback_gives_back_a_value_that_was_written_by_hand(
    ready: Callable[[str], Host], image: str
) -> None:
    host = ready(image)
    start_students(host, "[Slice]\nTasksMax=200\n")
    host.run(f"echo 1234 > {STUDENTS}/pids.max && echo 70 > {STUDENTS}/cpu.weight")
    applied = ask(host, "apply", {"slices": {"student.slice": {"TasksMax": 3000}}})
    assert applied["ok"], applied
    assert change(applied, "student.slice", "TasksMax")["before"] == "1234"
    assert pids_max(host) == "3000"
    assert ask(host, "rollback", run="last")["ok"]
    assert pids_max(host) == "1234"
    assert host.read(f"{STUDENTS}/cpu.weight") == "70\n"


@IMAGES
def test_percentages_come_to_what_systemd_makes_of_them(
    ready: Callable[[str], Host], image: str
) -> None:
    host = ready(image)
    start_students(host, "[Slice]\n")
    tuning: dict[str, Any] = {
        "slices": {"student.slice": {"TasksMax": "33.33%", "CPUQuota": "150%", "CPUWeight": 7}},
    }
    host.run("sysctl -q kernel.threads-max=50001 kernel.pid_max=70003")
    applied = ask(host, "apply", tuning)
    assert applied["ok"], applied
    figure = host.run("systemctl show -P TasksMax student.slice").stdout.strip()
    assert pids_max(host) == figure == change(applied, "student.slice", "TasksMax")["runtime"]
    assert host.read(f"{STUDENTS}/cpu.max") == "150000 100000\n"
    assert change(applied, "student.slice", "CPUQuota")["runtime"] == "150%"
    assert ask(host, "apply", tuning)["changes"] == []
    # a lower pid_max makes the same percentage less: the running cgroup is brought up to date
    host.run("sysctl -q kernel.pid_max=20000")
    moved = ask(host, "apply", tuning)
    assert moved["ok"], moved
    assert pids_max(host) == host.run("systemctl show -P TasksMax student.slice").stdout.strip()
    assert int(pids_max(host)) == 19999 * 3333 // 10000


SERVE = "[Service]\nExecStart=/bin/sleep infinity\nRestart=always\n"


def test_limits_of_services_wait_for_a_restart_or_get_it(ready: Callable[[str], Host]) -> None:
    host = ready("trixie")
    host.write(f"{SYSTEM}/t3-serve@.service", SERVE)
    host.run("systemctl daemon-reload && systemctl start t3-serve@a t3-serve@b")
    tuning: dict[str, Any] = {
        "units": {
            "t3-serve@.service": {"LimitNOFILE": 300000, "TasksMax": 640, "OOMPolicy": "continue"},
            "ssh.service": {"LimitNOFILE": 200000},
        }
    }
    applied = ask(host, "apply", tuning)
    assert applied["ok"], applied
    assert change(applied, "t3-serve@.service", "LimitNOFILE")["takes_effect"] == "restart"
    waiting = [one["message"] for one in applied["findings"] if one["code"] == "LW610"]
    assert [message.split()[0] for message in waiting] == [
        "t3-serve@a.service", "t3-serve@b.service", "ssh.service",
    ]
    assert pids_max(host, service_group(host, "t3-serve@b.service")) == "640"
    assert change(applied, "t3-serve@.service", "OOMPolicy")["runtime"] == "continue"
    ssh = main_pid(host, "ssh.service")

    restarted = ask(host, "apply", {**tuning, "policy": {"restart": "if-needed"}})
    assert restarted["ok"], restarted
    for name in ("t3-serve@a.service", "t3-serve@b.service"):
        limits = host.read(f"/proc/{main_pid(host, name)}/limits")
        assert re.search(r"Max open files +300000 +524288 ", limits)
    assert main_pid(host, "ssh.service") == ssh
    assert [one["message"].split()[0] for one in restarted["findings"]] == ["ssh.service"]
    host.run("systemctl start t3-serve@later")
    later = f"/proc/{main_pid(host, 't3-serve@later.service')}/limits"
    # started means forked: systemd sets the limits after that
    wait(lambda: re.search(r"Max open files +300000 +524288 ", host.read(later)) is not None,
         "its limits")


def main_pid(host: Host, unit: str) -> str:
    return host.run(["systemctl", "show", "-P", "MainPID", unit]).stdout.strip()


def service_group(host: Host, unit: str) -> str:
    group = host.run(["systemctl", "show", "-P", "ControlGroup", unit]).stdout.strip()
    return GROUPS + group


def test_a_key_that_leaves_the_tuning_goes_back_to_what_others_say(
    ready: Callable[[str], Host],
) -> None:
    host = ready("trixie")
    start_students(host, "[Slice]\nTasksMax=250\n")
    ask(host, "apply", {"slices": {"student.slice": {"TasksMax": 3000, "CPUWeight": 20}}})
    merged = ask(host, "apply", {"slices": {"student.slice": {"CPUWeight": 30}}}, options={
        "purge": False
    })
    assert merged["ok"], merged
    assert pids_max(host) == "3000"
    purged = ask(host, "apply", {"slices": {"student.slice": {"CPUWeight": 30}}})
    assert purged["ok"], purged
    gone = change(purged, "student.slice", "TasksMax")
    assert (gone["before"], gone["after"], gone["runtime"]) == ("3000", None, "250")
    assert pids_max(host) == "250"
    emptied = ask(host, "apply", {"slices": {}})
    assert emptied["ok"], emptied
    assert host.read(f"{STUDENTS}/cpu.weight") == "100\n"
    assert host.run(["ls", f"{SYSTEM}/student.slice.d"]).stdout == ""


def test_nothing_goes_below_what_is_in_use(ready: Callable[[str], Host]) -> None:
    host = ready("trixie")
    start_students(host, "[Slice]\n")
    spawn = "for i in $(seq 60); do sleep infinity & done; wait"
    host.run(["systemd-run", "-q", "--slice=student.slice", "bash", "-c", spawn])
    wait(lambda: int(host.read(f"{STUDENTS}/pids.current")) >= 62, "60 processes")
    tuning = {"slices": {"student.slice": {"TasksMax": 70}}}
    refused = ask(host, "apply", tuning)
    assert "LW602" in codes(refused)
    assert refused["run_id"] is None
    assert pids_max(host) != "70"
    forced = ask(host, "apply", tuning, options={"force": True})
    assert forced["ok"], forced
    assert pids_max(host) == "70"


def test_no_file_that_the_distribution_ships_has_a_finding(ready: Callable[[str], Host]) -> None:
    host = ready("trixie")
    script = (
        "import glob, sys; sys.path.insert(0, '/opt/limitwise-test');"
        "from ansible_collections.limitwise.host.plugins.module_utils.layers.units.lint "
        "import lint;"
        "where = '/usr/lib/systemd/system/';"
        "files = [f for end in ('*.*', '*.d/*.conf') for f in glob.glob(where + end)];"
        "files = [f for f in files if __import__('os').path.isfile(f)];"
        "print(len(files));"
        "[print(x) for f in files for x in lint(open(f, 'rb').read(), f)]"
    )
    lines = host.run(["python3", "-c", script]).stdout.splitlines()
    assert int(lines[0]) > 150
    assert lines[1:] == []
