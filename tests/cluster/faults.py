"""A proxy before the real API server that does to requests what rules say, and nothing else."""

from __future__ import annotations

import asyncio
import ssl
import threading
import weakref
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import ClientError, ClientSession, ClientTimeout, StreamReader, TCPConnector, web

from lab.connect import socket_in

from .control_plane import ControlPlane
from .fault_rules import Act, Around, Call, Cut, Delay, Lose, Refuse, Rule, Rules, Swallow, read

LOOPBACK = "127.0.0.1"
LARGEST = 64 * 1024**2
# Hop by hop, or made anew on the other side.
NOT_PASSED = {
    *("host", "connection", "content-length", "transfer-encoding", "keep-alive", "te", "upgrade"),
    *("accept-encoding", "content-encoding", "date"),
}
REASONS = {
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}
STOPS_WITHIN = 10.0
T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """A request that came, and what its client was told (0: the connection was broken)."""

    call: Call
    status: int
    agent: str


class FaultProxy:
    """Serves the control plane's API at `server`: same CA, same tokens; no client certificates.

    A context manager; it runs in a thread of its own, hooks of rules in further threads.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._rules = Rules()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy")
        self._watches: dict[int, web.Request] = {}
        self._transports: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
        self.seen: list[Seen] = []
        self.server = ""

    def add(
        self, act: Act, verb: str = "*", path: str = "", nth: int = 1, times: int | None = 1
    ) -> Rule:
        """A new rule (see Rule); it counts from now on."""
        return self._rules.add(Rule(act, verb, path, nth, times))

    def clear(self) -> None:
        """No rules any more, and nothing seen."""
        self._rules.clear()
        self.seen.clear()

    def writes(self) -> list[Seen]:
        """The writes that came, in the order of their answers."""
        return [seen for seen in list(self.seen) if seen.call.is_write]

    @property
    def watches(self) -> int:
        """How many watches are open now."""
        return len(self._watches)

    def cut_watches(self) -> int:
        """Break every watch that is open now; how many."""

        async def cut() -> int:
            cut_now = list(self._watches.values())
            for request in cut_now:
                _break(request)
            return len(cut_now)

        return self._run(cut())

    def start(self) -> None:
        """Serve at a free port of this machine."""
        self._thread.start()
        self._run(self._serve())

    def stop(self) -> None:
        """Break what is open and end."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOPS_WITHIN)
        self._loop.close()

    def __enter__(self) -> FaultProxy:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STOPS_WITHIN)

    async def _serve(self) -> None:
        trusted = ssl.create_default_context(cafile=str(self._plane.ca))
        namespace = self._plane.namespace
        factory = None if namespace is None else lambda _address: socket_in(namespace)
        self._session = ClientSession(
            connector=TCPConnector(ssl=trusted, limit=0, socket_factory=factory),
            timeout=ClientTimeout(total=None),
        )
        application = web.Application(client_max_size=LARGEST)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        pki = self._plane.site.pki
        own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        own.load_cert_chain(pki.certificate("apiserver"), pki.key("apiserver"))
        site = web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=own)
        await site.start()
        port = self._runner.addresses[0][1]
        self.server = f"https://{LOOPBACK}:{port}"

    async def _end(self) -> None:
        # clients that keep a connection for later would let its orderly end take half a minute
        for transport in list(self._transports):
            transport.abort()
        await self._runner.cleanup()
        await self._session.close()
        # TLS connections end a few turns of the loop after they were told to, and tell nobody.
        await asyncio.sleep(0.25)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = read(request.method, request.path, request.query)
        status = 0
        if request.transport is not None:
            self._transports.add(request.transport)
        try:
            answer = await self._answer(request, call, self._rules.act(call))
            status = answer.status
            return answer
        except (_BrokenError, ClientError, ConnectionError):
            _break(request)
            return web.Response()  # goes nowhere
        finally:
            self.seen.append(Seen(call, status, request.headers.get("User-Agent", "")))

    async def _answer(
        self, request: web.Request, call: Call, act: Act | None
    ) -> web.StreamResponse:
        match act:
            case Refuse():
                return _refusal(act)
            case Lose():
                await asyncio.to_thread(act.then)
                raise _BrokenError
            case Delay():
                await asyncio.sleep(act.seconds)
            case Around():
                await asyncio.to_thread(act.before)
        if call.verb == "watch":
            return await self._watch(request, act if isinstance(act, Cut) else None)
        answer = await self._forward(request)
        match act:
            case Swallow():
                await asyncio.to_thread(act.then)
                raise _BrokenError
            case Around():
                await asyncio.to_thread(act.after)
        return answer

    async def _forward(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self._session.request(
            request.method,
            f"{self._plane.server}{request.path_qs}",
            data=body or None,
            headers=_passed(request.headers),
            allow_redirects=False,
        ) as answer:
            return web.Response(
                status=answer.status, body=await answer.read(), headers=_passed(answer.headers)
            )

    async def _watch(self, request: web.Request, cut: Cut | None) -> web.StreamResponse:
        events = 0
        self._watches[id(request)] = request
        try:
            async with self._session.get(
                f"{self._plane.server}{request.path_qs}", headers=_passed(request.headers)
            ) as source:
                client = web.StreamResponse(status=source.status, headers=_passed(source.headers))
                await client.prepare(request)
                async for line in _lines(source.content):
                    if cut is not None and events == cut.after_events:
                        await client.write(line[: len(line) // 2])
                        raise _BrokenError
                    await client.write(line)
                    events += 1
                await client.write_eof()
                return client
        finally:
            del self._watches[id(request)]


class _BrokenError(Exception):
    """The client's connection is to be broken instead of answered."""


async def _lines(source: StreamReader) -> AsyncIterator[bytes]:
    """Whole lines, however long: a large object's event passes any limit of a line reader."""
    rest = b""
    async for chunk in source.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


def _break(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in NOT_PASSED}


def _refusal(act: Refuse) -> web.Response:
    body: dict[str, object] = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": f"the fault proxy answers {act.status}",
        "reason": REASONS.get(act.status, ""),
        "code": act.status,
    }
    headers = {}
    if act.retry_after is not None:
        headers["Retry-After"] = str(act.retry_after)
        body["details"] = {"retryAfterSeconds": act.retry_after}
    return web.json_response(body, status=act.status, headers=headers)
