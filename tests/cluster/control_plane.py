"""A control plane: etcd, the API server and, where asked for, controllers and scheduler."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import urllib3

from lab import commands
from lab.connect import socket_in
from lab.errors import LabError

from . import binaries, components, daemons, pki
from .api import Api
from .audit import Audit
from .components import API, API_SERVER, CONTROLLER_MANAGER, ETCD, LOOPBACK, SCHEDULER, Ports, Site

SITE = "site.json"
# Below the range that outgoing connections take theirs from, so that a restart finds its port free.
FIRST_PORT, LAST_PORT = 20000, 30000
IN_NAMESPACE = Ports(12379, 12380, 16443, 20257, 20259)


def states() -> Path:
    """Where state is kept: ${LIMITWISE_CLUSTER_DIR:-/tmp/limitwise-cluster-<uid>}."""
    return Path(os.environ.get("LIMITWISE_CLUSTER_DIR") or f"/tmp/limitwise-cluster-{os.getuid()}")


class ControlPlane:
    """The components of one cluster as processes of this machine, each with a log in its folder.

    With `namespace` they run inside that network namespace (a lab fleet's), at fixed ports.
    Whoever makes one with a folder of a dead one ends first what that one left running.
    """

    def __init__(self, folder: Path, address: str = LOOPBACK, namespace: str | None = None) -> None:
        self.namespace = namespace
        self.folder = folder
        self.site = _known(folder, address) or _new(folder, address, namespace)

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self.site.server

    @property
    def ca(self) -> Path:
        """The CA's certificate."""
        return self.site.pki.certificate("ca")

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of cluster-admin."""
        return self.site.kubeconfig(pki.ADMIN)

    @property
    def audit(self) -> Audit:
        """The log of writes."""
        return Audit(self.site.audit_log)

    def token(self, name: str = pki.ADMIN) -> str:
        """The static token of `admin`, `kwok` or a node's kubelet (h1 to h9)."""
        return self.site.pki.token(name)

    def api(self, token: str | None = None) -> Api:
        """A client for a token, by default the admin's."""
        return Api(self.server, self.ca, token or self.token(), self.namespace)

    def write_kubeconfig(self, path: Path, token: str, server: str | None = None) -> Path:
        """A kubeconfig for a token, at the API server or a proxy before it."""
        text = pki.kubeconfig(server or self.server, self.ca, {"token": token})
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def start(self, parts: Sequence[str] = API) -> None:
        """Start components, each ready before the next; those that run are ended first."""
        programs = {part: binaries.path(part) for part in parts}
        for part, program in programs.items():
            self.stop(part)
            argv = [str(program), *components.arguments(part, self.site)]
            pid = daemons.start(part, self.inside(argv), self.folder)
            daemons.wait(part, self.folder, pid, self._ready(part))

    def stop(self, part: str | None = None) -> None:
        """End one component or, last started first, all; the data stay."""
        for name in [part] if part else reversed(components.WHOLE):
            daemons.stop(self.folder, name)

    def kill(self, part: str) -> None:
        """End a component at once, as a crash would."""
        daemons.kill(self.folder, part)

    def restart_apiserver(self) -> None:
        """End the API server, wait for its end, start it again on the same port."""
        self.start([API_SERVER])

    @contextmanager
    def with_parts(self, *parts: str) -> Iterator[None]:
        """Further components (kube-controller-manager, kube-scheduler) for a while."""
        try:
            self.start(parts)
            yield
        finally:
            for part in reversed(parts):
                self.stop(part)

    def destroy(self) -> None:
        """End everything and remove the folder."""
        destroy(self.folder)

    def kubectl(self, *words: str, feed: str | None = None) -> str:
        """What kubectl prints, as cluster-admin; LabError when it fails."""
        argv = [str(binaries.path("kubectl")), f"--kubeconfig={self.kubeconfig}", *words]
        return commands.output(self.inside(argv), feed=feed)

    def inside(self, argv: list[str]) -> list[str]:
        """The command line, run in the control plane's network namespace where it has one."""
        return ["ip", "netns", "exec", self.namespace, *argv] if self.namespace else argv

    def _ready(self, part: str) -> Callable[[], bool]:
        api, ports = self.api(), self.site.ports
        return {
            ETCD: lambda: self._listens(ports.etcd),
            API_SERVER: lambda: _answers(api, "/readyz") and _pods_can_be_made(api),
            # the last thing that the controller manager makes for a namespace
            CONTROLLER_MANAGER: lambda: _answers(
                api, "/api/v1/namespaces/default/configmaps/kube-root-ca.crt"
            ),
            SCHEDULER: lambda: self._listens(ports.scheduler),
        }[part]

    def _listens(self, port: int) -> bool:
        with socket_in(self.namespace) if self.namespace else socket.socket() as probe:
            probe.settimeout(5)
            return probe.connect_ex((LOOPBACK, port)) == 0


def destroy(folder: Path) -> None:
    """End what runs of a control plane, whole or half made, and remove its folder."""
    daemons.kill(folder)
    if folder.exists():
        shutil.rmtree(folder)


def names() -> list[str]:
    """The control planes that have state on this machine."""
    if not states().is_dir():
        return []
    return sorted(path.name for path in states().iterdir() if path.is_dir())


def _known(folder: Path, address: str) -> Site | None:
    try:
        raw = json.loads((folder / SITE).read_text())
    except FileNotFoundError:
        return None
    if raw["address"] != address:
        raise LabError(f"{folder} holds a control plane at {raw['address']}, not {address}")
    return Site(folder, address, Ports(**raw["ports"]))


def _new(folder: Path, address: str, namespace: str | None) -> Site:
    destroy(folder)
    folder.mkdir(mode=0o700, parents=True)
    site = Site(folder, address, IN_NAMESPACE if namespace else _free_ports(address))
    made = pki.make(folder / "pki", address)
    site.audit_policy.write_text(components.AUDIT_POLICY)
    users = {name: {"token": made.token(name)} for name in (pki.ADMIN, pki.KWOK)} | {
        part: {
            "client-certificate": str(made.certificate(part)),
            "client-key": str(made.key(part)),
        }
        for part in (CONTROLLER_MANAGER, SCHEDULER)
    }
    for name, user in users.items():
        site.kubeconfig(name).touch(mode=0o600)
        site.kubeconfig(name).write_text(pki.kubeconfig(site.server, made.certificate("ca"), user))
    (folder / SITE).write_text(json.dumps({"address": address, "ports": asdict(site.ports)}))
    return site


def _free_ports(address: str) -> Ports:
    """Five ports nobody listens at; processes begin to look at different places."""
    found: list[int] = []
    candidate = FIRST_PORT + os.getpid() * 7 % (LAST_PORT - FIRST_PORT)
    while len(found) < 5:
        candidate = candidate + 1 if candidate < LAST_PORT else FIRST_PORT
        with socket.socket() as probe:
            try:
                probe.bind((address, candidate))
            except OSError:
                continue
            found.append(candidate)
    return Ports(*found)


def _answers(api: Api, path: str) -> bool:
    try:
        return api.request("GET", path).status == 200
    except (OSError, urllib3.exceptions.HTTPError):
        return False


def _pods_can_be_made(api: Api) -> bool:
    """Make the account that pods need in `default`, which is a controller's work otherwise."""
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    return _answers(api, f"{accounts}/default") or (
        api.request("POST", accounts, body).status in {201, 409}
    )
