# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commit-confirm: what takes a run back by itself unless somebody who still gets in confirms it.

Armed before the first act: a self-contained copy of the engine in the run's journal; a timer that
rolls back with it (transient, of systemd; without systemd a detached process); and something on
disk that does so after a reboot.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import zipfile
from typing import Dict, Optional, Tuple

from .acts import FileImage
from .findings import HostError
from .host.machine import Host
from .journal import JOURNAL

PACKAGE = __name__.rpartition(".")[0]
UNITS = "/etc/systemd/system"
WANTS = UNITS + "/multi-user.target.wants"
INIT_D = "/etc/init.d"
RUNLEVELS = tuple(f"/etc/rc{level}.d" for level in "2345")

MAIN = "import sys\nfrom {program} import main\nsys.exit(main(sys.argv[1:]))\n"
BOOT_UNIT = """# Managed by Limitwise: takes run {run} back after a reboot unless confirmed.
[Unit]
Description=Limitwise: take back run {run}, which was not confirmed
After=local-fs.target systemd-sysctl.service
Before=ssh.service sshd.service

[Service]
Type=oneshot
ExecStart={python} {archive} {run}

[Install]
WantedBy=multi-user.target
"""
BOOT_SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          {name}
# Required-Start:    $local_fs
# Required-Stop:
# Default-Start:     2 3 4 5
# Default-Stop:
# Short-Description: Limitwise: take back run {run}, which was not confirmed
### END INIT INFO
[ "$1" = start ] || exit 0
exec {python} {archive} {run}
"""


def arm(host: Host, run_id: str, seconds: int, program: str) -> None:
    """Make sure that the run is taken back ``seconds`` from now, also after a crash or reboot.

    ``program`` is the module of the engine whose ``main`` takes a run back.
    """
    if not sys.executable:
        raise HostError("this Python does not know its own path: nothing could take the run back")
    image = FileImage(packed(program), 0o600, os.geteuid(), os.getegid())
    host.files.write(archive(run_id), image)
    _arm_boot(host, run_id)
    _start(host, run_id, seconds, "a")


def restart(host: Host, run_id: str, seconds: int) -> None:
    """Count from now on; the former counting goes only when the new one runs.

    It may have run out already and wait for the lock that this run holds.
    """
    former = _detached(host, run_id)
    _start(host, run_id, seconds, "b")
    if host.has_systemd:
        host.run(["systemctl", "stop", f"{unit(run_id)}-a.timer", f"{unit(run_id)}-a.service"])
    else:
        _end(former, run_id)


def disarm(host: Host, run_id: str) -> None:
    """Nothing takes the run back any more; safe to repeat."""
    name = unit(run_id)
    host.files.remove(f"{WANTS}/{name}.service")
    host.files.remove(f"{UNITS}/{name}.service")
    for folder in RUNLEVELS:
        host.files.remove(f"{folder}/S99{name}")
    host.files.remove(f"{INIT_D}/{name}")
    _end(_detached(host, run_id), run_id)
    host.files.remove(_pid_file(run_id))
    host.files.remove(archive(run_id))
    if host.has_systemd and host.running:
        host.run(["systemctl", "stop", f"{name}-a.timer", f"{name}-b.timer"])
        host.run(["systemctl", "daemon-reload"])


def unit(run_id: str) -> str:
    return f"limitwise-confirm-{run_id}"


def archive(run_id: str) -> str:
    return f"{JOURNAL}/{run_id}/engine.zip"


def packed(program: str) -> bytes:
    """The engine that runs now as one zip that a Python can run; made from its loaded sources."""
    sources = _sources()
    folders = {""}
    for name in sources:
        parts = name.split("/")[:-1]
        folders.update("/".join(parts[: depth + 1]) + "/" for depth in range(len(parts)))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for folder in sorted(folders):
            if folder + "__init__.py" not in sources and folder:
                bundle.writestr(folder + "__init__.py", "")
        for name in sorted(sources):
            bundle.writestr(name, sources[name])
        bundle.writestr("__main__.py", MAIN.format(program=program))
    return buffer.getvalue()


def _sources() -> Dict[str, str]:
    """Every loaded module of the engine, as path -> source."""
    found = {}
    for name, module in sorted(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if not name.startswith(PACKAGE + ".") or spec is None or spec.loader is None:
            continue
        get_source = getattr(spec.loader, "get_source", None)
        if get_source is None or spec.submodule_search_locations is not None:
            continue
        try:
            source = get_source(name)
        except ImportError:  # its file has gone since: an upgrade is under way
            source = None
        if source is None:
            raise HostError(f"the source of {name} is not at hand: the run cannot take itself back")
        found[name.replace(".", "/") + ".py"] = source
    return found


def _arm_boot(host: Host, run_id: str) -> None:
    name = unit(run_id)
    words = {"run": run_id, "python": sys.executable, "archive": archive(run_id), "name": name}
    if host.has_systemd:
        host.files.write(f"{UNITS}/{name}.service", FileImage(BOOT_UNIT.format(**words).encode()))
        host.files.make_directory(WANTS)
        host.files.make_link(f"{WANTS}/{name}.service", f"../{name}.service")
        return
    if host.files.is_directory(INIT_D):
        script = FileImage(BOOT_SCRIPT.format(**words).encode(), 0o755)
        host.files.write(f"{INIT_D}/{name}", script)
        for folder in RUNLEVELS:
            if host.files.is_directory(folder):
                host.files.make_link(f"{folder}/S99{name}", f"../init.d/{name}")


def _start(host: Host, run_id: str, seconds: int, mark: str) -> None:
    if host.has_systemd:
        host.must([
            "systemd-run", "--quiet", f"--unit={unit(run_id)}-{mark}",
            f"--on-active={seconds}s", "--timer-property=AccuracySec=1s",
            sys.executable, archive(run_id), run_id,
        ])
        return
    pid = _detach((sys.executable, archive(run_id), run_id, "--after", str(seconds)))
    host.files.write(
        _pid_file(run_id), FileImage(f"{pid}\n".encode(), 0o600, os.geteuid(), os.getegid())
    )


def _pid_file(run_id: str) -> str:
    return f"{JOURNAL}/{run_id}/confirm.pid"


def _detached(host: Host, run_id: str) -> Optional[int]:
    """The process that counts where there is no systemd; None when there is none."""
    text = (host.files.read(_pid_file(run_id)) or b"").strip()
    return int(text) if text.isdigit() else None


def _end(pid: Optional[int], run_id: str) -> None:
    """End the counting process, if it is that and not this one."""
    if pid is None or pid == os.getpid():
        return
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            ours = run_id.encode() in stream.read()
        if ours:
            os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return


def _detach(argv: Tuple[str, ...]) -> int:
    """A process of its own session that outlives this one and its terminal; its pid."""
    process = subprocess.Popen(  # noqa: S603 - an argument list, never a shell
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, close_fds=True, cwd="/",
    )
    process.returncode = 0  # nobody waits for it: it outlives this process
    return process.pid
