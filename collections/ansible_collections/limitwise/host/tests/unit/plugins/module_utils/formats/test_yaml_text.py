# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain YAML: what is read and how, what is refused and where, what an edit leaves as it was."""

from __future__ import annotations

from typing import Dict, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.formats import keyed, yaml_text
from ansible_collections.limitwise.host.plugins.module_utils.formats.json_text import to_python
from ansible_collections.limitwise.host.plugins.module_utils.formats.text import FormatError

KUBEADM = b"""\
# written by kubeadm
apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: "cluster.local" # quoted
evictionHard: {memory.available: 200Mi, nodefs.available: "5%"}
kind: KubeletConfiguration
logging:
  options:
    json:
      infoBufferSize: "0"
memorySwap: {}
registerWithTaints:
  - key: limitwise.dev/untuned
    effect: NoSchedule
rotateCertificates: yes
staticPodPath: /etc/kubernetes/manifests
volumeStatsAggPeriod: 0s
"""


def read(text: bytes) -> object:
    return to_python(yaml_text.parse(text).root)


def edited(text: bytes, changes: Dict[str, Optional[str]]) -> bytes:
    return keyed.edit("yaml_text", text, changes)


def test_a_kubelet_configuration_is_read() -> None:
    values = keyed.values("yaml_text", KUBEADM)
    assert values["/authentication/anonymous/enabled"] == "false"
    assert values["/clusterDNS"] == '["10.96.0.10"]'
    assert values["/clusterDomain"] == '"cluster.local"'
    assert values["/evictionHard/nodefs.available"] == '"5%"'
    assert values["/memorySwap"] == "{}"
    assert values["/registerWithTaints"] == (
        '[{"key":"limitwise.dev/untuned","effect":"NoSchedule"}]'
    )
    assert values["/rotateCertificates"] == "true"
    assert keyed.places("yaml_text", KUBEADM)["/logging/options/json/infoBufferSize"] == (17, 7)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"", {}),
        (b"# only a comment\n---\n", {}),
        (b"---\na: 1\n", {"a": 1}),
        (b"a:\nb: ~\nc: null\n", {"a": None, "b": None, "c": None}),
        (b"a: on\nb: NO\nc: y\nd: nope\n", {"a": True, "b": False, "c": True, "d": "nope"}),
        (b"a: 0x10\nb: 010\nc: 1_000\nd: +5\n", {"a": 16, "b": 8, "c": 1000, "d": 5}),
        (b"a: 1.5\nb: .5\nc: 1e3\nd: 10%\n", {"a": 1.5, "b": 0.5, "c": 1000.0, "d": "10%"}),
        (b"a: 'it''s'\nb: \"\\u00e9\"\n", {"a": "it's", "b": "\u00e9"}),
        (b"a: x # y\nb: x#y\n", {"a": "x", "b": "x#y"}),
        (b"a: {b: 1,\n  c: [x, 'y']}\n", {"a": {"b": 1, "c": ["x", "y"]}}),
        (b"a:\n- - 1\n  - 2\n-\n- b: 1\n  c: 2\n", {"a": [[1, 2], None, {"b": 1, "c": 2}]}),
        (b'{"a": {"b": [1, 2]}}\n', {"a": {"b": [1, 2]}}),
    ],
)
def test_values(text: bytes, value: object) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (b"a: &x 1\n", (1, 4), "an anchor"),
        (b"a: *x\n", (1, 4), "an alias"),
        (b"a: !!str 1\n", (1, 4), "a tag"),
        (b"a: |\n  text\n", (1, 4), "a block scalar"),
        (b"a: >-\n  text\n", (1, 4), "a block scalar"),
        (b"a:\n  <<: {b: 1}\n", (2, 3), "a merge key"),
        (b"? a\n: b\n", (1, 1), "a complex key"),
        (b"a: 1\n---\nb: 2\n", (2, 1), "one document"),
        (b"%YAML 1.1\n---\na: 1\n", (1, 1), "a directive"),
        (b"a:\n\tb: 1\n", (2, 1), "a tab"),
        (b"a: b\n  c\n", (2, 3), "another line"),
        (b"a:\n  text\n", (2, 3), "on the line of its key"),
        (b"a: 'b\n", (1, 4), "does not end"),
        (b"a: 'b' c\n", (1, 7), "behind a value"),
        (b"a: \"\\x41\"\n", (1, 4), "an escape"),
        (b"a: b: c\n", (1, 4), "needs quotes"),
        (b"a: 1\n  b: 2\n", (2, 3), "another line"),
        (b"a:\n    b: 1\n  c: 2\n", (3, 3), "indented"),
        (b"a: 1\nb: 2\na: 3\n", (3, 1), "written again"),
        (b"1: a\n", (1, 1), "a key must be a text"),
        (b"- a\n", (1, 1), "must be a map"),
        (b"a: [1, 2\n", (2, 1), "expected"),
        (b"text\n", (1, 1), "key: value"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused_with_its_place(
    text: bytes, place: object, message: str
) -> None:
    with pytest.raises(FormatError) as caught:
        yaml_text.parse(text)
    assert (caught.value.line, caught.value.column) == place
    assert message in caught.value.message


def test_nesting_has_an_end() -> None:
    for text in (b"a: " + b"[" * 3000, b"a:\n" + b"".join(b" " * n + b"a:\n" for n in range(3000))):
        with pytest.raises(FormatError):
            yaml_text.parse(text)


@pytest.mark.parametrize(
    ("text", "changes", "result"),
    [
        (b"a: 1\n", {"/b": "2"}, b"a: 1\nb: 2\n"),
        (b"a: 1", {"/b": '"2"'}, b'a: 1\nb: "2"\n'),
        (b"# c\n", {"/a/b": "1"}, b"# c\na:\n  b: 1\n"),
        (b"a: 1 # one\nb: 2\n", {"/a": "3"}, b"a: 3 # one\nb: 2\n"),
        (b"a:\n    b: 1\nc: 2\n", {"/a/d": "3", "/e/f": "4"},
         b"a:\n    b: 1\n    d: 3\nc: 2\ne:\n    f: 4\n"),
        (b"a: # none yet\nc: 2\n", {"/a": None, "/a/b": "1"}, b"a: # none yet\n  b: 1\nc: 2\n"),
        (b"a:\nc: 2\n", {"/a": "1"}, b"a: 1\nc: 2\n"),
        (b"a: {}\n", {"/a/b.c": '"10%"'}, b'a: {b.c: "10%"}\n'),
        (b"a: {b: 1}\n", {"/a/yes": "2"}, b'a: {b: 1, "yes": 2}\n'),
        (b"a: {b: 1, c: 2}\n", {"/a/b": None}, b"a: {c: 2}\n"),
        (b"a: {b: 1, c: 2}\n", {"/a/c": None}, b"a: {b: 1}\n"),
        (b"a:\n  b: 1\n  # about c\n  c: 2\n", {"/a/b": None}, b"a:\n  # about c\n  c: 2\n"),
        (b"a:\n  b: 1\nc: 2\n", {"/a/b": None}, b"c: 2\n"),
        (b"a:\n- 1\n- 2\nc: 2\n", {"/a": "[3]"}, b"a: [3]\nc: 2\n"),
        (b"a: 1\r\n", {"/b": "2"}, b"a: 1\r\nb: 2\r\n"),
    ],
)
def test_edits(text: bytes, changes: Dict[str, Optional[str]], result: bytes) -> None:
    assert edited(text, changes) == result


def test_an_edit_of_a_kubelet_configuration_touches_its_own_lines_alone() -> None:
    changed = edited(KUBEADM, {
        "/podPidsLimit": "4096",
        "/systemReserved/pid": '"2000"',
        "/evictionHard/pid.available": '"10%"',
    })
    before, after = KUBEADM.decode().splitlines(), changed.decode().splitlines()
    assert [line for line in before if line not in after] == [
        'evictionHard: {memory.available: 200Mi, nodefs.available: "5%"}'
    ]
    assert [line for line in after if line not in before] == [
        'evictionHard: {memory.available: 200Mi, nodefs.available: "5%", pid.available: "10%"}',
        "podPidsLimit: 4096", "systemReserved:", '  pid: "2000"',
    ]
    gone: Dict[str, Optional[str]] = dict.fromkeys((
        "/podPidsLimit", "/systemReserved/pid", "/evictionHard/pid.available"
    ))
    assert edited(changed, gone) == KUBEADM


@given(st.binary(max_size=80) | st.text(st.sampled_from("ab: -#{}[]'\"\n,1&|"), max_size=40))
def test_any_text_is_read_or_refused(text: object) -> None:
    data = text if isinstance(text, bytes) else str(text).encode()
    try:
        values = keyed.values("yaml_text", data)
    except FormatError:
        return
    assert keyed.edit("yaml_text", data, dict(values)) == data
