"""A cluster's keys: one throw-away CA, the components' certificates, tokens for nodes and admin."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from lab import commands

DAYS = "3650"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
NODES = tuple(f"h{number}" for number in range(1, 10))
ADMIN, KWOK = "admin", "kwok"
# Holder of a static token: (user, group). kwok's writes are told from a test's own by the user.
USERS = {
    ADMIN: ("lab-admin", "system:masters"),
    KWOK: ("lab-kwok", "system:masters"),
    **{name: (f"system:node:{name}", "system:nodes") for name in NODES},
}
# NAME: (subject, extended key usage); the API server's names are added to its own.
CERTIFICATES = {
    "apiserver": ("/CN=kube-apiserver", "serverAuth"),
    "apiserver-kubelet": ("/O=system:masters/CN=apiserver-kubelet", "clientAuth"),
    "kube-controller-manager": ("/CN=system:kube-controller-manager", "clientAuth"),
    "kube-scheduler": ("/CN=system:kube-scheduler", "clientAuth"),
}
# Python 3.13 verifies strictly; openssl makes a CA of whatever does not deny it.
LEAF = ("basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature")
SERVER_NAMES = (
    *("IP:127.0.0.1", "IP:10.96.0.1", "DNS:localhost"),
    *("DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc"),
)


@dataclass(frozen=True)
class Pki:
    """The files of a cluster's trust, in one folder; they go when the lab goes."""

    folder: Path

    def certificate(self, name: str) -> Path:
        """The certificate of that name (`ca`, or a key of CERTIFICATES)."""
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        """Its private key."""
        return self.folder / f"{name}.key"

    @property
    def tokens(self) -> Path:
        """The file of static tokens, as kube-apiserver reads it."""
        return self.folder / "tokens.csv"

    def token(self, name: str) -> str:
        """The static token of one of USERS."""
        return (self.folder / "tokens" / name).read_text()


def make(folder: Path, address: str) -> Pki:
    """New keys for a control plane at that address; `folder` must not exist."""
    folder.mkdir(mode=0o700, parents=True)
    pki = Pki(folder)
    _new(pki, "ca", "/CN=limitwise-lab-ca", "keyUsage=critical,keyCertSign,cRLSign")
    for name, (subject, usage) in CERTIFICATES.items():
        extensions = [*LEAF, f"extendedKeyUsage={usage}"]
        if usage == "serverAuth":
            extensions.append(f"subjectAltName=IP:{address},{','.join(SERVER_NAMES)}")
        issuer = ("-CA", str(pki.certificate("ca")), "-CAkey", str(pki.key("ca")))
        _new(pki, name, subject, *extensions, issuer=issuer)
    _service_account_key(pki)
    _tokens(pki)
    return pki


def _new(pki: Pki, name: str, subject: str, *extensions: str, issuer: tuple[str, ...] = ()) -> None:
    added = [word for extension in extensions for word in ("-addext", extension)]
    commands.output(
        [
            *("openssl", "req", "-x509", *CURVE, "-days", DAYS, "-subj", subject),
            *("-keyout", str(pki.key(name)), "-out", str(pki.certificate(name))),
            *issuer,
            *added,
        ]
    )


def _service_account_key(pki: Pki) -> None:
    private, public = pki.key("service-account"), pki.folder / "service-account.pub"
    commands.output(
        [
            *("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt"),
            *("ec_paramgen_curve:P-256", "-out", str(private)),
        ]
    )
    commands.output(["openssl", "pkey", "-in", str(private), "-pubout", "-out", str(public)])


def _tokens(pki: Pki) -> None:
    (pki.folder / "tokens").mkdir()
    lines = []
    for name, (user, group) in USERS.items():
        token = secrets.token_hex(16)
        (pki.folder / "tokens" / name).write_text(token)
        lines.append(f'{token},{user},lab-{name},"{group}"\n')
    pki.tokens.write_text("".join(lines))


def kubeconfig(server: str, ca: Path, user: dict[str, str]) -> str:
    """A kubeconfig (JSON is YAML) with one cluster and one user: its token or certificate files."""
    cluster = {"server": server, "certificate-authority": str(ca)}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "lab", "user": user}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "current-context": "lab",
        },
        indent=1,
    )
