"""Cgroups of a fake root: their files are plain, and a write to pids.max is what it says."""

from __future__ import annotations

from unit.operator.agent.fake_root import FakeRoot

TOP = "sys/fs/cgroup"
PODS = "kubepods.slice"
POD = "11111111-1111-4111-8111-111111111111"
STATIC = "0123456789abcdef0123456789abcdef"
CONTAINER = "a" * 64


class Cgroups:
    """A tree below `root`; its counts are set by the test, outer ones follow inner ones."""

    def __init__(self, root: FakeRoot) -> None:
        self.root = root
        self.tasks: dict[str, int] = {}
        root.write(f"{TOP}/cgroup.controllers", "cpu memory pids\n")
        root.write("proc/self/cgroup", "0::/\n")
        for path in ("", "/" + PODS, "/system.slice"):
            self.make(path)

    def make(self, path: str, limit: str = "max", tasks: int = 0) -> str:
        """A cgroup; gives its path."""
        if path:
            self.root.write(f"{TOP}{path}/pids.max", limit + "\n")
            self.root.write(f"{TOP}{path}/pids.events", "max 0\n")
        self.run(path, tasks)
        return path

    def pod(self, uid: str = POD, limit: str = "max", tasks: int = 0) -> str:
        """A pod with one container that has all tasks; the path of its slice."""
        slice_ = f"/{PODS}/kubepods-pod{uid.replace('-', '_')}.slice"
        self.make(slice_, limit)
        self.make(f"{slice_}/cri-containerd-{CONTAINER}.scope", "max", tasks)
        return slice_

    def container(self, pod: str) -> str:
        """The path of the pod's container."""
        return f"{pod}/cri-containerd-{CONTAINER}.scope"

    def run(self, path: str, tasks: int) -> None:
        """So many tasks in it; those around it, and the host, count them too."""
        added = tasks - self.tasks.get(path, 0)
        whole = 0
        while True:
            self.tasks[path] = self.tasks.get(path, 0) + added
            self.root.write(f"{TOP}{path}/pids.current", f"{self.tasks[path]}\n")
            if not path:
                whole = self.tasks[""]
                break
            path = path.rpartition("/")[0]
        self.root.write("proc/loadavg", f"0.00 0.00 0.00 1/{whole} 1234\n")

    def limit(self, path: str) -> str:
        """Its pids.max."""
        return (self.root.path / f"{TOP}{path}/pids.max").read_text().strip()

    def set_limit(self, path: str, limit: str) -> None:
        """As a daemon-reload would."""
        self.root.write(f"{TOP}{path}/pids.max", limit + "\n")
