"""The command lines of a control plane's components: pure functions of where everything is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .pki import Pki

ETCD = "etcd"
API_SERVER = "kube-apiserver"
CONTROLLER_MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
LOOPBACK = "127.0.0.1"
SERVICE_NETWORK = "10.96.0.0/16"

# What a test of the API alone needs; the order is the one to start in.
API = (ETCD, API_SERVER)
WHOLE = (*API, CONTROLLER_MANAGER, SCHEDULER)

# Writes only, each once, when it has been answered: what tests count.
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted, Panic]
rules:
- {level: None, verbs: [get, list, watch]}
- {level: Metadata}
"""


@dataclass(frozen=True)
class Ports:
    """The ports of one control plane."""

    etcd: int
    etcd_peer: int
    api: int
    controller_manager: int
    scheduler: int


@dataclass(frozen=True)
class Site:
    """Where a control plane lives: its state folder, its address, its ports."""

    folder: Path
    address: str
    ports: Ports

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://{self.address}:{self.ports.api}"

    @property
    def pki(self) -> Pki:
        return Pki(self.folder / "pki")

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def audit_policy(self) -> Path:
        return self.folder / "audit-policy.yaml"

    def kubeconfig(self, component: str) -> Path:
        """The kubeconfig of a component, or of `admin`."""
        return self.folder / f"{component}.kubeconfig"


def arguments(component: str, site: Site) -> list[str]:
    """The component's options, without the program."""
    return {
        ETCD: _etcd,
        API_SERVER: _api_server,
        CONTROLLER_MANAGER: _controller_manager,
        SCHEDULER: _scheduler,
    }[component](site)


def _etcd(site: Site) -> list[str]:
    client, peer = (f"http://{LOOPBACK}:{n}" for n in (site.ports.etcd, site.ports.etcd_peer))
    return [
        f"--data-dir={site.folder / 'etcd'}",
        "--unsafe-no-fsync",  # the data need not outlive the machine
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    ]


def _api_server(site: Site) -> list[str]:
    pki = site.pki
    return [
        f"--etcd-servers=http://{LOOPBACK}:{site.ports.etcd}",
        f"--secure-port={site.ports.api}",
        f"--bind-address={site.address}",
        f"--advertise-address={site.address}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        f"--tls-cert-file={pki.certificate('apiserver')}",
        f"--tls-private-key-file={pki.key('apiserver')}",
        f"--client-ca-file={pki.certificate('ca')}",
        f"--token-auth-file={pki.tokens}",
        f"--kubelet-client-certificate={pki.certificate('apiserver-kubelet')}",
        f"--kubelet-client-key={pki.key('apiserver-kubelet')}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki.folder / 'service-account.pub'}",
        f"--service-account-signing-key-file={pki.key('service-account')}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--endpoint-reconciler-type=none",
        "--kubelet-preferred-address-types=InternalIP",  # or logs and exec try DNS for a node
        f"--audit-policy-file={site.audit_policy}",
        f"--audit-log-path={site.audit_log}",
        "--audit-log-maxsize=0",  # never rotated: it is counted
    ]


def _controller_manager(site: Site) -> list[str]:
    pki = site.pki
    return [
        *_client(CONTROLLER_MANAGER, site, site.ports.controller_manager),
        f"--service-account-private-key-file={pki.key('service-account')}",
        f"--root-ca-file={pki.certificate('ca')}",
        f"--cluster-signing-cert-file={pki.certificate('ca')}",
        f"--cluster-signing-key-file={pki.key('ca')}",
        "--use-service-account-credentials",
    ]


def _scheduler(site: Site) -> list[str]:
    return _client(SCHEDULER, site, site.ports.scheduler)


def _client(component: str, site: Site, port: int) -> list[str]:
    config = site.kubeconfig(component)
    return [
        f"--kubeconfig={config}",
        f"--authentication-kubeconfig={config}",
        f"--authorization-kubeconfig={config}",
        "--leader-elect=false",
        f"--bind-address={LOOPBACK}",
        f"--secure-port={port}",
    ]
