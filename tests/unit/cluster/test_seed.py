"""What a node is given, and when the lab calls it Ready."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import node_files, node_image, seed
from cluster.components import Ports, Site
from cluster.nodes import pod, ready
from cluster.pki import NODES
from lab import images

SITE_OF = Ports(1, 2, 16443, 4, 5)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with stand-ins for keys."""
    made = Site(tmp_path, "10.99.0.1", SITE_OF)
    (tmp_path / "pki" / "tokens").mkdir(parents=True)
    made.pki.certificate("ca").write_text("the CA")
    for name in NODES:
        (tmp_path / "pki" / "tokens" / name).write_text(f"token of {name}")
    return made


def test_a_seed_has_all_that_the_node_s_script_takes_from_it(site: Site, tmp_path: Path) -> None:
    out = tmp_path / "seed.tar"
    seed.write(out, site, {"podPidsLimit": 64, "maxPods": 5}, b"an image")
    with tarfile.open(out) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]
    assert out.stat().st_size % 512 == 0, "no disk"
    assert files["ca.crt"] == b"the CA"
    assert files["image.tar"] == b"an image"
    assert files["tokens/h3"] == b"token of h3"
    kubelet = yaml.safe_load(files["config.yaml"])
    assert (kubelet["podPidsLimit"], kubelet["maxPods"]) == (64, 5)
    assert kubelet["cgroupDriver"] == "systemd"
    variables = dict(line.split("=") for line in files["cluster.env"].decode().splitlines())
    assert variables["API"] == "10.99.0.1:16443"
    for name in variables:
        assert f"${name}" in node_files.SEED_SCRIPT.text
    for name in ("ca.crt", "config.yaml", "cluster.env", "tokens/$host"):
        assert f"/run/node/{name}" in node_files.SEED_SCRIPT.text


def node(boot: str, **conditions: str) -> dict[str, Any]:
    listed = [{"type": kind, "status": status} for kind, status in conditions.items()]
    return {"status": {"nodeInfo": {"bootID": boot}, "conditions": listed}}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (node("now", Ready="True", PIDPressure="False"), True),
        (node("now", Ready="False"), False),
        (node("now", Ready="Unknown"), False),
        (node("before", Ready="True"), False),
        (node("now"), False),
        ({"status": {}}, False),
    ],
)
def test_ready_is_about_the_present_boot(told: dict[str, Any], expected: bool) -> None:
    assert ready(told, "now") is expected


def test_a_pod_takes_more_than_its_command() -> None:
    made = pod("p", "localhost/busybox:1", ["true"], hostNetwork=True, restartPolicy="Always")
    assert made["spec"]["hostNetwork"] is True
    assert made["spec"]["restartPolicy"] == "Always"
    assert "nodeName" not in made["spec"]


def test_every_unit_of_a_node_is_written_and_starts() -> None:
    written = {Path(file.path).name for file in node_files.FILES}
    assert set(node_files.UNITS) <= written
    enabled = node_image.RECIPE.commands[-1]
    assert {"lab-net.service", *node_files.UNITS} <= set(enabled)
    assert images.RECIPES["trixie"].suite == node_image.RECIPE.suite
