"""A fleet's tuning and a NodeTuning are one source: what goes there comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Tuning, read
from limitwise import node_tuning
from limitwise.__main__ import main
from limitwise_operator.kinds import meta

WISH = node_tuning.Wish("base", {"all": True})

WORD = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=8)
SCALAR = st.one_of(
    st.integers(-1, 2**64), st.sampled_from(["infinity", "80%", "4096 87380 1", "1G"])
)
UNITS = st.dictionaries(
    WORD.map(lambda word: word + ".service"),
    st.dictionaries(st.sampled_from(["TasksMax", "MemoryMax", "LimitNOFILE"]), SCALAR, max_size=3),
    max_size=3,
)
LOGIN = st.fixed_dictionaries(
    {
        "domain": st.sampled_from(["*", "@student", "alice"]),
        "type": st.sampled_from(["soft", "hard", "-"]),
        "item": st.sampled_from(["nofile", "nproc"]),
        "value": st.integers(0, 3),
    }
)
DOCUMENTS = st.fixed_dictionaries(
    {"sysctl": st.dictionaries(WORD.map(lambda word: "kernel." + word), SCALAR, max_size=4)},
    optional={
        "policy": st.fixed_dictionaries(
            {},
            optional={
                "restart": st.sampled_from(["never", "if-needed"]),
                "reboot": st.just("never"),
                "maximum": st.dictionaries(WORD, st.integers(0, 9), max_size=2),
            },
        ),
        "limits": st.lists(LOGIN, max_size=4),
        "slices": UNITS,
        "units": UNITS,
        "docker_daemon": st.fixed_dictionaries(
            {},
            optional={
                "init": st.booleans(),
                "cgroup-parent": WORD,
                "default-address-pools": st.just([{"base": "10.0.0.0/8", "size": 24}]),
            },
        ),
        "kubelet": st.fixed_dictionaries(
            {},
            optional={
                "maxPods": st.integers(1, 500),
                "evictionHard": st.just({"pid.available": "5%"}),
                "evictionHard.pid.available": st.just("5%"),
            },
        ),
    },
)


def meaning(tuning: Tuning) -> Any:
    """What the engine would do with it: layers, values as text, policy."""
    items = {item.id: item.text for item in tuning.items}
    return set(tuning.layers), items, tuning.policy


@given(DOCUMENTS)
def test_what_goes_into_a_node_tuning_comes_back(document: dict[str, Any]) -> None:
    tuning, found = read(document)
    body, notes = node_tuning.rendered(document, WISH)
    back, _left = node_tuning.extracted(yaml.safe_load(yaml.safe_dump(body)), "x")
    assert not notes
    again, found_again = read(back)
    if not found:  # a login limit that stands twice with two values stands there once
        assert meaning(again) == meaning(tuning)
    assert [one.code for one in found_again] <= [one.code for one in found]
    assert node_tuning.rendered(back, WISH)[0] == body


def test_names_are_the_operators() -> None:
    assert (node_tuning.API_VERSION, node_tuning.KIND) == (meta.API_VERSION, meta.NODE_TUNING)
    assert set(node_tuning.RESTARTS) == set(meta.RESTARTS)
    assert node_tuning.MODES == meta.MODES
    assert node_tuning.ON_DELETE == meta.ON_DELETE


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["pool=a"], {"matchLabels": {"pool": "a"}}),
        (["pool==a,x/y="], {"matchLabels": {"pool": "a", "x/y": ""}}),
        (["pool=a", "pool=a"], {"matchLabels": {"pool": "a"}}),
        (
            ["pool!=a"],
            {"matchExpressions": [{"key": "pool", "operator": "NotIn", "values": ["a"]}]},
        ),
        (
            ["gpu,!spot"],
            {
                "matchExpressions": [
                    {"key": "gpu", "operator": "Exists"},
                    {"key": "spot", "operator": "DoesNotExist"},
                ]
            },
        ),
    ],
)
def test_selectors(words: list[str], wanted: dict[str, Any]) -> None:
    assert node_tuning.selector(False, words) == wanted


@pytest.mark.parametrize("words", [[""], ["=a"], ["!pool=a"], ["a=b c"], ["a=b", "a=c"], []])
def test_selectors_that_are_none(words: list[str]) -> None:
    with pytest.raises(InputError, match=r"selector|which nodes"):
        node_tuning.selector(False, words)


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


FLEET = """\
policy: {restart: if-needed, reboot: if-needed, confirm: 60s, allow_lowering: [kernel.pid_max]}
sysctl: {kernel.threads-max: 4194304}
limits: [{domain: "*", type: Hard, item: NOFILE, value: 1024}]
kubelet: {evictionHard.pid.available: 5%, podPidsLimit: 8192}
docker_daemon: {init: null, live-restore: true}
"""


def test_render_prints_what_kubectl_reads_and_says_what_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "dense.yml", FLEET)
    words = ["--selector", "pool=a", "--priority", "5", "--mode", "Report", "--on-delete", "Keep"]
    status = main(["k8s", "render", path, *words])
    said = capsys.readouterr()
    assert yaml.safe_load(said.out) == {
        "apiVersion": "limitwise.dev/v1alpha1",
        "kind": "NodeTuning",
        "metadata": {"name": "dense"},
        "spec": {
            "nodeSelector": {"matchLabels": {"pool": "a"}},
            "priority": 5,
            "mode": "Report",
            "onDelete": "Keep",
            "tuning": {
                "policy": {"allow_lowering": ["kernel.pid_max"]},
                "sysctl": {"kernel.threads-max": 4194304},
                "limits": [{"domain": "*", "type": "hard", "item": "nofile", "value": 1024}],
                "kubelet": {"evictionHard": {"pid.available": "5%"}, "podPidsLimit": 8192},
                "docker_daemon": {"live-restore": True},
            },
            "disruption": {"restart": "Allowed"},
        },
    }
    for lost in ("policy.reboot", "policy.confirm", "docker_daemon.init"):
        assert f"note: {lost} is left out" in said.err
    assert status == 0


def test_json_is_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "dense.yml", FLEET)
    words = ["--all", "--name", "base", "--restart", "AfterDrain", "--format", "json"]
    assert main(["k8s", "render", path, *words]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["metadata"]["name"] == "base"
    assert body["spec"]["disruption"] == {"restart": "AfterDrain"}
    back = write(tmp_path / "nt.json", json.dumps(body))
    assert main(["k8s", "extract", back, "--format", "json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["policy"] == {
        "allow_lowering": ["kernel.pid_max"], "restart": "if-needed",
    }
    assert "disruption.restart" in said.err
    assert "nodeSelector, priority, mode, onDelete" in said.err


def test_what_the_agents_would_refuse_is_said_here_already(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "bad.yml", "sysctl: {kernel.core_pattern: '|/x'}\n")
    assert main(["k8s", "render", path, "--all"]) == 1
    said = capsys.readouterr()
    assert yaml.safe_load(said.out)["kind"] == "NodeTuning"
    assert "kernel.core_pattern" in said.err


@pytest.mark.parametrize(
    ("text", "words", "why"),
    [
        ("sysctl: {a.b: 1}", [], "--all or --selector"),
        ("sysctl: {a.b: 1}", ["--all", "--selector", "a=b"], "--all or --selector"),
        ("sysctl: {a.b: 1}", ["--all", "--name", "A B"], "no name for an object"),
        ("sysctl: {a.b: 1}", ["--all", "--priority", "2000"], "-1000 to 1000"),
        ("{}", ["--all"], "nothing to render"),
        ("sysctl: [", ["--all"], "is not YAML"),
    ],
)
def test_render_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: list[str], why: str
) -> None:
    assert main(["k8s", "render", write(tmp_path / "t.yml", text), *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert why in said.err
    assert len(said.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sysctl: {a.b: 1}", "is no NodeTuning"),
        ("[]", "is no NodeTuning"),
        ("{apiVersion: v1, kind: NodeTuning}", "is no NodeTuning"),
        ("{apiVersion: limitwise.dev/v1, kind: NodeTuning, spec: 3}", "a spec that is no map"),
        (
            "{apiVersion: limitwise.dev/v1, kind: NodeTuning, spec: {disruption: {restart: x}}}",
            "no such word",
        ),
    ],
)
def test_extract_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, why: str
) -> None:
    assert main(["k8s", "extract", write(tmp_path / "t.yml", text)]) == 2
    assert why in capsys.readouterr().err
