"""A container as the cluster's agent gets it, made on a guest with namespaces and mounts alone."""

from __future__ import annotations

from collections.abc import Sequence

from lab.host import Host, Result

SCRIPT = "/opt/limitwise-test/pod.sh"
# What the agent's container may do besides being uid 0: reach the host's programs, write user.*
# sysctls, and put back files of others with their owners and modes.
CAPABILITIES = ("sys_chroot", "sys_resource", "chown", "dac_override", "fowner")

# Shared with the host: processes, network and IPC. Its own: mounts (read-only but /tmp, the host's
# root at /host), /proc (with a read-only /proc/sys, as container runtimes mount it), cgroups.
ENTER = """#!/bin/sh
set -eu
capabilities=$1; shift
if [ "$1" != inside ]; then
  mkdir -p /host /opt/pod /sys/fs/cgroup/pod.slice/container
  echo $$ > /sys/fs/cgroup/pod.slice/container/cgroup.procs
  exec unshare --mount --cgroup --propagation private /bin/sh "$0" "$capabilities" inside "$@"
fi
shift
mount --bind / /opt/pod
mount --rbind / /opt/pod/host
mount --make-rslave /opt/pod/host
mount -t proc proc /opt/pod/proc
mount --bind /opt/pod/proc/sys /opt/pod/proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec /opt/pod/proc/sys
mount -t tmpfs tmpfs /opt/pod/tmp
mount --bind /dev /opt/pod/dev
mount -o remount,bind,ro /opt/pod
cd /opt/pod
pivot_root . mnt
umount -l /mnt
exec setpriv --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set="$capabilities" "$@"
"""


def install(host: Host) -> None:
    """Put the way into such a container onto a guest."""
    host.write(SCRIPT, ENTER, 0o755)


def run(
    host: Host,
    argv: Sequence[str],
    *,
    capabilities: Sequence[str] = CAPABILITIES,
    stdin: bytes = b"",
    check: bool = True,
) -> Result:
    """Run a program in a container of a guest, with these capabilities and no more."""
    bounding = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    return host.run(["/bin/sh", SCRIPT, bounding, *argv], stdin=stdin, check=check, timeout=120)
