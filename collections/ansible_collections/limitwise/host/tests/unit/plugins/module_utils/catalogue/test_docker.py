# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of daemon.json: consistent table, twins that dockerd ignores, values, contradictions."""

from __future__ import annotations

from collections import Counter
from typing import Dict, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.catalogue import docker
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.classes import (
    ALL,
    FLOOR,
    REFUSED,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.docker import (
    check_document,
    check_value,
    lookup,
    settable,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.docker_key import DaemonKey
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.docker_table import (
    IGNORED,
    IGNORED_WITHOUT_KEY,
    KEYS,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.docker_values import (
    pointer,
    pools_of,
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text("10.2/8:ax%k ", max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["nofile", "Name", "Soft", "base", "size", "gc"]), inner)
    ),
    max_leaves=8,
)
ULIMIT = {"Name": "nofile", "Soft": 1048576, "Hard": 1048576}


def key(name: str) -> DaemonKey:
    found = lookup(name)
    assert found is not None, name
    return found


def test_no_key_is_listed_twice() -> None:
    assert [n for n, count in Counter(k.name for k in KEYS).items() if count > 1] == []


@pytest.mark.parametrize("entry", KEYS, ids=lambda entry: entry.name)
def test_an_entry_is_consistent(entry: DaemonKey) -> None:
    assert entry.klass in ALL
    assert entry.effect in ("reload", "restart")
    assert entry.applies_to in ("all", "new-containers")
    assert entry.doc
    assert entry.name not in IGNORED
    assert entry.name not in IGNORED_WITHOUT_KEY
    assert lookup("/" + pointer(entry.name)) == entry
    if entry.replacement:
        assert key(entry.replacement).until is None


def test_every_ignored_name_means_a_key() -> None:
    for name, meant in IGNORED.items():
        assert lookup(name) is None
        assert docker.ignored_twin(name) == meant
        assert lookup(meant) is not None


@pytest.mark.parametrize(
    ("name", "effect", "applies_to"),
    [
        ("default-ulimits", "restart", "new-containers"),
        ("default-shm-size", "reload", "new-containers"),
        ("default-address-pools", "restart", "new-containers"),
        ("cgroup-parent", "restart", "new-containers"),
        ("log-opts", "restart", "new-containers"),
        ("max-concurrent-downloads", "reload", "all"),
        ("max-concurrent-uploads", "reload", "all"),
        ("max-download-attempts", "reload", "all"),
        ("shutdown-timeout", "reload", "all"),
        ("live-restore", "reload", "all"),
        ("exec-opts", "restart", "new-containers"),
        ("userland-proxy", "restart", "all"),
        ("init", "restart", "new-containers"),
        ("bip", "restart", "all"),
        ("builder", "restart", "all"),
    ],
)
def test_what_a_tuning_may_set(name: str, effect: str, applies_to: str) -> None:
    found = key(name)
    assert settable(name)
    assert (found.effect, found.applies_to) == (effect, applies_to)


def test_ulimits_are_only_raised() -> None:
    assert key("/default-ulimits/nofile/Hard").klass == FLOOR


@pytest.mark.parametrize(
    "path",
    [
        "runtimes",
        "/runtimes/runc/path",
        "default-runtime",
        "hosts",
        "group",
        "init-path",
        "authorization-plugins",
        "containerd",
        "containerd-namespace",
        "cri-containerd",
        "tls",
        "tlsverify",
        "tlscacert",
        "tlscert",
        "tlskey",
        "data-root",
        "exec-root",
        "storage-driver",
        "storage-opts",
        "userns-remap",
        "seccomp-profile",
        "selinux-enabled",
        "no-new-privileges",
        "userland-proxy-path",
        "cdi-spec-dirs",
        "insecure-registries",
        "registry-mirrors",
        "proxies",
        "/proxies/http-proxy",
        "/builder/entitlements/security-insecure",
        "/builder/Entitlements/network-host",
        "default-cgroupns-mode",
        "default-ipc-mode",
        "iptables",
        "metrics-addr",
        "features",
        "no-such-key",
        "registry-mirror",
        "/Hosts",
    ],
)
def test_what_a_tuning_may_not_set(path: str) -> None:
    assert not settable(path)
    assert docker.refusal(path)


def test_the_refusal_of_a_key_is_in_its_class() -> None:
    assert key("hosts").klass == REFUSED
    assert settable("/builder/gc/enabled")


@pytest.mark.parametrize(
    ("flag", "name"),
    [
        ("-H", "hosts"),
        ("-Hfd://", "hosts"),
        ("--host=fd://", "hosts"),
        ("--default-ulimit", "default-ulimits"),
        ("--log-opt", "log-opts"),
        ("--debug", "debug"),
        ("-D", "debug"),
        ("--add-runtime", "runtimes"),
        ("--http-proxy=x", "proxies"),
        ("--containerd=/run/containerd/containerd.sock", "containerd"),
        ("--no-such-flag", None),
        ("-Z", None),
        ("dockerd", None),
    ],
)
def test_the_key_of_a_flag(flag: str, name: Optional[str]) -> None:
    found = docker.of_flag(flag)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("registry-mirror", "registry-mirrors"),
        ("insecure-registry", "insecure-registries"),
        ("default-ulimit", "default-ulimits"),
        ("default-address-pool", "default-address-pools"),
        ("http-proxy", "proxies"),
        ("Log-driver", "log-driver"),
        ("live-restor", "live-restore"),
        ("max_concurrent_downloads", "max-concurrent-downloads"),
        ("restart", None),
        ("bananas", None),
    ],
)
def test_a_wrong_name(name: str, meant: Optional[str]) -> None:
    (problem,) = check_value(name, True)
    assert problem.severity == "error"
    assert problem.about == "name"
    assert problem.suggestion == meant


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("default-ulimits", {"nofile": ULIMIT}),
        ("default-ulimits", {"nofile": {"name": "nofile", "soft": 1, "hard": -1}}),
        ("/default-ulimits/nofile/Hard", 1048576),
        ("default-shm-size", "64M"),
        ("default-shm-size", "1.5gb"),
        ("default-address-pools", [{"base": "10.200.0.0/13", "size": 24}]),
        ("default-address-pools", [{"base": "10.0.0.0/16", "size": 24},
                                   {"base": "fd00::/48", "size": 64}]),
        ("bip", "172.17.0.1/16"),
        ("cgroup-parent", "docker.slice"),
        ("exec-opts", ["native.cgroupdriver=systemd"]),
        ("max-concurrent-downloads", 10),
        ("log-opts", {"max-size": "10m", "max-file": "3", "compress": "true"}),
        ("log-opts", {"awslogs-region": "eu", "fluentd-address": "x", "max-size": "-1"}),
        ("/log-opts/max-size", "100m"),
        ("live-restore", True),
        ("builder", {"gc": {"enabled": True, "defaultKeepStorage": "20GB", "policy": [
            {"keepStorage": "10GB", "filter": ["unused-for=2200h"]}, {"all": True}]}}),
        ("builder", {"GC": {"Enabled": False, "DefaultReservedSpace": "10%"}}),
        ("proxies", {"http-proxy": "http://proxy:3128"}),
        ("registry-mirrors", ["https://mirror.example/", "http://10.0.0.1:5000"]),
        ("hosts", ["fd://", "tcp://0.0.0.0:2375"]),
        ("runtimes", {"nvidia": {"path": "nvidia-container-runtime", "runtimeArgs": []}}),
        ("dns", ["1.1.1.1", "fe80::1"]),
        ("default-network-opts", {"bridge": {"com.docker.network.driver.mtu": "1400"}}),
        ("features", {"buildkit": True}),
        ("log-level", "warn"),
    ],
)  # fmt: skip
def test_right_values(path: str, value: object) -> None:
    assert check_value(path, value) == ()


@pytest.mark.parametrize(
    ("path", "value", "place", "suggestion"),
    [
        ("live-restore", "true", "/live-restore", "true"),
        ("live-restore", 1, "/live-restore", "true"),
        ("max-concurrent-downloads", "10", "/max-concurrent-downloads", "10"),
        ("max-concurrent-downloads", 2.5, "/max-concurrent-downloads", None),
        ("max-concurrent-downloads", True, "/max-concurrent-downloads", None),
        ("max-concurrent-downloads", -1, "/max-concurrent-downloads", None),
        ("default-shm-size", 64, "/default-shm-size", '"64"'),
        ("default-shm-size", "64 apples", "/default-shm-size", None),
        ("hosts", "fd://", "/hosts", '["fd://"]'),
        ("log-opts", {"max-size": 10}, "/log-opts/max-size", '"10"'),
        ("log-opts", {"max-size": "10 mb"}, "/log-opts/max-size", None),
        ("log-opts", {"max-file": "0"}, "/log-opts/max-file", None),
        ("log-opts", {"compress": "yes"}, "/log-opts/compress", None),
        ("log-opts", {"maxsize": "10m"}, "/log-opts/maxsize", "max-size"),
        ("default-ulimits", [ULIMIT], "/default-ulimits", None),
        ("default-ulimits", {"nofile": 1024}, "/default-ulimits/nofile", None),
        ("default-ulimits", {"nofiles": {**ULIMIT, "Name": "nofiles"}},
         "/default-ulimits/nofiles", "nofile"),
        ("default-ulimits", {"nofile": {**ULIMIT, "Name": "nproc"}},
         "/default-ulimits/nofile/Name", '"nofile"'),
        ("default-ulimits", {"nofile": {**ULIMIT, "Soft": 2000000}},
         "/default-ulimits/nofile", None),
        ("default-ulimits", {"nofile": {**ULIMIT, "Soft": -1}}, "/default-ulimits/nofile", None),
        ("default-ulimits", {"nofile": {"Name": "nofile", "Hard": 1}},
         "/default-ulimits/nofile/Soft", None),
        ("default-ulimits", {"nofile": {**ULIMIT, "Sofft": 1}},
         "/default-ulimits/nofile/Sofft", "Soft"),
        ("/default-ulimits/nofile/Hard", "many", "/default-ulimits/nofile/Hard", None),
        ("/default-ulimits/nofile/Hrad", 1, "/default-ulimits/nofile/Hrad", "Hard"),
        ("default-address-pools", {"base": "10.0.0.0/8", "size": 24},
         "/default-address-pools", None),
        ("default-address-pools", [{"base": "10.0.0.0", "size": 24}],
         "/default-address-pools/0/base", None),
        ("default-address-pools", [{"base": "10.0.0.0/16", "size": 12}],
         "/default-address-pools/0/size", None),
        ("default-address-pools", [{"base": "10.0.0.0/16"}],
         "/default-address-pools/0/size", None),
        ("default-address-pools", [{"base": "10.0.0.0/8", "size": 24},
                                   {"base": "10.1.0.0/16", "size": 24}],
         "/default-address-pools/1/base", None),
        ("bip", "172.17.0.1", "/bip", None),
        ("exec-opts", ["native.cgroupdriver=openrc"], "/exec-opts/0", None),
        ("registry-mirrors", ["mirror.local:5000"], "/registry-mirrors/0",
         '"https://mirror.local:5000"'),
        ("builder", {"gc": {"polcy": []}}, "/builder/gc/polcy", "policy"),
        ("dns", ["localhost"], "/dns/0", None),
        ("log-level", "Warn", "/log-level", '"warn"'),
        ("/live-restore/x", True, "/live-restore", None),
        ("storage-driver", None, "/storage-driver", None),
    ],
)  # fmt: skip
def test_wrong_values(path: str, value: object, place: str, suggestion: Optional[str]) -> None:
    problems = check_value(path, value)
    assert [(each.path, each.suggestion) for each in problems] == [(place, suggestion)]


def test_credentials_are_not_repeated() -> None:
    secret = "http://user:hunter2@proxy"
    for path, value in (
        ("registry-mirrors", [secret]),
        ("/proxies/http-proxy", [secret]),
        ("proxies", [secret]),
        ("live-restore", {"x": secret}),
    ):
        problems = check_value(path, value)
        assert problems
        assert not any("hunter2" in each.message for each in problems)


@given(st.sampled_from(KEYS), JSON)
def test_any_json_can_be_checked(entry: DaemonKey, value: object) -> None:
    for problem in check_value(entry.name, value):
        assert problem.message
        assert problem.path.startswith("/" + entry.name)


@given(st.dictionaries(st.sampled_from([k.name for k in KEYS] + list(IGNORED)), JSON, max_size=4))
def test_any_document_can_be_checked(document: Dict[str, object]) -> None:
    wrong = {docker.parts_of(problem.path)[0] for problem in check_document(document)}
    assert wrong >= {name for name in document if name in IGNORED}
    assert wrong <= set(document)


@pytest.mark.parametrize(
    ("bridge", "places"),
    [
        ("10.200.0.1/24", []),
        ("10.200.0.1/13", ["/bip"]),
        ("10.0.0.1/8", ["/bip"]),
        ("172.17.0.1/16", []),
        ("fd00::1/64", []),
    ],
)
def test_a_bridge_that_covers_a_pool_is_found(bridge: str, places: list[str]) -> None:
    pools = [{"base": "10.200.0.0/13", "size": 24}]
    problems = check_document({"bip": bridge, "default-address-pools": pools})
    assert [(each.path, each.severity) for each in problems] == [
        (place, "warning") for place in places
    ]
    assert check_document({"bip": bridge}) == ()


def test_pools_are_read_in_any_case() -> None:
    assert [str(base) for base, _size in pools_of([{"Base": "10.0.0.0/8", "Size": 16}])] == [
        "10.0.0.0/8"
    ]
