"""Telling others that nothing helped: one POST to a webhook, one object for another remediator."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import urllib3

from .. import __version__
from ..decide.writes import Escalate
from ..kinds.meta import API_VERSION, NODE_REMEDIATION
from .answers import ApiError, ConflictError
from .cluster import Cluster

TIMEOUT = 5.0
SCHEME = "https://"


@dataclass
class Escalation:
    """Blocks its thread for some seconds at most; what goes wrong is told and not tried again."""

    cluster: Cluster
    timeout: float = TIMEOUT
    _pool: Any = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def escalate(self, write: Escalate) -> str:
        """What went wrong in words, empty when nothing did."""
        wrong = [self._posted(write), self._created(write)]
        return "; ".join(one for one in wrong if one)

    def _posted(self, write: Escalate) -> str:
        address = write.escalation.webhook
        if not address:
            return ""
        if not address.startswith(SCHEME):
            return "the webhook is no https address"
        headers = {"Content-Type": "application/json", "User-Agent": f"limitwise/{__version__}"}
        try:
            answer = self._door().request(
                "POST",
                address,
                body=write.incident.encode(),
                headers=headers,
                timeout=urllib3.Timeout(total=self.timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            status = int(answer.status)
            answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as failure:
            # An address may hold a token: what failed is told, not where.
            return f"the webhook was not reached: {type(failure).__name__}"
        return "" if 200 <= status <= 299 else f"the webhook answered {status}"

    def _created(self, write: Escalate) -> str:
        template = write.escalation.template
        if not template:
            return ""
        metadata: dict[str, Any] = {
            "name": write.node,
            "annotations": {"remediation.medik8s.io/node-name": write.node},
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": NODE_REMEDIATION,
                    "name": write.remediation,
                    "uid": write.uid,
                }
            ],
        }
        if template.get("namespace"):
            metadata["namespace"] = template["namespace"]
        body = {
            "apiVersion": template.get("apiVersion", ""),
            "kind": template.get("kind", ""),
            "metadata": metadata,
            "spec": template.get("spec", {}),
        }
        try:
            self.cluster.create_by_kind(body)
        except ConflictError:
            return ""
        except ApiError as refusal:
            return f"{body['kind']} was not made: {refusal.reason} {refusal.message}"
        return ""

    def _door(self) -> Any:
        """Made when it is needed first: most operators never need it."""
        with self._lock:
            if self._pool is None:
                self._pool = urllib3.PoolManager(num_pools=4, maxsize=2)
            return self._pool
