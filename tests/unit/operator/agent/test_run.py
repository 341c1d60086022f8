"""Real runs of ansible-runner against a fake host: applied, refused, killed, and no trace left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from limitwise_operator.agent import run as runs
from limitwise_operator.agent.outcome import APPLIED, NEVER_RAN, REFUSED, TIMEOUT, Outcome
from limitwise_operator.agent.run import Order, Runs, environment
from unit.operator.agent.fake_root import SYSCTLS, FakeRoot

SECRET = "s3cr3t-of-the-agent"
WAIT = 90.0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Runs]:
    """Where runs begin; whatever happens, none of its processes outlives the test."""
    found = Runs(tmp_path / "runs")
    yield found
    found.clear()


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def marked(place: Runs) -> list[int]:
    """The processes of all runs at that place, by the mark in their environment."""
    mark = f"{runs.MARK}={place.place}".encode()
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            whole = Path(f"/proc/{name}/environ").read_bytes()
        except OSError:
            continue
        if any(word.startswith(mark) for word in whole.split(b"\0")):
            found.append(int(name))
    return found


def finish(place: Runs, order: Order) -> Outcome:
    run = place.start(order)
    until(run.ended, "the run ends")
    end = run.outcome()
    print(end)
    return end


def test_a_tuning_is_applied_and_nothing_of_the_run_is_left(root: FakeRoot, place: Runs) -> None:
    end = finish(place, Order({"sysctl": {"kernel.pid_max": 4194304}}, str(root.path)))
    assert (end.state, end.message) == (APPLIED, "")
    assert end.run_id is not None
    assert [change["key"] for change in end.changes] == ["kernel.pid_max"]
    assert root.get("kernel/pid_max") == "4194304"
    assert "owner: operator" in root.own()
    assert list(place.place.iterdir()) == []
    assert marked(place) == []


def test_a_second_run_changes_nothing(root: FakeRoot, place: Runs) -> None:
    order = Order({"sysctl": {"kernel.pid_max": 4194304}}, str(root.path))
    finish(place, order)
    end = finish(place, order)
    assert (end.state, end.run_id, end.changes) == (APPLIED, None, ())


def test_an_empty_layer_gives_the_originals_back(root: FakeRoot, place: Runs) -> None:
    finish(place, Order({"sysctl": {"kernel.pid_max": 4194304}}, str(root.path)))
    end = finish(place, Order({"sysctl": {}}, str(root.path)))
    assert end.state == APPLIED
    assert root.get("kernel/pid_max") == "32768"
    assert root.own() == ""


HOSTILE = (
    "{{ lookup('ansible.builtin.pipe', 'touch MARKER') }}",
    "{% set x = lookup('pipe', 'touch MARKER') %}{{ x }}",
    "1; touch MARKER; $(touch MARKER) `touch MARKER`",
    "1\nkernel.core_pattern=|/bin/touch MARKER",
    "../../../../MARKER",
)
KEYS = ("kernel.pid_max", "kernel.threads-max", "vm.max_map_count", "fs.file-max", "fs.nr_open")
Documents = Callable[[list[str]], dict[str, object]]


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (lambda texts: {"sysctl": dict(zip(KEYS, texts, strict=True))}, REFUSED),
        (lambda texts: {"sysctl": dict.fromkeys(texts, 1)}, REFUSED),
        (
            lambda texts: {"policy": {"boot_script": texts[0]}, "sysctl": {KEYS[0]: 4194304}},
            REFUSED,
        ),
        # Any word may be an option of a log driver; this host has no Docker to give it to.
        (lambda texts: {"docker_daemon": {"log-opts": dict.fromkeys(texts, "1")}}, APPLIED),
        (
            lambda texts: {
                "limits": [
                    {"domain": text, "type": "hard", "item": "nofile", "value": 1048576}
                    for text in texts
                ]
            },
            REFUSED,
        ),
    ],
    ids=["value", "key", "policy", "nested key", "domain"],
)
def test_hostile_texts_never_run(
    root: FakeRoot, place: Runs, tmp_path: Path, make: Documents, state: str
) -> None:
    marker = tmp_path / "marker"
    texts = [text.replace("MARKER", str(marker)) for text in HOSTILE]
    end = finish(place, Order(make(texts), str(root.path)))
    assert end.state == state
    assert not marker.exists()
    assert root.own() == ""
    assert {name: root.get(name) for name in SYSCTLS} == SYSCTLS


def test_a_text_that_is_taken_is_written_as_it_stands(
    root: FakeRoot, place: Runs, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    text = "@{{lookup('pipe','touch${IFS}%s')}}" % marker
    entry = {"domain": text, "type": "hard", "item": "nofile", "value": 1048576}
    end = finish(place, Order({"limits": [entry]}, str(root.path)))
    assert (end.state, end.message) == (APPLIED, "")
    assert not marker.exists()
    written = (root.path / "etc/security/limits.d/zz-limitwise.conf").read_text()
    assert f"{text} hard nofile 1048576" in " ".join(written.split())


def test_a_refused_tuning_writes_nothing(root: FakeRoot, place: Runs) -> None:
    end = finish(place, Order({"sysctl": {"kernel.core_pattern": "|/bin/x"}}, str(root.path)))
    assert end.state == REFUSED
    assert "kernel.core_pattern" in end.message
    assert any(finding["severity"] == "error" for finding in end.findings)
    assert root.own() == ""


def test_a_run_sees_nothing_of_the_agents_environment(
    root: FakeRoot, place: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "nothing_good")
    run = place.start(Order({"sysctl": {"kernel.pid_max": 4194304}}, str(root.path)))
    seen: set[int] = set()
    deadline = time.monotonic() + WAIT
    while not run.ended():
        assert time.monotonic() < deadline
        for process in marked(place):
            try:
                whole = Path(f"/proc/{process}/environ").read_bytes()
            except OSError:
                continue
            seen.add(process)
            assert SECRET.encode() not in whole
            assert b"nothing_good" not in whole
    found = [path for path in run.folder.rglob("*") if path.is_file()]
    assert not [path for path in found if SECRET.encode() in path.read_bytes()]
    assert run.outcome().state == APPLIED
    assert len(seen) >= 3  # the supervisor, ansible-playbook and the module at least
    assert set(environment(place.place)) & set(os.environ) <= {
        "PATH", "HOME", "TMPDIR", "LC_ALL", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE",
        "ANSIBLE_CONFIG", "ANSIBLE_HOME", "ANSIBLE_COLLECTIONS_PATH",
    }


# Whose planning asks for the distribution.
LOGINS = {"limits": [{"domain": "*", "type": "-", "item": "nofile", "value": 65536}]}


@pytest.fixture
def slow(root: FakeRoot) -> FakeRoot:
    """A host on which the module hangs over LOGINS: reading its /etc/os-release never ends."""
    release = root.path / "etc/os-release"
    release.unlink()
    os.mkfifo(release)
    return root


def module_runs(place: Runs) -> bool:
    """Whether the module itself has begun: the process that Ansible's worker has started."""
    for process in marked(place):
        try:
            words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) <= 3 and words[0] == sys.executable.encode() and b"-m" not in words:
            return True
    return False


def test_a_run_that_takes_too_long_is_killed_with_all_it_started(
    slow: FakeRoot, place: Runs
) -> None:
    end = finish(place, Order(LOGINS, str(slow.path), timeout=6.0))
    assert end.state == TIMEOUT
    assert marked(place) == []
    assert list(place.place.iterdir()) == []


def test_stopping_a_run_leaves_nothing(slow: FakeRoot, place: Runs) -> None:
    run = place.start(Order(LOGINS, str(slow.path)))
    until(lambda: module_runs(place), "the module begins")
    run.stop()
    assert marked(place) == []
    assert run.outcome().state == NEVER_RAN


AGENT = f"""
import sys, time
from pathlib import Path
from limitwise_operator.agent.run import Order, Runs
Runs(Path(sys.argv[1])).start(Order({LOGINS!r}, sys.argv[2]))
time.sleep(600)
"""


@pytest.fixture
def agent(slow: FakeRoot, place: Runs) -> Iterator[subprocess.Popen[bytes]]:
    """An agent of its own with a run that hangs."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", AGENT, str(place.place), str(slow.path)]
    process = subprocess.Popen(argv, env=env)
    until(lambda: module_runs(place), "the module begins")
    yield process
    process.kill()
    process.wait()


def test_a_killed_agent_leaves_no_orphan(agent: subprocess.Popen[bytes], place: Runs) -> None:
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    until(lambda: not marked(place), "all processes of the run end")


def test_the_next_agent_ends_what_a_killed_supervisor_left(
    agent: subprocess.Popen[bytes], place: Runs
) -> None:
    supervisor = min(marked(place))
    os.kill(supervisor, signal.SIGKILL)
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    assert place.clear() == 1
    until(lambda: not marked(place), "all processes of the run end")
    assert list(place.place.iterdir()) == []


def test_the_pods_own_root_is_no_host() -> None:
    with pytest.raises(ValueError, match="no mounted root"):
        Order({}, "/")


def test_the_place_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o777)
    assert Runs(tmp_path / "open").place.stat().st_mode & 0o077 == 0
    (tmp_path / "link").symlink_to(tmp_path / "open")
    with pytest.raises(PermissionError):
        Runs(tmp_path / "link")
