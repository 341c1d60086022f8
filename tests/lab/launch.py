"""Start one guest: reach what needs root, then become the kernel as an unprivileged user.

Usage: launch.py NAMESPACE TAP UID SOURCE=TARGET[,SOURCE=TARGET...] KERNEL ARGUMENT...
The cache may lie where the guest's user cannot go, so each SOURCE is bound over the file TARGET in
a mount namespace of the guest's own, which ends with it. The tap is descriptor 9. Standard library
only; run as a file.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
import sys
import time

TAP = 9
FREE_WITHIN = 15.0
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_SLAVE = 0x1000, 0x4000, 1 << 19
PR_SET_NO_NEW_PRIVS = 38
# Without HOME the guest's first process dies in seccomp mode (7.3: "failed to wait for stub").
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/"}

LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result: int, doing: str) -> None:
    """End with a message when a C call says -1."""
    if result == -1:
        sys.exit(f"{doing}: {os.strerror(ctypes.get_errno())}")


def enter(namespace: str) -> None:
    """Join the fleet's network namespace."""
    handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    checked(LIBC.setns(handle, CLONE_NEWNET), f"entering {namespace}")


def bind(pairs: list[str]) -> None:
    """Make each SOURCE appear at its TARGET, for this process and its children only.

    What the machine unmounts later goes here too, so that a guest holds nothing of it back.
    """
    checked(LIBC.unshare(CLONE_NEWNS), "unshare")
    checked(LIBC.mount(None, b"/", None, MS_REC | MS_SLAVE, None), "slave mounts")
    for pair in pairs:
        source, _, target = pair.partition("=")
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
        bound = LIBC.mount(os.fsencode(source), os.fsencode(target), None, MS_BIND, None)
        checked(bound, f"binding {source}")


def open_tap(name: str) -> None:
    """Attach to the tap, so that the kernel needs no right to do so itself.

    A guest that was killed lets go of its tap when the last of its threads has ended, which may be
    after its process is seen as a zombie.
    """
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    wanted = struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI)
    deadline = time.monotonic() + FREE_WITHIN
    while True:
        try:
            fcntl.ioctl(handle, TUNSETIFF, wanted)
            break
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.05)
    os.dup2(handle, TAP, inheritable=True)
    os.close(handle)


def drop_privileges(uid: int) -> None:
    """No groups, no root, and no way back through a set-user-ID program."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    checked(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def detach() -> None:
    """Go on as a process of init's, in a session of its own; the caller learns that all went well.

    Standard error is the caller's until here, then the guest's console like standard output; the
    caller's lock is let go.
    """
    if os.fork():
        os._exit(0)
    os.setsid()
    os.dup2(1, 2)
    os.closerange(3, TAP)
    os.closerange(TAP + 1, os.sysconf("SC_OPEN_MAX"))


def main() -> None:
    """Reach, drop, detach, become."""
    namespace, tap, uid, pairs, *command = sys.argv[1:]
    enter(namespace)
    open_tap(tap)
    bind(pairs.split(","))
    drop_privileges(int(uid))
    detach()
    os.execve(command[0], command, ENVIRONMENT)


if __name__ == "__main__":
    main()
