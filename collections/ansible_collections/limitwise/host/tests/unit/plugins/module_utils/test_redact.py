# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No credential is ever shown, and nothing else is hidden."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils import redact

PASSWORD = "s3cr3t-Pa55"


@pytest.mark.parametrize(
    "value",
    [
        {"proxies": {"http-proxy": f"http://me:{PASSWORD}@proxy:3128"}},
        {"proxies": {"https-proxy": f"me:{PASSWORD}"}},
        {"proxies": {"no-proxy": PASSWORD}},
        {"http-proxy": f"http://me:{PASSWORD},x'@proxy"},
        {"registry-mirrors": ["https://a", f"https://u:{PASSWORD}@mirror"]},
        {"log-opts": {"splunk-token": PASSWORD, "tag": "x"}},
        {"log-opts": {"gelf-address": f"tcp://u:{PASSWORD}@host"}},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_credentials_in_daemon_json(value, indent):
    shown = redact.text("json_text", json.dumps(value, indent=indent).encode())
    assert PASSWORD.encode() not in shown
    assert redact.HIDDEN.encode() in shown
    json.loads(shown)


def test_escaped_slashes():
    data = b'{"registry-mirrors": ["https:\\/\\/u:hunter2@mirror"]}'
    assert b"hunter2" not in redact.text("json_text", data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"proxies": {"http-proxy": "http://u:hunter2@p"},,}',
        b'{"proxies": {"https-proxy": "u:hunter2"}',
        b"HTTP_PROXY=http://u:hunter2@p\n",
        b"Environment=HTTPS_PROXY=hunter2\n",
    ],
)
@pytest.mark.parametrize("fmt", ["json_text", "unit_file"])
def test_credentials_in_broken_json_and_plain_text(fmt, data):
    assert b"hunter2" not in redact.text(fmt, data)


@pytest.mark.parametrize(
    ("fmt", "data"),
    [
        ("json_text", b'{ "userland-proxy": true,\n\t"log-opts": {"max-size": "10m"} }\n'),
        ("json_text", b'{"registry-mirrors": ["https://mirror.example/a"]}'),
        ("json_text", b"{nonsense"),
        ("limits_conf", b"@student hard nproc 65536 # a\n\xff\n"),
        ("sysctl_conf", b"kernel.core_uses_pid = 1\r\n"),
        ("unit_file", b"[Slice]\nMemoryMax=80%\n"),
    ],
)
def test_everything_else_is_shown(fmt, data):
    assert redact.text(fmt, data) == data


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("/proxies/http-proxy", "http://p", "***"),
        ("/log-opts/splunk-token", "abc", "***"),
        ("/log-opts/max-size", "10m", "10m"),
        ("/bip", "10.0.0.1/24", "10.0.0.1/24"),
        ("/registry-mirrors", '["https://u:p@m"]', '["https://***@m"]'),
    ],
)
def test_values(key, value, shown):
    assert redact.value(key, value) == shown


@given(st.sampled_from(["json_text", "limits_conf", "unit_file"]), st.binary())
def test_any_bytes_can_be_shown(fmt, data):
    assert isinstance(redact.text(fmt, data), bytes)


@given(st.dictionaries(st.text(), st.text(), max_size=4))
def test_json_stays_json(value):
    document = {"labels": value, "proxies": {"http-proxy": "http://u:p@h"}}
    shown = json.loads(redact.text("json_text", json.dumps(document).encode()))
    assert set(shown["labels"]) == set(value)
    assert shown["proxies"] == {"http-proxy": "***"}
