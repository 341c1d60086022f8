"""Open connections inside a network namespace; as a program, hand one to ssh (ProxyUseFdpass=yes).

Usage as ssh's ProxyCommand: connect.py NAMESPACE HOST PORT. It passes the connected socket over its
standard output and ends, so no proxy process stays behind. Standard library only and no import of
the package: ssh and Ansible run it as a file.
"""

from __future__ import annotations

import array
import ctypes
import os
import socket
import sys
import threading

CLONE_NEWNET = 0x40000000


def enter(namespace: str) -> None:
    """Move the calling thread into a named network namespace (setns(2)); OSError when it cannot."""
    handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), namespace)
    finally:
        os.close(handle)


def socket_in(namespace: str) -> socket.socket:
    """A TCP socket that belongs to the namespace; the caller's own thread stays where it is."""
    made: list[socket.socket] = []
    failed: list[OSError] = []

    def make() -> None:
        try:
            enter(namespace)
            made.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


def main() -> None:
    """Connect and pass the socket on."""
    namespace, host, port = sys.argv[1:]
    try:
        enter(namespace)
        with socket.create_connection((host, int(port)), timeout=10) as link:
            link.settimeout(None)
            hand_over(link)
    except OSError as error:
        sys.exit(f"{host} port {port} in {namespace}: {error}")


def hand_over(link: socket.socket) -> None:
    """Give a descriptor to ssh, which listens at our standard output."""
    with socket.socket(fileno=os.dup(1)) as ssh:
        descriptor = array.array("i", [link.fileno()])
        ssh.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptor)])


if __name__ == "__main__":
    main()
