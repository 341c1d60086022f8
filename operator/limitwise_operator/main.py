"""kopf's wiring: it watches, lists and says what it saw; nothing of it is written anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import kopf

from .effects.access import Settings as Access
from .kinds.meta import GROUP, VERSION
from .session import Session
from .store import RESOURCES

Seen = Callable[..., Awaitable[None]]


class NothingKept(kopf.DiffBaseStorage):
    """No object is compared with what it was, so none is copied for it: a third of kopf's work."""

    def build(self, *, body: Any, extra_fields: Any = None) -> Any:
        """What of an object matters to handlers of changes: there are none."""
        return {}

    def fetch(self, *, body: Any) -> None:
        """What an object was when it was handled last: never handled."""

    def store(self, *, body: Any, patch: Any, essence: Any) -> None:
        """Write nothing down."""


def settings() -> kopf.OperatorSettings:
    """Small memory at thousands of nodes, no silent watches, no writes: as measured."""
    made = kopf.OperatorSettings()
    made.posting.enabled = False
    made.scanning.disabled = True
    made.watching.chunk_size = 100
    made.watching.server_timeout, made.watching.client_timeout = 300, 301
    # An idle timeout this short is what lets a bounded number of workers keep up.
    made.queueing.worker_limit, made.queueing.idle_timeout = 100, 0.05
    made.networking.request_timeout, made.networking.connect_timeout = 30, 5
    made.execution.max_workers = 1
    made.persistence.finalizer = f"{GROUP}/kopf"
    made.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=f"{GROUP}/kopf")
    made.persistence.diffbase_storage = NothingKept()
    return made


def credentials(access: Access) -> kopf.ConnectionInfo:
    """The same way in as our own client's, with the token that is good now."""
    header = access.get_api_key_with_prefix("BearerToken") or ""
    scheme, _, token = header.partition(" ")
    return kopf.ConnectionInfo(
        server=access.host,
        ca_path=access.ssl_ca_cert,
        insecure=not access.verify_ssl,
        scheme=scheme or None,
        token=token or None,
        certificate_path=access.cert_file,
        private_key_path=access.key_file,
    )


def watcher(session: Session, resource: str) -> Seen:
    """A handler that takes in an event; it returns nothing, or kopf would write it down."""

    async def seen(event: dict[str, Any], **_: object) -> None:
        session.see(resource, event)

    return seen


def registry(session: Session, access: Callable[[], Access]) -> kopf.OperatorRegistry:
    """The handlers: events of our kinds and the login, nothing that persists anything."""
    made = kopf.OperatorRegistry()

    async def login(**_: object) -> kopf.ConnectionInfo:
        return credentials(access())

    kopf.on.login(registry=made)(login)
    kopf.on.event("nodes", registry=made)(watcher(session, "nodes"))
    for resource in RESOURCES:
        if resource != "nodes":
            kopf.on.event(GROUP, VERSION, resource, registry=made)(watcher(session, resource))
    return made


async def watch(session: Session, access: Callable[[], Access], stop: asyncio.Event) -> None:
    """Feed the session with what happens to these kinds, once they are known, until `stop`."""
    await session.synced.wait()
    await kopf.operator(
        registry=registry(session, access),
        settings=settings(),
        clusterwide=True,
        standalone=True,
        stop_flag=stop,
    )
