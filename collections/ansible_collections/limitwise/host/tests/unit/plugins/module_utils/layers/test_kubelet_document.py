# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tuning may say of the kubelet, and how the kubelet's command line is read."""

from __future__ import annotations

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.layers.kubelet import (
    start as kubelet_start,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.kubelet.layer import (
    KubeletLayer,
)
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

LAYER = KubeletLayer()


def items(section):
    tuning, found = read({"kubelet": section})
    assert found == ()
    assert LAYER.check(tuning.items, frozenset()) == []
    return tuning.items


# --- the document --------------------------------------------------------------------------------


def test_dotted_names_and_maps_are_the_same():
    dotted = items({"systemReserved.pid": 2000, "evictionHard.pid.available": "10%"})
    nested = items({"systemReserved": {"pid": "2000"}, "evictionHard": {"pid.available": "10%"}})
    assert [(one.key, one.text) for one in dotted] == [(one.key, one.text) for one in nested]
    assert [one.key for one in dotted] == ["/systemReserved/pid", "/evictionHard/pid.available"]


@pytest.mark.parametrize(
    ("section", "code", "words"),
    [
        ({"podPidLimit": 4096}, "LW803", "podPidsLimit"),
        ({"podPidsLimit": "many"}, "LW804", "whole number"),
        ({"podPidsLimit": 0}, "LW804", "-1"),
        ({"podPidsLimit": -2}, "LW804", "whole number"),
        ({"podPidsLimit": True}, "LW804", "whole number"),
        ({"maxPods": 0}, "LW804", "1 to"),
        ({"systemReserved": {"pid": "2k"}}, "LW804", "whole number"),
        ({"systemReserved": {"memory": "1Gi"}}, "LW007", "/systemReserved/pid"),
        ({"evictionHard": {"pid.available": "110%"}}, "LW804", "percentage"),
        ({"evictionHard": {}}, "LW007", "/evictionHard/pid.available"),
        ({"staticPodPath": "/evil"}, "LW007", "decides how the node runs"),
        ({"failSwapOn": False}, "LW007", "decides how the node runs"),
        ({"authentication": {"anonymous": {"enabled": True}}}, "LW007", "authentication"),
    ],
)
def test_what_the_catalogue_refuses(section, code, words):
    tuning, _found = read({"kubelet": section})
    (finding,) = LAYER.check(tuning.items, frozenset())
    assert finding.code == code
    assert words in str(finding)


def test_the_host_itself_may_permit_a_key():
    tuning, _found = read({"kubelet": {"failSwapOn": False}})
    assert LAYER.check(tuning.items, frozenset(["failSwapOn"])) == []


# --- how it is started ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (["/usr/bin/kubelet", "--config=/a", "--max-pods", "5"], {"config": "/a", "max-pods": "5"}),
        (["kubelet", "--config_dir=/d", "--v=2"], {"config-dir": "/d", "v": "2"}),
        (["kubelet", "--fail-swap-on=false", "--register-node"],
         {"fail-swap-on": "false", "register-node": ""}),
        (["kubelet", "--max-pods=1", "--max-pods=2"], {"max-pods": "2"}),
        (["/usr/bin/hyperkube", "x"], {}),
    ],
)
def test_flags(words, flags):
    assert kubelet_start.flags(words) == flags
