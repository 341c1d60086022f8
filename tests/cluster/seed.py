"""What every node of a cluster reads at its first boot: a tar on a read-only disk."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from . import node_files
from .components import Site
from .pki import NODES

# Block style and complete, as kubeadm leaves it: what edits it must keep what it does not know.
KUBELET: Mapping[str, object] = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "authentication": {
        "anonymous": {"enabled": False},
        "webhook": {"enabled": True},
        "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
    },
    "authorization": {"mode": "Webhook"},
    "cgroupDriver": "systemd",
    "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
    "failSwapOn": False,
    "resolvConf": "",
    "maxPods": 30,
    "nodeStatusUpdateFrequency": "5s",
    "syncFrequency": "10s",
    "evictionHard": {
        "pid.available": "10%",
        "memory.available": "50Mi",
        "nodefs.available": "5%",
        "imagefs.available": "5%",
    },
    "evictionPressureTransitionPeriod": "20s",
    # There is no registry to get an image from once it is collected.
    "imageGCHighThresholdPercent": 100,
    "imageMinimumGCAge": "24h",
}


def environment(site: Site) -> str:
    """The shell variables that the node's script reads."""
    return (
        f"API={site.address}:{site.ports.api}\n"
        f"SERVICE={node_files.API_SERVICE}\n"
        f"PODS={node_files.POD_NETWORK}\n"
        f"MOST={len(NODES)}\n"
    )


def write(out: Path, site: Site, kubelet: Mapping[str, object], product: bytes) -> None:
    """The seed of a cluster; `kubelet` replaces top-level fields of KUBELET, `product` is a tar."""
    configuration = yaml.safe_dump({**KUBELET, **kubelet}, sort_keys=False)
    files = {
        "cluster.env": environment(site).encode(),
        "ca.crt": site.pki.certificate("ca").read_bytes(),
        "config.yaml": configuration.encode(),
        **{f"tokens/{name}": site.pki.token(name).encode() for name in NODES},
        "image.tar": product,
    }
    with tarfile.open(out, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o600
            tar.addfile(entry, io.BytesIO(data))
    out.chmod(0o644)  # the guest's user reads it; the folder above is root's
