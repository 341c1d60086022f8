"""A fleet: hosts that share a private network, made and removed together."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from . import cache, images, kernels, network, processes
from .addresses import MOST_HOSTS, Seat, namespace_of, seat_of
from .errors import LabError
from .guest import Guest
from .host import Host
from .ssh import Road

MEMORY = "384M"
SPEC = "fleet.json"
T = TypeVar("T")


def states() -> Path:
    """Where fleets keep their state: ${LIMITWISE_LAB_DIR:-/tmp/limitwise-lab-<uid>}."""
    return Path(os.environ.get("LIMITWISE_LAB_DIR") or f"/tmp/limitwise-lab-{os.getuid()}")


def narrate(line: str) -> None:
    """The default progress report: a line on standard error."""
    print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Spec:
    """What a fleet is made of; written down, so that another process can open it."""

    image: images.Image
    kernel: kernels.Kernel
    memory: str
    seed: Path | None = None  # a read-only disk that every host has besides its own

    def to_json(self) -> str:
        """As text; paths become strings."""
        return json.dumps(asdict(self), default=str, indent=1)

    @staticmethod
    def from_json(text: str) -> Spec:
        """The inverse of to_json."""
        raw = json.loads(text)
        image, core = raw["image"], raw["kernel"]
        return Spec(
            images.Image(
                image["name"], Path(image["disk"]), Path(image["private_key"]), image["host_key"]
            ),
            kernels.Kernel(
                core["name"],
                Path(core["binary"]),
                tuple(core["options"]),
                Path(core["modules"]) if core["modules"] else None,
            ),
            raw["memory"],
            Path(raw["seed"]) if raw["seed"] else None,
        )


class Fleet:
    """Hosts h1, h2, ... with their network; a context manager that destroys itself at the end.

    Two fleets of different names share nothing but the cache and may have equal addresses.
    """

    def __init__(self, name: str, spec: Spec, hosts: list[Host]) -> None:
        self.name = name
        self.spec = spec
        self.hosts = hosts

    @classmethod
    def create(
        cls,
        name: str,
        hosts: int,
        *,
        image: str = "trixie",
        kernel: str = "built",
        mem: str = MEMORY,
        say: Callable[[str], None] = narrate,
    ) -> Fleet:
        """Make and boot a fleet; returns when ssh answers on every host."""
        namespace_of(name)
        return cls.of(name, hosts, Spec(images.get(image, say), kernels.get(kernel, say), mem))

    @classmethod
    def of(cls, name: str, hosts: int, spec: Spec) -> Fleet:
        """Make and boot a fleet of these parts; without hosts it is a network to add some to.

        What a dead `of` of that name left is cleaned first; a fleet that stands is refused.
        When this one fails, nothing of it stays.
        """
        with _locked(name):
            if (folder_of(name) / SPEC).exists():
                raise LabError(
                    f"the fleet {name!r} is there already",
                    f"remove it first: python -m lab destroy --name {name}",
                )
            _clean(name)
            try:
                return cls._make(name, hosts, spec)
            except BaseException:
                _clean(name)
                raise

    @classmethod
    def _make(cls, name: str, hosts: int, spec: Spec) -> Fleet:
        folder = folder_of(name)
        for needed in (folder, folder / "channels", folder / "ansible"):
            needed.mkdir(parents=True)
        fleet = cls(name, spec, [])
        every_seat = [Seat(number) for number in range(1, MOST_HOSTS + 1)]
        known = fleet._road().known_hosts(spec.image.host_key, every_seat)
        (folder / "known_hosts").write_text(known)
        network.create(namespace_of(name))
        fleet._add([Seat(number) for number in range(1, hosts + 1)])
        (folder / SPEC).write_text(spec.to_json())
        return fleet

    @classmethod
    def open(cls, name: str) -> Fleet:
        """The standing fleet of that name, as any process may use it."""
        folder = folder_of(name)
        try:
            spec = Spec.from_json((folder / SPEC).read_text())
        except FileNotFoundError:
            raise LabError(
                f"there is no fleet {name!r}", f"make one: python -m lab create 3 --name {name}"
            ) from None
        fleet = cls(name, spec, [])
        seats = sorted(
            (seat_of(path.name) for path in folder.glob("h[0-9]*")), key=lambda seat: seat.number
        )
        fleet.hosts = [fleet._host(seat) for seat in seats]
        return fleet

    @property
    def folder(self) -> Path:
        """All that the fleet keeps on this machine; it goes with the fleet."""
        return folder_of(self.name)

    def add(self) -> Host:
        """One more host, booted and reachable: a fresh one, whatever the others went through."""
        return self.grow(1)[0]

    def grow(self, count: int) -> list[Host]:
        """So many more fresh hosts, booted at once and reachable."""
        taken = {host.name for host in self.hosts}
        free = (Seat(n) for n in range(1, MOST_HOSTS + 1) if f"h{n}" not in taken)
        with _locked(self.name):
            return self._add(list(itertools.islice(free, count)))

    def drop(self, host: Host) -> None:
        """Power a host off and remove all of it."""
        host.kill()
        network.remove_tap(namespace_of(self.name), host.guest.seat)
        shutil.rmtree(host.guest.folder)
        self.hosts.remove(host)

    def host(self, name: str) -> Host:
        """The host of that name."""
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts)
        raise LabError(f"the fleet {self.name!r} has no host {name!r}", f"it has: {known}")

    def each(self, work: Callable[[Host], T]) -> list[T]:
        """Do something on all hosts at once; the answers come in the hosts' order."""
        return _parallel(self.hosts, work)

    def inventory_text(self) -> str:
        """An Ansible inventory of the hosts: INI, group `fleet`, root, the way through ssh."""
        return self._road().inventory([host.guest.seat for host in self.hosts])

    def destroy(self) -> None:
        """Remove the fleet: processes, namespace, taps, disks."""
        destroy(self.name)
        self.hosts = []

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.destroy()

    def _add(self, seats: list[Seat]) -> list[Host]:
        made = [self._host(seat) for seat in seats]
        for host in made:
            network.add_tap(namespace_of(self.name), host.guest.seat)
            host.power_on()
        _parallel(made, Host.wait_ready)
        self.hosts += made
        return made

    def _host(self, seat: Seat) -> Host:
        guest = Guest(
            seat,
            namespace_of(self.name),
            folder_of(self.name) / seat.name,
            self.spec.kernel,
            self.spec.image.disk,
            self.spec.memory,
            self.spec.seed,
        )
        return Host(guest, self._road())

    def _road(self) -> Road:
        return Road(namespace_of(self.name), folder_of(self.name), self.spec.image.private_key)


def destroy(name: str) -> None:
    """Remove a fleet, whole or half made; nothing happens when there is none."""
    namespace_of(name)
    with _locked(name):
        _clean(name)


def names() -> list[str]:
    """The fleets that have state on this machine, whole or half made."""
    if not states().is_dir():
        return []
    return sorted(path.name for path in states().iterdir() if path.is_dir())


def folder_of(name: str) -> Path:
    """Where the fleet of that name keeps its state, whether it is there or not."""
    return states() / name


@contextlib.contextmanager
def _locked(name: str) -> Iterator[None]:
    """One creator or destroyer of a fleet at a time; the lock file goes when it is not needed."""
    states().mkdir(mode=0o711, parents=True, exist_ok=True)
    lock = states() / f".{name}.lock"
    with cache.locked(lock):
        try:
            yield
        finally:
            if not folder_of(name).exists():
                lock.unlink(missing_ok=True)


def _clean(name: str) -> None:
    """Remove everything a fleet of that name has on this machine, in any state it may be in."""
    namespace, folder = namespace_of(name), folder_of(name)
    (folder / SPEC).unlink(missing_ok=True)  # from here on it is no fleet, whatever happens
    identity = network.identity(namespace)
    processes.end(processes.of_fleet(processes.everyone(), identity, folder))
    network.delete(namespace)
    if folder.exists():
        shutil.rmtree(folder)


def _parallel(items: Sequence[Host], work: Callable[[Host], T]) -> list[T]:
    if not items:
        return []
    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(work, items))
