"""The playbooks without a host of the lab: broken hosts, reports, pulling, the default."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
RUN = "20261122T173018.791435Z-c83b"
# An answer to the login, none of Python: as with a broken sudo, tasks fail and none is unreachable.
# Nothing can be run on this machine in this way, whoever runs the test.
BROKEN = {"ansible_python_interpreter": "/bin/false"}


class Controller:
    """A controller whose hosts are this machine, over a local connection."""

    def __init__(self, folder: Path, hosts: dict[str, dict[str, Any]]) -> None:
        self.folder = folder
        self.collections = ROOT / "collections"
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory = {"all": {"hosts": {name: {**local, **own} for name, own in hosts.items()}}}
        self.inventory = folder / "hosts.json"
        self.inventory.write_text(json.dumps(inventory))
        (folder / "group_vars").mkdir()

    def play(self, playbook: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run it where its reports fall into the folder."""
        return subprocess.run(
            [str(Path(sys.prefix) / "bin/ansible-playbook"), "-i", str(self.inventory),
             str(ROOT / playbook), *options],
            cwd=self.folder, capture_output=True, text=True, timeout=240, check=False,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
                 "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                 "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        )

    def states(self, report: str = "limitwise-report.json") -> dict[str, str]:
        found = json.loads((self.folder / report).read_text())
        return {one["host"]: one["state"] for one in found["hosts"]}


def test_hosts_whose_tasks_fail_are_reported_not_forgotten(tmp_path: Path) -> None:
    controller = Controller(tmp_path, {"h1": BROKEN, "h2": BROKEN, "h3": BROKEN})
    played = controller.play("playbooks/tune-hosts.yml", "--limit", "h1,h2")
    assert played.returncode != 0
    assert controller.states() == {"h1": "unreachable", "h2": "unreachable"}, played.stdout
    accepting = ("-e", "limitwise_accept_unreachable=true")
    accepted = controller.play("playbooks/tune-hosts.yml", *accepting)
    assert accepted.returncode == 0, accepted.stdout
    assert set(controller.states().values()) == {"unreachable"}


def test_check_mode_and_lint_leave_the_report_of_the_last_run_alone(tmp_path: Path) -> None:
    controller = Controller(tmp_path, {"h1": BROKEN})
    assert controller.play("playbooks/tune-hosts.yml", "--check").returncode != 0
    assert controller.play("playbooks/lint-hosts.yml").returncode != 0
    assert controller.states("limitwise-check.json") == {"h1": "unreachable"}
    assert controller.states("limitwise-lint.json") == {"h1": "unreachable"}
    assert not (tmp_path / "limitwise-report.json").exists()


# What the modules say on a host: its run waits to be confirmed, and may be taken back.
TO_CONFIRM = {"severity": "info", "code": "LW611", "file": None, "line": None, "message": "m"}
SAID: dict[str, dict[str, Any]] = {
    "tune": {"changed": True, "run_id": RUN, "changes": [], "findings": [TO_CONFIRM]},
    "confirm": {"changed": True, "run_id": RUN},
    "verify": {"findings": []},
    "rollback": {"changed": True},
}


@pytest.mark.parametrize(
    ("mute", "state"), [(None, "tuned"), ("confirm", "failed"), ("verify", "failed")]
)
def test_a_host_that_was_out_of_reach_for_a_while_is_not_tuned(
    tmp_path: Path, mute: str | None, state: str
) -> None:
    tuning = {"sysctl": {"vm.swappiness": 3}}
    controller = Controller(tmp_path, {"h1": {"limitwise_tuning": tuning}})
    controller.collections = tmp_path / "collections"
    here = "ansible_collections/limitwise/host"
    shutil.copytree(ROOT / "collections" / here, controller.collections / here)
    plugins = controller.collections / here / "plugins"
    (plugins / "action/confirm.py").unlink()  # it has half a minute's patience
    for module, said in SAID.items():
        answer = {"unreachable": True, "msg": "no route"} if module == mute else said
        (plugins / f"modules/{module}.py").write_text(
            f"#!/usr/bin/python\nprint({json.dumps(answer)!r})\n"
        )
    played = controller.play("playbooks/tune-hosts.yml")
    (entry,) = json.loads((tmp_path / "limitwise-report.json").read_text())["hosts"]
    assert (entry["state"], entry["message"]) == (state, mute and "no route"), played.stdout
    assert entry["taken_back"] is (played.returncode != 0) is (mute is not None)


def test_a_rollback_without_a_report_asks_which_run(tmp_path: Path) -> None:
    played = Controller(tmp_path, {"h1": BROKEN}).play("playbooks/rollback-hosts.yml")
    assert played.returncode != 0
    assert "say limitwise_run=last" in played.stdout
    assert "Take the run back" not in played.stdout


@pytest.mark.parametrize("host", ["h2", "h3"])
def test_a_report_without_a_run_of_these_hosts_asks_too(tmp_path: Path, host: str) -> None:
    controller = Controller(tmp_path, {"h1": BROKEN, "h2": BROKEN, "h3": BROKEN})
    reported(tmp_path)
    played = controller.play("playbooks/rollback-hosts.yml", "--limit", host)
    assert played.returncode != 0
    assert "has no run in force" in played.stdout
    assert "Take the run back" not in played.stdout


@pytest.mark.parametrize(
    ("options", "asked"),
    [((), ["h1"]), (("-e", "limitwise_run=last"), ["h1", "h2", "h3"])],
)
def test_only_the_runs_of_the_report_are_taken_back(
    tmp_path: Path, options: tuple[str, ...], asked: list[str]
) -> None:
    controller = Controller(tmp_path, {"h1": BROKEN, "h2": BROKEN, "h3": BROKEN})
    reported(tmp_path)
    played = controller.play("playbooks/rollback-hosts.yml", *options)
    refused = [name for name in ("h1", "h2", "h3") if f"[{name}]: FAILED!" in played.stdout]
    assert refused == asked, played.stdout + played.stderr
    assert ("no run in the report: h2, h3" in played.stdout) is (options == ())


def reported(folder: Path) -> None:
    """A report in which h1 has a run, h2 none, and h3 is not at all."""
    hosts = [{"host": "h1", "in_force": RUN}, {"host": "h2", "in_force": None}]
    (folder / "limitwise-report.json").write_text(json.dumps({"hosts": hosts}))


@pytest.mark.parametrize(
    ("tunings", "told"),
    [
        ({}, "h1 has no tuning"),
        ({"limitwise_tuning": {}}, "h1 has no tuning"),
        ({"limitwise_tuning": {"sysctl": {"kernel.pid_maxx": 1}}}, "kernel.pid_max"),
        (
            {"limitwise_tuning_own": {"tuning": {"sysctl": {"kernel.pid_maxx": 1}}}},
            "kernel.pid_max",
        ),
    ],
)
def test_pulling_reads_the_inventory_and_refuses_no_tuning(
    tmp_path: Path, tunings: dict[str, Any], told: str
) -> None:
    controller = Controller(tmp_path, {"h1": {"ansible_connection": "ssh"}})
    (tmp_path / "group_vars/all.json").write_text(json.dumps(tunings))
    played = controller.play("playbooks/tune-pull.yml", "--limit", "h1", "--check")
    assert played.returncode != 0
    assert told in played.stdout, played.stdout + played.stderr


@pytest.mark.parametrize("name", ["tune-hosts", "lint-hosts", "rollback-hosts", "tune-pull"])
def test_the_syntax_of_the_playbooks(tmp_path: Path, name: str) -> None:
    played = Controller(tmp_path, {"h1": {}}).play(f"playbooks/{name}.yml", "--syntax-check")
    assert played.returncode == 0, played.stderr


POLICY = {"policy": {"confirm": "20s"}}


@pytest.mark.parametrize(
    ("variables", "confirm"),
    [
        ({}, "60s"),
        ({"limitwise_tuning": {"policy": None, "sysctl": {"kernel.pid_max": 1}}}, "60s"),
        ({"limitwise_tuning": POLICY}, ""),
        ({"limitwise_tuning_own": {"priority": 1, "tuning": POLICY}}, ""),
        ({"limitwise_tuning_own": {"priority": 1, "tuning": {}}}, "60s"),
        ({"limitwise_tuning": POLICY, "limitwise_confirm": "30s"}, "30s"),
        ({"limitwise_confirm": ""}, ""),
    ],
)
def test_a_way_back_is_the_default(
    tmp_path: Path, variables: dict[str, Any], confirm: str
) -> None:
    defaults = ROOT / "collections/ansible_collections/limitwise/host/roles/tune/defaults/main.yml"
    show = {"name": "Show", "ansible.builtin.debug": {"msg": "<{{ limitwise_confirm }}>"}}
    play = {"name": "Show", "hosts": "h1", "gather_facts": False, "tasks": [show],
            "vars_files": [str(defaults)]}
    (tmp_path / "show.json").write_text(json.dumps([play]))
    controller = Controller(tmp_path, {"h1": {}})
    played = controller.play(str(tmp_path / "show.json"), "-e", json.dumps(variables))
    assert f'"<{confirm}>"' in played.stdout, played.stdout + played.stderr
