"""Where the API server is and how we prove who we are: in a pod, or by a kubeconfig.

A bound service-account token is replaced in its file long before it ends (the kubelet does so at
80 % of its life), so the file is looked at for every request and read when it has changed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from kubernetes.client import Configuration
from kubernetes.config import load_kube_config
from kubernetes.config.incluster_config import (
    SERVICE_CERT_FILENAME,
    SERVICE_TOKEN_FILENAME,
    InClusterConfigLoader,
)

Settings = Any  # kubernetes.client.Configuration, which carries no types


class AccessError(Exception):
    """No way to the API server was found; the message says what was tried."""


@dataclass(frozen=True)
class ServiceAccount:
    """The files that a pod finds its identity in."""

    token: Path = Path(SERVICE_TOKEN_FILENAME)
    certificate: Path = Path(SERVICE_CERT_FILENAME)


class TokenFile:
    """A token that is read again whenever its file has been replaced."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._token = ""

    def current(self) -> str:
        """The token as the file has it now; the last good one while the file is being replaced."""
        try:
            stat = self.path.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                token = self.path.read_text(encoding="ascii").strip()
                if token:
                    self._seen, self._token = seen, token
        except OSError as error:
            if not self._token:
                raise AccessError(f"cannot read the token {self.path}: {error.strerror}") from error
        if not self._token:
            raise AccessError(f"the token file {self.path} is empty")
        return self._token

    def refresh(self, settings: Settings) -> None:
        """Put the present token where the client takes it from (its `refresh_api_key_hook`)."""
        settings.api_key["BearerToken"] = self.current()
        settings.api_key_prefix["BearerToken"] = "Bearer"


def in_cluster(account: ServiceAccount = ServiceAccount()) -> Settings:
    """The client's configuration inside a pod.

    Raises AccessError when this is no pod, or its files are missing.
    """
    settings = Configuration()
    try:
        make: Any = InClusterConfigLoader
        loader = make(
            token_filename=str(account.token),
            cert_filename=str(account.certificate),
            try_refresh_token=False,
        )
        loader.load_and_set(settings)
    except Exception as error:
        raise AccessError(f"not in a pod: {error}") from error
    return _finished(settings, TokenFile(account.token))


def by_kubeconfig(path: str) -> Settings:
    """The client's configuration by the current context of the kubeconfig file `path`."""
    settings = Configuration()
    load: Any = load_kube_config
    try:
        load(config_file=path, client_configuration=settings)
        token = _token_file(path)
    except Exception as error:
        raise AccessError(f"kubeconfig {path}: {error}") from error
    return _finished(settings, TokenFile(token) if token else None)


def found(kubeconfig: str | None) -> Settings:
    """By `kubeconfig` where one is given or `KUBECONFIG` names one, else as a pod."""
    path = kubeconfig or os.environ.get("KUBECONFIG")
    return by_kubeconfig(path) if path else in_cluster()


def _finished(settings: Settings, token: TokenFile | None) -> Settings:
    # The door repeats requests itself, with its own bounds; urllib3 would repeat them unseen.
    settings.retries = False
    if token is not None:
        token.refresh(settings)
        settings.refresh_api_key_hook = token.refresh
    return settings


def _token_file(path: str) -> Path | None:
    """The `tokenFile` of the current context's user, which the client reads only once."""
    document = cast(dict[str, Any], yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {})
    contexts = {c["name"]: c.get("context") or {} for c in document.get("contexts") or ()}
    users = {u["name"]: u.get("user") or {} for u in document.get("users") or ()}
    user = users.get(contexts.get(document.get("current-context"), {}).get("user"), {})
    name = user.get("tokenFile")
    return Path(path).resolve().parent / name if name else None
