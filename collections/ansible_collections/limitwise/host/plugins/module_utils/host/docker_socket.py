# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Docker daemon says of itself over its socket: no fork, and no client program needed.

Docker Engine API, GET /info; asked in HTTP/1.0, which leaves no chunks to put together.
"""

from __future__ import annotations

import json
import socket
from typing import Any, Dict, Optional

from .machine import Host

SOCKET = "/var/run/docker.sock"
LARGEST = 16 * 1024 * 1024


def ask(
    host: Host, url: str, *, path: str = SOCKET, seconds: float = 10.0
) -> Optional[Dict[str, Any]]:
    """The JSON object at ``url``; None when the daemon does not answer with one in time."""
    if not host.running:
        return None
    try:
        answer = _get(host.files.locate(path), url, seconds)
    except OSError:
        return None
    head, _blank, body = answer.partition(b"\r\n\r\n")
    if head.split(b" ")[1:2] != [b"200"]:
        return None
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _get(real: str, url: str, seconds: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        connection.connect(real)
        connection.sendall(f"GET {url} HTTP/1.0\r\nHost: docker\r\n\r\n".encode("ascii"))
        answer = b""
        while len(answer) <= LARGEST:
            piece = connection.recv(65536)
            if not piece:
                return answer
            answer += piece
        raise OSError("the answer is too long")
