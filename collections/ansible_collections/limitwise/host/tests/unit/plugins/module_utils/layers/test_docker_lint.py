# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found in a daemon.json and in the keys that a tuning wants of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import Place
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.check import (
    check,
    together,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.lint import lint
from ansible_collections.limitwise.host.plugins.module_utils.tuning import read

FILE = "/etc/docker/daemon.json"
ULIMITS = '{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": %s, "Hard": %s}}}'


def found(text):
    return [
        (finding.code, finding.place.line, finding.place.column, finding.suggestion)
        for finding in lint(text.encode(), FILE)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}\n",
        '{"log-driver": "json-file", "log-opts": {"max-size": "10m", "max-file": "3"}}',
        '{\r\n\t"live-restore": true,\r\n\t"userland-proxy": false\r\n}\r\n',
        ULIMITS % (1024, 65536),
        ULIMITS % (-1, -1),
        '{"default-ulimits": {"nofile": {"name": "nofile", "soft": 1, "hard": 2}}}',
        '{"default-address-pools": [{"base": "10.200.0.0/13", "size": 24}]}',
        '{"bip": "10.2.0.1/24", "default-address-pools": [{"base": "10.2.0.0/16", "size": 24}]}',
        '{"exec-opts": ["native.cgroupdriver=systemd"], "cgroup-parent": "docker.slice"}',
        '{"registry-mirrors": ["https://mirror.example"], "insecure-registries": ["10.0.0.1:80"]}',
        '{"proxies": {"http-proxy": "http://u:p@proxy:3128", "no-proxy": "localhost"}}',
        '{"hosts": ["unix:///var/run/docker.sock"], "data-root": "/srv", "features": {"x": true}}',
        '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "runtimeArgs": []}}}',
        '{"max-concurrent-downloads": 10, "default-shm-size": "128M", "mtu": 1450}',
    ],
)
def test_usual_files_are_clean(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("[]", 1, 1),
        ('{"debug": true,}', 1, 15),
        ('\ufeff{"debug": true}', 1, 1),
        ('{\n  "debug": true\n  "icc": false\n}', 3, 3),
        ("{\n  // no\n}", 2, 3),
        ("nonsense", 1, 1),
    ],
)
def test_broken_files_have_a_place(text, line, column):
    assert found(text) == [("LW401", line, column, None)]


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "suggestion"),
    [
        ('{"Log-driver": "json-file"}', "LW402", 1, 2, "log-driver"),
        ('{\n  "live_restore": true\n}', "LW402", 2, 3, "live-restore"),
        ('{"wibble-wobble": 1}', "LW402", 1, 2, None),
        ('{"registry-mirror": ["https://m"]}', "LW403", 1, 2, "registry-mirrors"),
        ('{"insecure-registry": ["m"]}', "LW403", 1, 2, "insecure-registries"),
        ('{"default-ulimit": ["nofile=1:2"]}', "LW403", 1, 2, "default-ulimits"),
        ('{"live-restore": "true"}', "LW404", 1, 2, "true"),
        ('{"log-opts": {"max-file": 3}}', "LW404", 1, 15, '"3"'),
        (ULIMITS % (200, 100), "LW404", 1, 22, None),
        ('{"default-ulimits": {"nofiles": {"Name": "nofiles", "Soft": 1, "Hard": 1}}}',
         "LW404", 1, 22, "nofile"),
        ('{"default-address-pools": [{"base": "10.0.0.0/24", "size": 16}]}',
         "LW404", 1, 52, None),
        ('{"bip": "10.0.0.1/16", "default-address-pools": [{"base": "10.0.0.0/16", "size": 24}]}',
         "LW404", 1, 2, None),
    ],
)
def test_mistakes(text, code, line, column, suggestion):
    assert found(text) == [(code, line, column, suggestion)]


def test_repeated_key():
    assert found('{"debug": true,\n "debug": false}') == [("LW405", 2, 2, None)]


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ('{\n  "registry-mirror": ["https://m"]\n}', '  "registry-mirrors": ["https://m"]'),
        ('{\r\n\t"live_restore":true\r\n}', '\t"live-restore":true'),
        # the value does not fit the right key
        ('{"default-ulimit": ["nofile=1:2"]}', None),
        # the right key is there already
        ('{"registry-mirror": [], "registry-mirrors": []}', None),
        # the word stands twice in the line
        ('{"live_restore": true, "labels": ["live_restore"], "x": "live_restore"}', None),
        # a credential in the line
        ('{"registry-mirror": [], "http-proxy": "http://u:p@h"}', None),
    ],
)
def test_fixed_line(text, fixed):
    first = lint(text.encode(), FILE)[0]
    assert first.fixed_line == fixed


def test_no_finding_shows_a_credential():
    text = '{"registry-mirrors": ["ftp://u:hunter2@m"], "proxies": {"http-proxy": ["u:hunter2@p"]}}'
    shown = "".join(str(finding.as_dict()) for finding in lint(text.encode(), FILE))
    assert "LW404" in shown
    assert "hunter2" not in shown


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_at(data):
    for finding in lint(data, FILE):
        assert finding.place.file == FILE


# --- the keys of a tuning ------------------------------------------------------------------------


def wanted(section):
    tuning, findings = read({"docker_daemon": section})
    assert findings == ()
    return tuning.items


def checked(section, allowed=()):
    return [
        (finding.code, finding.severity, finding.suggestion)
        for finding in check(wanted(section), frozenset(allowed))
    ]


GOOD = {
    "default-address-pools": [{"base": "10.200.0.0/13", "size": 24}],
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1048576, "Hard": 1048576}},
    "cgroup-parent": "docker.slice",
    "log-opts": {"max-size": "10m"},
    "live-restore": True,
}


def test_good_tuning():
    assert checked(GOOD) == []


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"live-restor": True}, ("LW402", "error", "live-restore")),
        ({"default-ulimit": {}}, ("LW403", "error", "default-ulimits")),
        ({"hosts": ["tcp://0.0.0.0:2375"]}, ("LW007", "error", None)),
        ({"runtimes": {"x": {"path": "/tmp/x"}}}, ("LW007", "error", None)),
        ({"authorization-plugins": []}, ("LW007", "error", None)),
        ({"live-restore": "yes"}, ("LW404", "error", None)),
        ({"default-ulimits": {"noproc": {"Name": "noproc", "Soft": 1, "Hard": 1}}},
         ("LW404", "error", "nproc")),
        ({"default-ulimits": {"nproc": {"Name": "nofile", "Soft": 1, "Hard": 1}}},
         ("LW404", "error", '"nproc"')),
        ({"default-ulimits": {"nproc": {"Name": "nproc", "Soft": 2, "Hard": 1}}},
         ("LW404", "error", None)),
        ({"default-address-pools": [
            {"base": "10.0.0.0/16", "size": 24}, {"base": "10.0.1.0/24", "size": 26},
        ]}, ("LW404", "error", None)),
    ],
)
def test_bad_tuning(section, expected):
    assert checked(section) == [expected]


@pytest.mark.parametrize("name", ["runtimes", "/runtimes", "/runtimes/crun"])
def test_what_the_host_allows(name):
    section = {"runtimes": {"crun": {"path": "/usr/bin/crun"}}}
    assert checked(section) == [("LW007", "error", None)]
    assert checked(section, [name]) == []
    assert checked(section, ["/hosts", "/runtimes/crun/path/x"]) == [("LW007", "error", None)]


def test_uncatalogued_key_that_the_host_allows():
    assert checked({"brand-new": 1}, ["brand-new"]) == []


def test_place_is_that_of_the_leaf():
    places = {
        ("docker_daemon", "default-ulimits", "nofile", "Soft"): Place("t.yml", 7, 3),
        ("docker_daemon", "default-ulimits", "nofile", "Hard"): Place("t.yml", 8, 3),
        ("docker_daemon", "default-ulimits", "nofile", "Name"): Place("t.yml", 6, 3),
    }
    ulimit = {"Name": "nofile", "Soft": 1, "Hard": "many"}
    section = {"default-ulimits": {"nofile": ulimit}}
    tuning, _findings = read({"docker_daemon": section}, places=places)
    (finding,) = check(tuning.items, frozenset())
    assert finding.place == Place("t.yml", 8, 3)


NAMES = st.text(max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([1]),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_items_put_together_are_the_document(section):
    assert together(wanted(section)) == section
