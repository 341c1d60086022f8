"""The schemas of our kinds cover the engine's catalogue and read values as it does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.catalogue import kinds, unit_directives
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.kubelet import KEYS
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.sysctl import lookup
from ansible_collections.limitwise.host.plugins.module_utils.policy import READERS
from ansible_collections.limitwise.host.plugins.module_utils.tuning import SECTIONS
from limitwise_operator.kinds import crds, meta
from limitwise_operator.kinds.schemas import daemon, directives, document, kubelet, sysctls
from limitwise_operator.kinds.schemas.quantities import QUANTITIES

Schema = dict[str, Any]

READ_ALIKE = {
    "memory": ("1", "128G", "1.5G", "1G 512M", "80%", "12.5%", "infinity", "1024"),
    "memory-or-0": ("0", "128G", "80%", "infinity"),
    "tasks": ("1", "4096", "30%", "infinity"),
    "quota": ("50%", "400%", "12.5%"),
    "share": ("60%", "0%"),
    "weight": ("1", "100", "10000"),
    "cpu-weight": ("1", "idle", "10000"),
    "boolean": ("1", "0", "yes", "no", "true", "off"),
    "oom-score": ("-1000", "0", "+500", "1000"),
    "oom-policy": ("continue", "kill"),
    "managed-oom": ("auto", "kill"),
    "managed-oom-preference": ("none", "omit"),
    "span": ("100ms", "5min 20s", "1.5h", "30", "infinity"),
    "cpus": ("0", "0-3", "0-3,8", "0 2 4"),
    "bandwidth": ("/dev/sda 5M", "/dev/sda infinity"),
    "device-weight": ("/dev/sda 200",),
    "device-latency": ("/dev/sda 25ms",),
    "rlimit-count": ("1024", "1024:4096", "infinity", "1024:infinity"),
    "rlimit-bytes": ("8M", "64K:1G", "infinity"),
    "rlimit-seconds": ("60", "10min", "infinity"),
    "rlimit-microseconds": ("1000", "2s"),
    "rlimit-nice": ("0", "40", "-20", "+19"),
}
"""Values that both take."""

REFUSED_ALIKE = {
    "memory": ("128g", "2GB", "unlimited", "", "1G\n", "-1", "80 %"),
    "tasks": ("unlimited", "max", "4k", "-1", ""),
    "quota": ("50", "unlimited", "-5%"),
    "weight": ("high", "-1"),
    "boolean": ("maybe", "2"),
    "oom-policy": ("Kill", "restart"),
    "span": ("fast", "5 parsecs"),
    "cpus": ("all", "0-", "-3"),
    "bandwidth": ("5M", "sda 5M"),
    "rlimit-count": ("unlimited", "1024:", "1:2:3", "64K"),
    "rlimit-bytes": ("64k", "unlimited"),
}
"""Mistakes that neither takes."""


def takes(schema: Schema, text: str) -> bool:
    """Whether the API server would take a string; its patterns end where the text ends."""
    if "enum" in schema:
        return text in schema["enum"]
    pattern = schema["pattern"].removesuffix("$") + r"\Z"
    return re.search(pattern, text) is not None and len(text) <= schema["maxLength"]


def parses(kind: str, text: str) -> bool:
    try:
        kinds.parse(kind, text)
    except kinds.ValueKindError:
        return False
    return True


@pytest.mark.parametrize("folder", ["operator/crds", "operator/chart/limitwise/crds"])
def test_files_are_current(repository: Path, folder: str) -> None:
    """``make crds`` brings them up to date."""
    found = {path.name: path.read_text("utf-8") for path in (repository / folder).iterdir()}
    assert found == dict(crds.files())


def test_every_directive_has_a_text() -> None:
    assert set(directives.WHAT) == {directive.name for directive in directives.settable()}
    assert {directive.kind for directive in directives.settable()} == set(QUANTITIES)
    assert all(unit_directives.settable(name) for name in directives.WHAT)


def test_every_settable_key_of_docker_has_a_schema() -> None:
    assert set(daemon.daemon()["properties"]) == set(daemon.SETTABLE)


def test_every_limit_of_the_kubelet_has_a_schema() -> None:
    found = {path.replace(".", "/", 1) for path, _one in fields("", kubelet.kubelet())}
    for name in kubelet.MAPS:
        found.remove(f"/{name}")
        found = {one.replace(f"/{name}.", f"/{name}/") for one in found}
    assert found == {key.pointer for key in KEYS}


def test_every_layer_and_every_policy_has_its_place() -> None:
    judged = document.document("", judged=True)["properties"]
    assert set(SECTIONS) <= set(judged) - {"policy"}
    assert set(judged["policy"]["properties"]) == set(READERS)
    bare = document.document("", judged=False)["properties"]["policy"]["properties"]
    assert set(bare) == set(READERS) - set(document.ELSEWHERE)


@pytest.mark.parametrize("kind", QUANTITIES)
def test_values_are_read_alike(kind: str) -> None:
    schema = QUANTITIES[kind].schema("")
    for text in READ_ALIKE[kind]:
        assert takes(schema, text), text
        assert parses(kind, text), text
    for text in REFUSED_ALIKE.get(kind, ()):
        assert not takes(schema, text), text
        assert not parses(kind, text) or text.endswith("\n"), text


@pytest.mark.parametrize("kind", QUANTITIES)
def test_no_value_brings_a_second_line(kind: str) -> None:
    schema = QUANTITIES[kind].schema("")
    for text in READ_ALIKE[kind]:
        assert not takes(schema, text + "\n")
        assert not takes(schema, text + "\nExecStart=/bin/sh")


def test_refused_sysctls_are_those_that_run_or_act() -> None:
    refused = {path for paths in sysctls.refused_groups().values() for path in paths}
    assert {"kernel/core_pattern", "kernel/modprobe", "fs/binfmt_misc/**"} <= refused
    for path in refused:
        key = lookup(path.replace("/**", "/x"))
        assert key is not None
        assert key.klass == "refused"
    assert "net/ipv4/ip_forward" not in refused  # a node may allow it


def test_every_field_is_explained() -> None:
    for crd in crds.definitions():
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        silent = [path for path, one in fields("", schema) if not one.get("description")]
        assert silent == [".metadata"]  # the API server's own


def test_sizes_are_bounded() -> None:
    for crd in crds.definitions():
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for path, one in fields("", schema):
            bound = {"array": "maxItems", "string": "maxLength"}.get(one.get("type", ""))
            if "additionalProperties" in one:
                bound = "maxProperties"
            if bound is not None and path not in {".apiVersion", ".kind"}:
                assert {bound, "enum", "format"} & set(one), path


def test_kubectl_can_apply_the_definitions() -> None:
    """It keeps what was applied in an annotation of at most 256 KiB."""
    for _name, text in crds.files():
        assert len(text) < 256 << 10


def test_names_are_the_operators() -> None:
    names = [crd["spec"]["names"] for crd in crds.definitions()]
    assert [one["plural"] for one in names] == [
        meta.NODE_TUNINGS,
        meta.NODE_TUNING_STATES,
        meta.REMEDIATION_POLICIES,
        meta.NODE_REMEDIATIONS,
    ]
    assert [one["shortNames"] for one in names] == [["nt"], ["nts"], ["rp"], ["nr"]]
    assert all(one["categories"] == ["limitwise"] for one in names)


def fields(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Every field below a schema, with its path."""
    for name, one in schema.get("properties", {}).items():
        yield f"{path}.{name}", one
        yield from fields(f"{path}.{name}", one)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield f"{path}[]", schema[name]
            yield from fields(f"{path}[]", schema[name])
