"""The agent's pod as shipped: its rights and no more, what hostile texts do, what a kill does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cluster.api import Api, Body
from cluster.installed import LEASES, PODS, Installed, condition
from cluster.rollouts import STATES, TUNINGS
from lab.host import Host
from nodes.on_node import differences, everything, kernel, processes, status

# linux/capability.h: the bit of each capability that the chart gives, and no other.
CAPABILITIES = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "SYS_CHROOT": 18, "SYS_RESOURCE": 24}
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
MARKER = "limitwise-was-here"
SOMAXCONN = "net.core.somaxconn"


@pytest.fixture
def node(installed: Installed) -> Host:
    return installed.cluster.nodes[0]


def only(node: Host) -> Body:
    return {"matchLabels": {"kubernetes.io/hostname": node.name}}


def agent_process(node: Host) -> int:
    (found,) = processes(node, f"--node-name={node.name}")
    return found


def test_the_pod_has_the_rights_of_the_chart_and_no_more(installed: Installed, node: Host) -> None:
    rights = status(node, agent_process(node))
    bits = sum(1 << bit for bit in CAPABILITIES.values())
    for name in ("CapEff", "CapPrm", "CapBnd"):
        assert int(rights[name], 16) == bits
    assert (rights["NoNewPrivs"], rights["Seccomp"]) == ("1", "2")

    pod = installed.agent(node.name)
    assert pod is not None
    (container,) = pod["spec"]["containers"]
    assert sorted(container["securityContext"]["capabilities"]["add"]) == sorted(CAPABILITIES)
    assert container["securityContext"]["privileged"] is False
    tried = installed.inside(
        node, "sh", "-c", "for f in /etc/x /opt/x /x; do touch $f 2>&1 || true; done"
    )
    assert tried.count("Read-only file system") == 3


def refused(api: Api, method: str, path: str, body: Body | None = None) -> str:
    """Why the API server refuses that; it must."""
    kind = {"content_type": "application/merge-patch+json"} if method == "PATCH" else {}
    answer = api.request(method, path, body, **kind)
    assert answer.status == 403, (path, answer)
    return answer.message


def test_the_token_of_a_node_s_agent_reaches_that_node_s_objects_alone(
    installed: Installed, node: Host
) -> None:
    other = installed.cluster.nodes[1]
    installed.tuning("any", tuning={"sysctl": {SOMAXCONN: 8192}})
    installed.wait_current("any")
    agent = installed.cluster.api.as_user(installed.inside(node, "cat", TOKEN))
    version: Body = {"status": {"agentVersion": "forged"}}

    dry = agent.request(
        "PATCH", f"{STATES}/{node.name}/status", version, dryRun="All",
        content_type="application/merge-patch+json",
    )
    assert dry.status == 200
    said = refused(agent, "PATCH", f"{STATES}/{other.name}/status", version)
    assert f"this one is on {node.name}" in said
    lease = f"{LEASES}/limitwise-agent-{other.name}"
    assert node.name in refused(agent, "PATCH", lease, {"spec": {"holderIdentity": "forged"}})
    leader = f"{LEASES}/limitwise-operator"
    assert node.name in refused(agent, "PATCH", leader, {"spec": {"holderIdentity": "forged"}})
    for path in (f"{STATES}/{node.name}", f"{STATES}/{other.name}", f"{TUNINGS}/any"):
        refused(agent, "PATCH", path, {"spec": {"tuning": {}}})
        refused(agent, "DELETE", path)
    for path in ("/api/v1/nodes", "/api/v1/pods", "/api/v1/secrets", PODS, TUNINGS):
        refused(agent, "GET", path)
    assert installed.state(other.name)["status"]["agentVersion"] != "forged"


JINJA = f"{{{{lookup('pipe','touch${{IFS}}/tmp/{MARKER}')}}}}"
SHELL = f"$(touch${{IFS}}/tmp/{MARKER});`touch${{IFS}}/tmp/{MARKER}`"
LIMIT: dict[str, Any] = {"type": "-", "item": "nofile", "value": 65536}
# In the places that take any text: the API server or the agent's plan refuses each, or it is taken
# as it is written.
HOSTILE: dict[str, dict[str, Any]] = {
    "jinja as a value": {"sysctl": {"kernel.msgmax": JINJA}},
    "shell as a value": {"sysctl": {"kernel.msgmax": SHELL}},
    "jinja as a key": {"sysctl": {JINJA: 1}},
    "a path as a key": {"sysctl": {f"../../tmp/{MARKER}": 1}},
    "a line as a value": {"sysctl": {"kernel.msgmax": f"65536\nkernel.core_pattern=|{SHELL}"}},
    "a program of the kernel's": {"sysctl": {"kernel.core_pattern": f"|/bin/touch {MARKER}"}},
    "the same in disguise": {"sysctl": {"kernel..core_pattern": f"|/bin/touch {MARKER}"}},
    "jinja as a domain": {"limits": [{"domain": JINJA, **LIMIT}]},
    "shell as a domain": {"limits": [{"domain": SHELL, **LIMIT}]},
    "a line as a domain": {"limits": [{"domain": f"a\n* - nofile 1 {MARKER}", **LIMIT}]},
    "a path as a unit": {"units": {f"../../../tmp/{MARKER}.service": {"TasksMax": 10}}},
    "jinja as a unit": {"units": {f"{JINJA}.service": {"TasksMax": 10}}},
    "a line in a unit": {"units": {"ssh.service": {"TasksMax": f"10\nExecStartPre={SHELL}"}}},
    "a program in a unit": {"units": {"ssh.service": {"ExecStartPre": f"touch {MARKER}"}}},
    "a path as a slice": {"slices": {f"../{MARKER}.slice": {"TasksMax": 10}}},
}


@pytest.fixture(scope="module")
def untouched(installation: Installed) -> Iterator[Host]:
    """A node which is the same when all of them have been tried."""
    node = installation.cluster.nodes[0]
    before = everything(node)
    yield node
    assert differences(node, before) == []
    places = "/ /tmp /run /etc /var /dev/shm"
    found = node.run(f"find {places} -xdev -name '*{MARKER}*' 2>/dev/null || true").stdout
    assert found == ""


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_text_is_refused_or_taken_as_it_is_written(
    installed: Installed, untouched: Host, case: str
) -> None:
    body = {
        "apiVersion": "limitwise.dev/v1alpha1",
        "kind": "NodeTuning",
        "metadata": {"name": "hostile"},
        "spec": {"nodeSelector": only(untouched), "tuning": HOSTILE[case]},
    }
    answer = installed.cluster.api.request("POST", TUNINGS, body)
    if answer.status == 422:
        return
    assert answer.status == 201, answer
    if MARKER not in json.dumps(answer.body["spec"]):
        return  # a field that the kind does not have is dropped
    reasons: list[str] = []

    def ended() -> bool:
        found = installed.status("hostile")
        wrong = condition(found, "Valid").get("status") == "False"
        said = [one["reason"] for one in found.get("problemNodes", ())]
        good = condition(found, "Ready").get("reason") == "AllCurrent"
        reasons[:] = ["InvalidTuning"] * wrong + said + ["AllCurrent"] * good
        return bool(reasons)

    installed.until("its end is known", ended)
    assert set(reasons) <= {"InvalidTuning", "Refused", "Failed", "AllCurrent"}
    if reasons == ["AllCurrent"]:
        assert "as a domain" in case
        written = untouched.read("/etc/security/limits.d/zz-limitwise.conf")
        assert HOSTILE[case]["limits"][0]["domain"] in written


# The processes of runs, by the mark in their environment.
MARKED = """
import os
def marked():
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if b"LIMITWISE_RUN=" in open(f"/proc/{name}/environ", "rb").read():
                yield name
        except OSError:
            continue
"""
# Kills the agent as soon as a run has written its journal: it has begun, and changed nothing yet.
KILLER = f"""{MARKED}
import sys, time
place = "/var/lib/limitwise/journal"
look = lambda: set(os.listdir(place)) if os.path.isdir(place) else set()
known = look()
while look() <= known:
    time.sleep(0.002)
run = list(marked())
os.kill(int(sys.argv[1]), 9)
print(*run)
"""
LONG: dict[str, Any] = {
    "sysctl": {SOMAXCONN: 8192, "kernel.msgmax": 65536, "kernel.shmmni": 8192},
    "limits": [{"domain": "root", **LIMIT}],
    "slices": {"user.slice": {"TasksMax": 60000}},
    "units": {"ssh.service": {"TasksMax": 4000}},
}


def test_an_agent_killed_amid_a_run_goes_on_and_leaves_no_process(
    installed: Installed, node: Host
) -> None:
    before, agent = everything(node), agent_process(node)
    with ThreadPoolExecutor(1) as pool:
        killer = pool.submit(node.run, ["python3", "-c", KILLER, str(agent)], timeout=180)
        installed.until("the killer watches", lambda: bool(processes(node, KILLER)))
        installed.tuning("killed", nodeSelector=only(node), tuning=LONG)
        run = killer.result().stdout.split()
    assert len(run) > 1  # the supervisor, and Ansible below it
    installed.until("the run has ended with its agent", lambda: not alive(node, *run))
    installed.wait_current("killed")
    assert agent_process(node) != agent
    wanted = {key: str(value) for key, value in LONG["sysctl"].items()}
    assert kernel(node, *wanted) == wanted
    print_marked = ["python3", "-c", f"{MARKED}\nprint(*marked())"]
    assert node.run(print_marked).stdout.split() == []
    assert installed.inside(node, "ls", "/run/limitwise/runs") == ""
    installed.remove("killed")
    assert differences(node, before) == []


def alive(node: Host, *processes: str) -> list[str]:
    """Those of the processes that are still there, zombies left out."""
    found = node.run(["ps", "-o", "pid=,stat=", "-p", ",".join(processes)], check=False).stdout
    return [line.split()[0] for line in found.splitlines() if "Z" not in line]
