"""Whether this process still does its work, as probes ask: alive, and ready to take over.

Answered by the event loop itself: one that hangs does not answer, which is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from .session import Session
from .store import RESOURCES

PLANNER_BEHIND = 300.0  # seconds


@dataclass(frozen=True)
class Vital:
    """What a probe looks at: for how long watches owe something, for how long a change waits.

    `grace`: seconds within which a watch has to bring what a census saw.
    """

    watches: Mapping[str, float]
    grace: float
    planner: float
    leading: bool
    synced: bool


def vital(session: Session) -> Vital:
    """The signs of life now."""
    return Vital(
        {resource: session.behind(resource) for resource in RESOURCES},
        session.options.watch_grace,
        session.planner.waiting,
        session.election.leading,
        session.synced.is_set(),
    )


def ailments(signs: Vital) -> list[str]:
    """Why the process should be started anew; none when it is well.

    Only what a new start can cure: an API server that does not answer is not among them.
    """
    found = [
        f"the watch of {resource} has delivered nothing new for {age:.0f} s"
        for resource, age in signs.watches.items()
        if age > signs.grace
    ]
    if signs.leading and signs.synced and signs.planner > PLANNER_BEHIND:
        found.append(f"a change has been waiting to be planned for {signs.planner:.0f} s")
    return found


def application(session: Session) -> web.Application:
    """/healthz: alive; /readyz: knows the whole cluster, whether it leads or stands by."""

    async def healthz(_request: web.Request) -> web.Response:
        found = ailments(vital(session))
        return _answer(found, "ok")

    async def readyz(_request: web.Request) -> web.Response:
        signs = vital(session)
        found = ailments(signs) if signs.synced else ["the cluster has not been listed yet"]
        return _answer(found, "leading" if signs.leading else "standing by")

    made = web.Application()
    made.router.add_get("/healthz", healthz)
    made.router.add_get("/readyz", readyz)
    return made


def _answer(found: list[str], well: str) -> web.Response:
    return web.Response(status=503 if found else 200, text="; ".join(found) or well)


async def serve(session: Session, address: str, port: int) -> web.AppRunner:
    """Answer probes; the caller cleans the runner up."""
    runner = web.AppRunner(application(session), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port).start()
    return runner
