# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster from its API server, by the operator's own client; it only lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError
from limitwise_operator.kinds import meta

from .objects import LEASE, NODE, Cluster, cluster_of

API = f"/apis/{meta.API_VERSION}"
LISTS: Tuple[Tuple[str, str, str], ...] = (
    (NODE, "nodes", "/api/v1/nodes"),
    (meta.NODE_TUNING, meta.NODE_TUNINGS, f"{API}/{meta.NODE_TUNINGS}"),
    (meta.NODE_TUNING_STATE, meta.NODE_TUNING_STATES, f"{API}/{meta.NODE_TUNING_STATES}"),
    (meta.REMEDIATION_POLICY, meta.REMEDIATION_POLICIES, f"{API}/{meta.REMEDIATION_POLICIES}"),
    (meta.NODE_REMEDIATION, meta.NODE_REMEDIATIONS, f"{API}/{meta.NODE_REMEDIATIONS}"),
)
OF_ONE = (NODE, meta.NODE_TUNING_STATE)
FORBIDDEN = 403
EXTRA = "pip install 'limitwise[operator]', or give files with --from"


@dataclass(frozen=True)
class Where:
    """Which cluster, and what of it: of Nodes and their states only ``node``'s, if it is named."""

    kubeconfig: Optional[str]
    context: Optional[str]
    namespace: str
    node: str = ""


def read(where: Where, now: datetime) -> Cluster:
    """Everything that is shown; InputError when the client is missing or the server refuses."""
    try:
        from limitwise_operator.effects.access import AccessError
        from limitwise_operator.effects.answers import ApiError
        from limitwise_operator.effects.door import Door, Manners
    except ImportError as error:
        raise InputError(f"the Kubernetes client is missing ({error})", remedy=EXTRA) from error
    try:
        door = Door(_settings(where.kubeconfig, where.context), Manners(connect=5.0, answer=30.0))
    except AccessError as error:
        raise InputError(str(error), remedy="--kubeconfig FILE, or --from FILES") from error
    reading = Reading(door, where.node)
    try:
        for kind, plural, path in (*LISTS, _leases(where.namespace)):
            reading.add(kind, plural, path)
    except ApiError as error:
        raise InputError(f"the API server: {error}") from error
    finally:
        door.close()
    return cluster_of(reading.bodies, now, reading.kinds, reading.notes)


@dataclass
class Reading:
    """What was listed so far; a part that is not there or may not be seen is a note."""

    door: Any
    node: str
    bodies: List[Any] = field(default_factory=list)
    kinds: List[str] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)

    def add(self, kind: str, plural: str, path: str) -> None:
        """All objects of a kind."""
        from limitwise_operator.effects.answers import DeniedError, MissingError

        try:
            for page in self._pages(kind, plural, path):
                version = page.get("apiVersion")
                # Items of a list do not say what they are.
                named = ({"kind": kind, "apiVersion": version, **one} for one in page["items"])
                self.bodies.extend(named)
        except MissingError:
            self.notes.append(f"{plural} are not served: is this release's chart installed?")
        except DeniedError as error:
            if kind not in (NODE, LEASE) or error.status != FORBIDDEN:
                raise
            self.notes.append(f"{plural} may not be listed with these rights")
        else:
            self.kinds.append(kind)

    def _pages(self, kind: str, plural: str, path: str) -> Iterator[Dict[str, Any]]:
        from limitwise_operator.effects.cluster import Cluster as Verbs
        from limitwise_operator.effects.door import Request

        if self.node and kind in OF_ONE:
            query = {"fieldSelector": f"metadata.name={self.node}"}
            yield self.door.ask(Request("GET", plural, path, query=query))
        else:
            yield from Verbs(self.door).pages(plural, path)


def _leases(namespace: str) -> Tuple[str, str, str]:
    return LEASE, "leases", f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"


def _settings(kubeconfig: Optional[str], context: Optional[str]) -> Any:
    """By a kubeconfig as kubectl finds it, else as a pod."""
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_kube_config

    from limitwise_operator.effects.access import AccessError, in_cluster

    settings = Configuration()
    try:
        load: Any = load_kube_config
        load(config_file=kubeconfig, context=context, client_configuration=settings)
    except ConfigException as error:
        if kubeconfig is None and context is None and not _default().exists():
            return in_cluster()
        raise AccessError(f"kubeconfig {kubeconfig or ''}: {error}".replace(" :", ":")) from error
    except Exception as error:  # what else the client's own reader lets through
        raise AccessError(f"kubeconfig {kubeconfig or _default()}: {error}") from error
    settings.retries = False
    return settings


def _default() -> Path:
    return Path("~/.kube/config").expanduser()
