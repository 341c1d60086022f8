"""A whole cluster with real nodes: lab hosts that run containerd and kubelet, and a control plane.

Both live in the network namespace of one lab fleet, so any number of clusters stand side by side,
with equal addresses, and removing the fleet removes all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from lab import fleet as fleets
from lab import kernels, network
from lab.addresses import GATEWAY, namespace_of
from lab.errors import LabError
from lab.fleet import Fleet, Spec
from lab.host import Host

from . import container_image, control_plane, node_files, node_image, oci, seed
from .api import Body
from .components import WHOLE
from .control_plane import ControlPlane
from .pki import NODES

READY_WITHIN = 120.0
LOOK = 0.2
NODES_PATH = "/api/v1/nodes"


class Cluster:
    """A control plane and nodes h1, h2, ...; a context manager that destroys itself at the end.

    `plane` is the control plane, `api` its client for the admin, `nodes` are lab hosts.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.plane = ControlPlane(_plane(fleet.name), GATEWAY, namespace_of(fleet.name))
        self.api = self.plane.api()

    @classmethod
    def create(
        cls,
        name: str,
        nodes: int = 3,
        *,
        mem: str = node_image.MEMORY,
        kubelet: Mapping[str, object] | None = None,
        say: Callable[[str], None] = fleets.narrate,
    ) -> Cluster:
        """Make a cluster; returns when the control plane answers and every node is Ready.

        `kubelet` replaces top-level fields of the nodes' KubeletConfiguration. When this fails,
        nothing stays.
        """
        if not 0 <= nodes <= len(NODES):
            raise LabError(f"a cluster has at most {len(NODES)} nodes, not {nodes}")
        image, product = node_image.get(say), container_image.product(say)
        kernel, given = kernels.get("built", say), _seed(name)
        fleet = Fleet.of(name, 0, Spec(image, kernel, mem, given))
        try:
            made = cls(fleet)
            seed.write(given, made.plane.site, kubelet or {}, oci.archive([product]))
            with ThreadPoolExecutor(1) as pool:
                plane = pool.submit(made.plane.start, WHOLE)
                made._boot(nodes)
                plane.result()
            made.wait_ready(*made.nodes)
        except BaseException:
            destroy(name)
            raise
        return made

    @classmethod
    def open(cls, name: str) -> Cluster:
        """The standing cluster of that name, as any process may use it."""
        if not _seed(name).exists():
            raise LabError(
                f"there is no cluster {name!r}",
                f"make one: python -m cluster nodes 3 --name {name}",
            )
        return cls(Fleet.open(name))

    @property
    def name(self) -> str:
        return self.fleet.name

    @property
    def nodes(self) -> list[Host]:
        """The nodes as hosts: run, put, read."""
        return self.fleet.hosts

    def node(self, name: str) -> Host:
        """The node of that name as a host."""
        return self.fleet.host(name)

    def kubectl(self, *words: str, feed: str | None = None) -> str:
        """What kubectl prints, as cluster-admin; LabError when it fails."""
        return self.plane.kubectl(*words, feed=feed)

    def grow(self, count: int = 1) -> list[Host]:
        """So many more nodes, fresh and Ready."""
        if len(self.nodes) + count > len(NODES):
            raise LabError(f"a cluster has at most {len(NODES)} nodes")
        added = self._boot(count)
        self.wait_ready(*added)
        return added

    def wait_ready(self, *nodes: Host, within: float = READY_WITHIN) -> None:
        """Wait until these nodes, in the boot that they are in now, are Ready."""
        names = [node.name for node in nodes]
        boots: dict[str, str] = {}

        def all_ready() -> bool:
            with suppress(LabError):  # a login on a busy machine may take too long
                boots.update((one.name, one.boot_id()) for one in nodes if one.name not in boots)
            found = {node["metadata"]["name"]: node for node in self.api.get(NODES_PATH)["items"]}
            return all(
                name in found and name in boots and ready(found[name], boots[name])
                for name in names
            )

        self.until(f"nodes {', '.join(names)} Ready", all_ready, within)

    def until(self, what: str, look: Callable[[], bool], within: float = READY_WITHIN) -> None:
        """Wait until `look` says so; LabError with what the cluster complains of otherwise."""
        deadline = time.monotonic() + within
        while not look():
            if time.monotonic() > deadline:
                raise LabError(f"not within {within:g} s: {what}; the cluster says\n{self._says()}")
            time.sleep(LOOK)

    def reboot(self, node: Host) -> None:
        """Reboot a node from inside; returns when it is Ready again."""
        node.reboot()
        self.wait_ready(node)

    def start(self, node: Host) -> None:
        """Power a killed node on (`node.kill()` is the power cut); returns when it is Ready."""
        node.start()
        self.wait_ready(node)

    def run(self, pod: Body, within: float = READY_WITHIN) -> Body:
        """Create a pod and wait until it runs, or has ended well; the pod."""
        made = self.api.apply(pod)
        path = _path(made)

        def runs() -> bool:
            phase = self.api.get(path)["status"].get("phase")
            if phase == "Failed":
                raise LabError(f"{path} failed; the cluster says\n{self._says()}")
            return phase in ("Running", "Succeeded")

        self.until(f"{path} runs", runs, within)
        return self.api.get(path)

    def load_product(self) -> str:
        """Bring this checkout's code onto all nodes, for containers that start from now on."""
        archive = oci.archive([container_image.product(fleets.narrate)])
        self.fleet.each(lambda node: node_image.load(node, archive))
        return container_image.name()

    def destroy(self) -> None:
        """Remove the cluster: processes, namespace, disks, keys."""
        self.api.close()
        destroy(self.name)
        self.fleet.hosts = []

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.destroy()

    def _boot(self, count: int) -> list[Host]:
        added = self.fleet.grow(count)
        for host in added:
            subnet = f"{node_files.POD_NETWORK}.{host.guest.seat.number}.0/24"
            network.add_route(namespace_of(self.name), subnet, host.guest.seat)
        return added

    def _says(self) -> str:
        """Nodes that are not Ready, pods that do not run, and the newest events."""
        nodes = [
            f"node {node['metadata']['name']}: {condition.get('message')}"
            for node in self.api.get(NODES_PATH)["items"]
            for condition in node["status"].get("conditions", ())
            if condition["type"] == "Ready" and condition["status"] != "True"
        ]
        pods = [
            f"pod {pod['metadata']['name']}: {pod['status'].get('phase')}"
            for pod in self.api.get("/api/v1/pods")["items"]
            if pod["status"].get("phase") not in ("Running", "Succeeded")
        ]
        events = [
            f"{event['involvedObject']['name']}: {event.get('reason')} {event.get('message')}"
            for event in self.api.get("/api/v1/events")["items"]
            if event.get("type") == "Warning"
        ]
        return "\n".join(f"    {line}" for line in [*nodes, *pods, *events[-8:]])


def destroy(name: str) -> None:
    """Remove a cluster, whole or half made; nothing happens when there is none."""
    control_plane.destroy(_plane(name))
    fleets.destroy(name)


def ready(node: Body, boot: str) -> bool:
    """True when a Node object says Ready about the boot with that id."""
    status = node["status"]
    conditions = {entry["type"]: entry["status"] for entry in status.get("conditions", ())}
    told = status.get("nodeInfo", {}).get("bootID")
    return told == boot and conditions.get("Ready") == "True"


def pod(
    name: str,
    image: str,
    command: Sequence[str],
    node: Host | None = None,
    **spec: object,
) -> Body:
    """A pod that ends with its command and stops within a second; `spec` adds to its spec."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            **({"nodeName": node.name} if node else {}),
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "containers": [
                {
                    "name": "main",
                    "image": image,
                    "imagePullPolicy": "Never",
                    "command": list(command),
                }
            ],
            **spec,
        },
    }


def _path(made: Body) -> str:
    meta = made["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"


def _plane(name: str) -> Path:
    return fleets.folder_of(name) / "control-plane"


def _seed(name: str) -> Path:
    return fleets.folder_of(name) / "seed.tar"
