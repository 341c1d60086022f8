"""The operator as a process: starts its parts, ends them in order, ends itself when one is lost."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from .effects.access import Settings as Access
from .effects.access import found
from .health import serve
from .main import watch
from .metrics import Metrics
from .session import Options, Session

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ports:
    """Where probes and scrapes are answered; port 0: nowhere."""

    address: str = "0.0.0.0"  # noqa: S104 - a pod's own network
    health: int = 8080
    metrics: int = 9090


async def operate(options: Options, kubeconfig: str | None, ports: Ports) -> None:
    """Run until SIGTERM or SIGINT, then give the Lease back; raises what a part of it died of."""

    def access() -> Access:
        return found(kubeconfig)

    metrics = Metrics()
    session = Session(access, options, metrics)
    stop = asyncio.Event()
    probes = await serve(session, ports.address, ports.health) if ports.health else None
    if ports.metrics:
        metrics.serve(ports.address, ports.metrics)
    work = asyncio.create_task(session.run())
    watches = asyncio.create_task(watch(session, access, stop))
    # kopf takes SIGTERM and SIGINT for itself: its end without an error is what they ask for.
    await asyncio.wait({work, watches}, return_when=asyncio.FIRST_COMPLETED)
    _log.info("ending")
    await session.stop()
    stop.set()
    work.cancel()
    ended = await asyncio.gather(work, watches, return_exceptions=True)
    if probes is not None:
        await probes.cleanup()
    for error in ended:
        if isinstance(error, Exception):
            raise error
