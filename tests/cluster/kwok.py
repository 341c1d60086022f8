"""Simulated nodes: kwok plays the kubelets of as many nodes as a benchmark wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from . import binaries, daemons, pki
from .api import Api, Body
from .control_plane import ControlPlane

PROGRAM = "kwok"
NODES = "/api/v1/nodes"
PAGE = "500"
AT_ONCE = 8
# A kubelet writes a status that says nothing new every five minutes; its Lease is left out here.
HEARTBEAT_SECONDS = 300
CONDITIONS = """\
      {{ $now := Now }}
      {{ $since := or .metadata.creationTimestamp $now }}
      conditions:
      {{ range NodeConditions }}
      - {type: {{ .type }}, status: {{ .status | Quote }}, reason: {{ .reason | Quote }},
         message: {{ .message | Quote }},
         lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $since | Quote }}}
      {{ end }}
"""
STAGES = f"""\
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {{name: node-ready}}
spec:
  resourceRef: {{apiGroup: v1, kind: Node}}
  selector:
    matchExpressions:
    - key: '.status.conditions.[] | select( .type == "Ready" ) | .status'
      operator: NotIn
      values: ["True"]
  next:
    statusTemplate: |
{CONDITIONS}      phase: Running
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {{name: node-heartbeat}}
spec:
  resourceRef: {{apiGroup: v1, kind: Node}}
  selector:
    matchExpressions:
    - key: '.status.conditions.[] | select( .type == "Ready" ) | .status'
      operator: In
      values: ["True"]
  delay:
    durationMilliseconds: {HEARTBEAT_SECONDS * 1000}
    jitterDurationMilliseconds: {HEARTBEAT_SECONDS * 1100}
  next:
    statusTemplate: |
{CONDITIONS}"""
CONDITIONS_OF_A_HEALTHY_NODE = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID"),
    ("Ready", "True", "KubeletReady"),
)
ZONES = ("a", "b", "c")
IMAGES = 50  # what a kubelet reports at most, and the larger part of a Node's 12 KiB


class Kwok:
    """The kwok process of one control plane; it manages every Node there is. A context manager.

    ``stages`` are its rules: by default they keep nodes Ready and know no pods (see pods.PODS).
    """

    def __init__(self, plane: ControlPlane, stages: str = STAGES) -> None:
        self._plane, self._stages = plane, stages

    def __enter__(self) -> Kwok:
        folder = self._plane.folder
        (folder / "kwok-stages.yaml").write_text(self._stages)
        self._pid = daemons.start(PROGRAM, command(binaries.path(PROGRAM), self._plane), folder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        daemons.stop(self._plane.folder, PROGRAM)

    def wait_ready(self, names: Sequence[str], seconds: float = 300.0) -> None:
        """Return when all these nodes are Ready; LabError when kwok ends or takes longer."""
        api, wanted = self._plane.api(), set(names)
        daemons.wait(
            PROGRAM,
            self._plane.folder,
            self._pid,
            lambda: wanted <= {found["metadata"]["name"] for found in listed(api) if ready(found)},
            seconds,
            every=0.1 + len(wanted) / 1000,  # a look at thousands of nodes is work for the server
        )


def command(program: Path, plane: ControlPlane) -> list[str]:
    """kwok's command line, inside the control plane's network namespace where it has one."""
    return plane.inside(
        [
            str(program),
            f"--kubeconfig={plane.site.kubeconfig(pki.KWOK)}",
            f"--config={plane.folder / 'kwok-stages.yaml'}",
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=0",
        ]
    )


def create_nodes(
    api: Api, count: int, prefix: str = "sim", make: Callable[[str, int], Body] | None = None
) -> list[str]:
    """Make Nodes PREFIX-0000 ... by `make` (by default `node`); their names."""
    bodies = [(make or node)(f"{prefix}-{number:04}", number) for number in range(count)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = pool.map(lambda body: api.create(NODES, body), bodies)
        return [body["metadata"]["name"] for body in made]


def listed(api: Api) -> Iterator[Body]:
    """All Nodes, page by page."""
    query = {"limit": PAGE}
    while True:
        page = api.get(NODES, **query)
        yield from page["items"]
        after = page["metadata"].get("continue")
        if not after:
            return
        query = {"limit": PAGE, "continue": after}


def ready(found: Body) -> bool:
    """True when the Node's Ready condition is."""
    conditions = found.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def ready_node(name: str, number: int) -> Body:
    """A Node that is Ready from the start: thousands are there in a third of the time."""
    made = node(name, number)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made["status"]["conditions"] = [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": f"the kubelet says {reason}",
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
        }
        for kind, status, reason in CONDITIONS_OF_A_HEALTHY_NODE
    ]
    return made


def node(name: str, number: int) -> Body:
    """A Node as a kubelet registers it, of real size: labels, capacity, a full image list."""
    size = {"cpu": "16", "memory": "65536Mi", "pods": "110", "ephemeral-storage": "200Gi"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "m-16",
                "topology.kubernetes.io/region": "lab",
                "topology.kubernetes.io/zone": f"lab-{ZONES[number % len(ZONES)]}",
                "pool": f"pool-{number % 10}",
            },
            "annotations": {
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": {"podCIDR": f"10.{128 + number // 256}.{number % 256}.0/24"},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": f"10.{number // 65536}.{number // 256 % 256}.1"},
                {"type": "Hostname", "address": name},
            ],
            "allocatable": size,
            "capacity": size,
            "images": [_image(index) for index in range(IMAGES)],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": f"00000000-0000-4000-8000-{number:012}",
                "containerRuntimeVersion": "containerd://2.3.7",
                "kernelVersion": "6.12.107",
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.36.3",
                "machineID": f"{number:032}",
                "operatingSystem": "linux",
                "osImage": "Debian GNU/Linux 13 (trixie)",
                "systemUUID": f"00000000-0000-4000-9000-{number:012}",
            },
        },
    }


def _image(index: int) -> Body:
    name = f"registry.example/team-{index % 7}/service-{index:02}"
    return {
        "names": [f"{name}@sha256:{index:064x}", f"{name}:v1.{index}.0"],
        "sizeBytes": 40_000_000 + index * 1_000_003,
    }
