"""How the hosts are broken: a thread limit, mistyped limits.conf lines, a forgotten slice."""

from __future__ import annotations

from pathlib import Path

from lab.host import Host

PROGRAM = "/opt/program.py"
THREADS = 400
STUDENT_THREADS = 100
THREADS_MAX = 250

# What happened on the first incident's host: nobody reads these lines as they were meant.
LIMITS = """\
# limits for the agents
* soft noproc 65536
* hard nofiles 65536
soft nproc 65536
"""
SLICE = """\
[Slice]
TasksMax=64
MemoryMax=128g
"""


def break_host(host: Host) -> None:
    """Leave the host as the incidents' hosts were found."""
    host.write(PROGRAM, (Path(__file__).parent / "program.py").read_text())
    host.write("/etc/sysctl.d/50-site.conf", f"kernel.threads-max = {THREADS_MAX}\n")
    host.write("/etc/security/limits.d/90-agents.conf", LIMITS)
    host.write("/etc/systemd/system/student.slice", SLICE)
    host.run("systemctl daemon-reload; systemctl restart systemd-sysctl; "
             "systemctl start student.slice")


def run_program(host: Host) -> tuple[bool, str]:
    """The program of the host's own services: whether it ran, and what it said."""
    done = host.run(["python3", PROGRAM, str(THREADS)], check=False)
    return done.rc == 0, said(done.stdout, done.stderr)


def run_as_student(host: Host) -> tuple[bool, str]:
    """The same in the students' slice."""
    done = host.run(
        ["systemd-run", "--quiet", "--wait", "--pipe", "--slice=student.slice", "--uid=stud1",
         "python3", PROGRAM, str(STUDENT_THREADS)],
        check=False,
    )
    return done.rc == 0, said(done.stdout, done.stderr)


def said(out: str, err: str) -> str:
    lines = [line for line in (out + "\n" + err).splitlines() if line.strip()]
    return lines[0] if lines else "nothing"


SNAPSHOT = """\
sysctl kernel.threads-max kernel.pid_max vm.overcommit_memory
cat /sys/fs/cgroup/student.slice/pids.max /sys/fs/cgroup/student.slice/memory.max
find /etc -type f -newermt @0 -printf '%p %m %U:%G %s\\n' | sort
find /etc -type f -print0 | sort -z | xargs -0 sha256sum
"""


def snapshot(host: Host) -> str:
    """Every file below /etc and every value that the tuning concerns, as text to compare."""
    return host.run(SNAPSHOT).stdout
