"""Documents: taken apart by the engine and put together again, and what is refused in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils import engine, tuning
from ansible_collections.limitwise.host.plugins.module_utils.findings import errors
from limitwise_operator.decide import document

WORDS = st.sampled_from(["nofile", "nproc", "memlock"])
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "policy": st.just({"allow_lowering": ["kernel.pid_max"], "maximum": {"fs.nr_open": 9}}),
        "sysctl": st.dictionaries(
            st.sampled_from(["kernel.pid_max", "fs.nr_open", "net.ipv4.conf.eth0/1.rp_filter"]),
            st.integers(1, 9),
        ),
        "limits": st.lists(
            st.fixed_dictionaries(
                {
                    "domain": st.sampled_from(["*", "@staff"]),
                    "type": st.sampled_from(["-", "soft", "hard"]),
                    "item": WORDS,
                    "value": st.integers(1, 3),
                }
            ),
            max_size=4,
        ),
        "units": st.dictionaries(
            st.sampled_from(["docker.service", "a@.service"]),
            st.dictionaries(st.sampled_from(["TasksMax", "LimitNOFILE"]), st.integers(1, 9)),
        ),
        "docker_daemon": st.just(
            {
                "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}},
                "log-opts": {"a/b": "1", "c~d": "2", "e": {}},
                "exec-opts": ["native.cgroupdriver=systemd"],
            }
        ),
    },
)


@given(DOCUMENTS)
def test_what_is_written_reads_as_the_same(given_document: dict[str, Any]) -> None:
    first, findings = tuning.read(given_document)
    assume(not errors(findings))
    again, findings = tuning.read(document.written(first))
    assert {item.id: item.value for item in again.items} == {
        item.id: item.value for item in first.items
    }
    assert again.layers == first.layers
    assert again.policy == first.policy
    assert not errors(findings)


def test_soft_and_hard_of_one_value_are_one_entry() -> None:
    entry = {"domain": "*", "type": "-", "item": "nofile", "value": 9}
    read, _findings = tuning.read({"limits": [entry]})
    assert document.written(read) == {"limits": [entry]}


@pytest.mark.parametrize(
    ("given_document", "word"),
    [
        ({"sysctl": {"kernel.pid_max": "many"}}, "many"),
        ({"sysctls": {}}, "sysctl"),
        ({"sysctl": []}, "a map"),
        ({"policy": {"restart": "if-needed"}}, "spec.disruption.restart"),
        ({"policy": {"reboot": "never"}}, "spec.disruption.reboot"),
        ({"policy": {"confirm": "60s"}}, "policy.confirm"),
        ({"policy": {"boot_script": "/bin/sh"}}, "policy.boot_script"),
    ],
)
def test_what_is_refused(given_document: dict[str, Any], word: str) -> None:
    found = document.problems(document.plain(given_document))
    assert any(word in one for one in found), found


@pytest.mark.parametrize(
    "given_document",
    [
        {"sysctl": {"net.ipv4.ip_forward": 1}},
        {"units": {"docker.service": {"ExecStart": "/bin/sh"}}},
    ],
)
def test_what_is_no_limit_is_left_for_each_node_to_refuse(given_document: dict[str, Any]) -> None:
    assert not document.problems(document.plain(given_document))
    asked, _findings = tuning.read(given_document)
    assert [one.code for one in engine.check(asked)] == ["LW007"]
