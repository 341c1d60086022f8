"""A plain client of the API server for tests: every answer as it came, refusals included."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from lab.connect import socket_in
from lab.errors import LabError

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
FIELD_MANAGER = "limitwise-lab"
TIMEOUT = 30.0
KNOWN_WITHIN = 20.0
Body = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What the server said; header names in lower case, `body` parsed when it is JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The Status object's reason (AlreadyExists, Conflict, ...), empty for other bodies."""
        return str(self.body.get("reason", "")) if isinstance(self.body, dict) else ""

    @property
    def message(self) -> str:
        """The Status object's message."""
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else str(self.body)

    def content(self) -> Body:
        """The object; LabError when the server refused."""
        if self.status >= 400 or not isinstance(self.body, dict):
            raise LabError(f"the API server answered {self.status}: {self.message}")
        return self.body


class Api:
    """One identity (a bearer token) at one server; may be used by many threads."""

    def __init__(self, server: str, ca: Path, token: str, network: str | None = None) -> None:
        """`network` is the network namespace the server is in, None for this machine's own."""
        self.server = server
        self.ca = ca
        self._token = token
        self._network = network
        self._pool = urllib3.PoolManager(ca_certs=str(ca), maxsize=16, retries=False)
        if network is not None:
            self._pool.pool_classes_by_scheme = {"https": _pool_in(network)}
        self._resources: dict[tuple[str, str], tuple[str, bool]] = {}

    def as_user(self, token: str) -> Api:
        """The same server for another token."""
        return Api(self.server, self.ca, token, self._network)

    def through(self, server: str) -> Api:
        """The same token at a proxy on this machine."""
        return Api(server, self.ca, self._token)

    def close(self) -> None:
        """Drop the connections."""
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = JSON,
        **query: str,
    ) -> Answer:
        """One request, one answer, whatever its status; a broken connection raises urllib3's."""
        raw = self._send(method, path, body, content_type, query, stream=False)
        return Answer(raw.status, _parsed(raw.data), _lowered(raw.headers))

    def watch(self, path: str, **query: str) -> Generator[Body, None, None]:
        """Watch events as dicts until the server ends the watch; a cut raises urllib3's error."""
        query = {"watch": "true", **query}
        raw = self._send("GET", path, None, JSON, query, stream=True)
        if raw.status != 200:
            raise LabError(f"the API server answered {raw.status} to a watch of {path}")
        rest = b""
        try:
            for chunk in raw.stream(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines if line)
        finally:
            raw.close()

    def get(self, path: str, **query: str) -> Body:
        """An object or a list that must be there."""
        return self.request("GET", path, **query).content()

    def create(self, path: str, body: Body) -> Body:
        """Create in the collection `path`."""
        return self.request("POST", path, body).content()

    def merge(self, path: str, body: Body) -> Body:
        """Merge-patch."""
        return self.request("PATCH", path, body, content_type=MERGE_PATCH).content()

    def apply(self, manifest: Body) -> Body:
        """Server-side apply of one object, forced; its kind may just have been defined."""
        answer = self.request(
            "PATCH",
            self.path_of(manifest),
            manifest,
            content_type=APPLY_PATCH,
            fieldManager=FIELD_MANAGER,
            force="true",
        )
        return answer.content()

    def delete(self, path: str, **query: str) -> Answer:
        """Delete; it may be gone already."""
        answer = self.request("DELETE", path, **query)
        if answer.status != 404:
            answer.content()
        return answer

    def path_of(self, manifest: Body) -> str:
        """The URL path of an object by its apiVersion, kind, namespace and name."""
        version, kind = str(manifest["apiVersion"]), str(manifest["kind"])
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        resource, namespaced = self._resource(root, kind)
        meta = manifest["metadata"]
        place = f"/namespaces/{meta.get('namespace', 'default')}" if namespaced else ""
        return f"{root}{place}/{resource}/{meta['name']}"

    def _resource(self, root: str, kind: str) -> tuple[str, bool]:
        deadline = time.monotonic() + KNOWN_WITHIN
        while (root, kind) not in self._resources:
            found = self.request("GET", root)
            for entry in found.body["resources"] if found.status == 200 else ():
                if "/" not in entry["name"]:
                    self._resources[root, entry["kind"]] = (entry["name"], entry["namespaced"])
            if time.monotonic() > deadline:
                raise LabError(f"the API server has no kind {kind} at {root}")
            if (root, kind) not in self._resources:
                time.sleep(0.1)  # between two looks, until the deadline
        return self._resources[root, kind]

    def _send(
        self,
        method: str,
        path: str,
        body: object,
        content_type: str,
        query: Mapping[str, str],
        *,
        stream: bool,
    ) -> urllib3.BaseHTTPResponse:
        url = f"{self.server}{path}{'?' + urlencode(query) if query else ''}"
        return self._pool.request(
            method,
            url,
            body=None if body is None else json.dumps(body),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": content_type,
                "Accept": JSON,
            },
            # A watch may say nothing until it ends.
            timeout=urllib3.Timeout(
                connect=TIMEOUT, read=TIMEOUT + float(query.get("timeoutSeconds", 0))
            ),
            preload_content=not stream,
            redirect=False,
        )


def _pool_in(network: str) -> type[urllib3.HTTPSConnectionPool]:
    class Connection(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            made = socket_in(network)
            made.settimeout(TIMEOUT)
            try:
                made.connect((self.host, self.port))
            except OSError:
                made.close()
                raise
            return made

    class Pool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
