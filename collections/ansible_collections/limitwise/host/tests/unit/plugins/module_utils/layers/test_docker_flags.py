# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dockerd's flags, as its unit, its init script or its process has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.findings import Place
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.layers import unit_start
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker import (
    flags as docker_flags,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.docker.flags import Flag

UNIT = b"""[Unit]
Description=Docker
[Service]
EnvironmentFile=-/etc/default/docker
ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS
ExecReload=/bin/kill -s HUP $MAINPID
"""


def pairs(flags):
    return [(flag.name, flag.value) for flag in flags]


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ("dockerd", []),
        ("/usr/bin/dockerd -H fd://", [("host", "fd://")]),
        ("dockerd -Hfd://", [("host", "fd://")]),
        ("dockerd -H=tcp://0.0.0.0:1", [("host", "tcp://0.0.0.0:1")]),
        ("dockerd --host unix:///a --host=unix:///b", [("host", "unix:///a"), ("host", "unix:///b")]),
        ("dockerd -D --live-restore", [("debug", ""), ("live-restore", "")]),
        ("dockerd -Dl warn", [("debug", ""), ("log-level", "warn")]),
        ("dockerd --live-restore=false", [("live-restore", "false")]),
        ("dockerd --oom-score-adjust -500 --icc", [("oom-score-adjust", "-500"), ("icc", "")]),
        ("dockerd --label a=b", [("label", "a=b")]),
        ("dockerd -p /run/d.pid", [("pidfile", "/run/d.pid")]),
        ("@/usr/sbin/dockerd --icc=false", [("icc", "false")]),
        ("env A=b /usr/bin/dockerd --debug", [("debug", "")]),
        ("/usr/bin/podman --debug", []),
        ("", []),
    ],
)
def test_flags_of_a_command_line(words, flags):
    assert pairs(docker_flags.parse(words.split(), Place())) == flags


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_words_are_read(words):
    for flag in docker_flags.parse(["dockerd", *words], Place()):
        assert flag.name


@given(st.text(), st.dictionaries(st.sampled_from(["A", "B"]), st.text()))
def test_any_command_is_expanded(command, variables):
    assert all(isinstance(word, str) for word in unit_start.expanded(command, variables))


@given(st.binary())
def test_any_environment_file_is_read(data):
    assert isinstance(unit_start.assignments(data), dict)


def test_unit_with_its_environment_file():
    files = {"/etc/default/docker": b'# x\nDOCKER_OPTS="--dns 8.8.8.8 --label \'a b=c\'"\n'}
    start = docker_flags.from_unit([("/lib/docker.service", UNIT)], files.get)
    assert start.by == "docker.service"
    assert start.can_reload
    assert pairs(start.flags) == [
        ("host", "fd://"),
        ("containerd", "/run/containerd/containerd.sock"),
        ("dns", "8.8.8.8"),
        ("label", "a b=c"),
    ]
    assert start.flags[0].place == Place("/lib/docker.service", 5)
    assert start.value("host") == "fd://"
    assert start.value("bip") is None


def test_drop_in_replaces_the_command():
    drop_in = b"[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd ${WHERE} $MORE\nExecReload=\n"
    environment = b'[Service]\nEnvironment="WHERE=--host=unix:///x y" "MORE=--icc=false --debug"\n'
    start = docker_flags.from_unit(
        [("unit", UNIT), ("10.conf", drop_in), ("20.conf", environment)], lambda path: None
    )
    assert pairs(start.flags) == [("host", "unix:///x y"), ("icc", "false"), ("debug", "")]
    assert start.flags[0].place == Place("10.conf", 3)
    assert not start.can_reload


def test_environment_file_wins_over_the_unit():
    settings = b"[Service]\nEnvironment=O=--debug\nEnvironmentFile=/e\n"
    unit = settings + b"ExecStart=/bin/dockerd $O $$ $NO\n"
    start = docker_flags.from_unit([("unit", unit)], {"/e": b"O=--icc\n"}.get)
    assert pairs(start.flags) == [("icc", "$")]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"DOCKER_OPTS=--debug\n", "--debug"),
        (b"export DOCKER_OPTS='--debug'", "--debug"),
        (b'DOCKER_OPTS="--debug \\\n --icc"\n', "--debug --icc"),
        (b'DOCKER_OPTS="--a"\nDOCKER_OPTS="$DOCKER_OPTS --b"\n', "--a --b"),
        (b"#DOCKER_OPTS=--debug\n", None),
        (b"DOCKER_OPTS='--broken\n", "'--broken"),
    ],
)
def test_shell_assignments(data, value):
    found = unit_start.assignments(data).get("DOCKER_OPTS")
    assert (found.split() if found is not None else None) == (value.split() if value else None)


def test_flags_of_a_process():
    assert docker_flags.from_process("/usr/sbin/dockerd\0-H\0fd://\0") == (Flag("host", "fd://"),)


def write(root, path, data):
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)


def test_read_unit_of_a_host(tmp_path):
    write(tmp_path, "/usr/lib/systemd/systemd", b"")
    write(tmp_path, "/usr/lib/systemd/system/docker.service", UNIT)
    write(tmp_path, "/etc/systemd/system/docker.service.d/b.conf", b"[Service]\nExecStart=\n")
    write(tmp_path, "/usr/lib/systemd/system/docker.service.d/b.conf", b"[Service]\nExecStart=x\n")
    write(tmp_path, "/run/systemd/system/docker.service.d/a.conf", b"[Service]\nExecReload=\n")
    host = Host.image(str(tmp_path))
    names = [path for path, _data in unit_start.unit_files(host, docker_flags.UNIT)]
    assert names == [
        "/usr/lib/systemd/system/docker.service",
        "/run/systemd/system/docker.service.d/a.conf",
        "/etc/systemd/system/docker.service.d/b.conf",
    ]
    assert docker_flags.read(host).flags == ()


def test_read_init_script_of_a_host(tmp_path):
    write(tmp_path, "/etc/init.d/docker", b"#!/bin/sh\n")
    write(tmp_path, "/etc/default/docker", b'\nDOCKER_OPTS="--bip 10.1.0.1/24"\n')
    start = docker_flags.read(Host.image(str(tmp_path)))
    assert start.by == "/etc/init.d/docker"
    assert start.flags == (Flag("bip", "10.1.0.1/24", Place("/etc/default/docker", 2)),)


def test_host_without_docker_starts_nothing(tmp_path):
    assert docker_flags.read(Host.image(str(tmp_path))) == docker_flags.Start()
