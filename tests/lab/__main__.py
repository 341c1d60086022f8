"""The lab's command: python -m lab create | run | ssh | inventory | ... | destroy."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import doctor, fleet, images, kernels
from .errors import LabError
from .fleet import Fleet
from .host import Host

DEFAULT_NAME = "lab"


def main(argv: list[str] | None = None) -> int:
    """Parse and do; 0 for success, a command's own status, 2 for an error of the lab."""
    options = _parser().parse_args(argv)
    action: Callable[[argparse.Namespace], int] = options.action
    try:
        return action(options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2


def _create(options: argparse.Namespace) -> int:
    doctor.require()
    made = Fleet.create(
        options.name, options.hosts, image=options.image, kernel=_kernel(options), mem=options.mem
    )
    for host in made.hosts:
        print(f"{host.name} {host.address}")
    return 0


def _build(options: argparse.Namespace) -> int:
    doctor.require()

    def make_images() -> list[Path]:
        chosen = [options.image] if options.image else list(images.RECIPES)
        return [images.get(name, fleet.narrate).disk for name in chosen]

    def make_kernels() -> list[Path]:
        chosen = [options.kernel] if options.kernel else list(kernels.KERNELS)
        return [kernels.get(name, fleet.narrate).binary for name in chosen]

    with ThreadPoolExecutor(2) as pool:
        for made in [pool.submit(make_kernels), pool.submit(make_images)]:
            for path in made.result():
                print(path)
    return 0


def _destroy(options: argparse.Namespace) -> int:
    fleet.destroy(options.name)
    return 0


def _run(options: argparse.Namespace) -> int:
    def work(host: Host) -> int:
        result = host.run(
            " ".join(options.command), user=options.user, check=False, timeout=options.timeout
        )
        for stream, text in ((sys.stdout, result.stdout), (sys.stderr, result.stderr)):
            stream.write("".join(f"{host.name}: {line}\n" for line in text.splitlines()))
        return result.rc

    return max(Fleet.open(options.name).each(work), default=0)


def _ssh(options: argparse.Namespace) -> int:
    host = Fleet.open(options.name).host(options.host)
    argv = host.road.login(host.guest.seat, options.user)
    sys.stdout.flush()
    os.execvp(argv[0], [*argv, *(["--", *options.command] if options.command else [])])


def _inventory(options: argparse.Namespace) -> int:
    print(Fleet.open(options.name).inventory_text(), end="")
    return 0


def _list(_options: argparse.Namespace) -> int:
    for name in fleet.names():
        try:
            found = Fleet.open(name)
        except LabError:
            print(f"{name}: half made, or being made")
            continue
        kind = f"{found.spec.image.name}, {found.spec.kernel.name} kernel, {found.spec.memory}"
        for host in found.hosts:
            state = "up" if host.guest.running() else "down"
            print(f"{name} {host.name} {host.address} {state} ({kind})")
    return 0


def _reboot(options: argparse.Namespace) -> int:
    Fleet.open(options.name).host(options.host).reboot()
    return 0


def _kill(options: argparse.Namespace) -> int:
    Fleet.open(options.name).host(options.host).kill()
    return 0


def _start(options: argparse.Namespace) -> int:
    Fleet.open(options.name).host(options.host).start()
    return 0


def _doctor(options: argparse.Namespace) -> int:
    if options.install:
        doctor.install()
    report = doctor.examine()
    print(report.text())
    return 0 if report.well else 1


def _kernel(options: argparse.Namespace) -> str:
    return kernels.quickest() if options.kernel == "quickest" else str(options.kernel)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(
        name: str, action: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=text, description=text)
        made.set_defaults(action=action)
        return made

    def named(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made.add_argument("--name", default=DEFAULT_NAME, help="the fleet's name (%(default)s)")
        return made

    create = named(verb("create", _create, "make and boot a fleet; returns when ssh answers"))
    create.add_argument("hosts", type=int)
    create.add_argument("--image", choices=list(images.RECIPES), default="trixie")
    create.add_argument("--kernel", choices=[*kernels.KERNELS, "quickest"], default="built")
    create.add_argument("--mem", default=fleet.MEMORY, help="memory of a host (%(default)s)")
    build = verb("build", _build, "fill the cache: all images and kernels, or those named")
    build.add_argument("--image", choices=list(images.RECIPES))
    build.add_argument("--kernel", choices=list(kernels.KERNELS))
    run = named(verb("run", _run, "run a command on all hosts at once"))
    run.add_argument("--user", default="root")
    run.add_argument("--timeout", type=float, default=60.0)
    run.add_argument("command", nargs=argparse.REMAINDER)
    ssh = named(verb("ssh", _ssh, "log in, or run one command on one host"))
    ssh.add_argument("--user", default="root")
    ssh.add_argument("host")
    ssh.add_argument("command", nargs=argparse.REMAINDER)
    named(verb("inventory", _inventory, "print an Ansible inventory"))
    verb("list", _list, "all fleets and their hosts")
    for name, action, text in (
        ("reboot", _reboot, "reboot a host from inside and wait for it"),
        ("kill", _kill, "power a host off hard"),
        ("start", _start, "power a killed host on and wait for it"),
    ):
        named(verb(name, action, text)).add_argument("host")
    named(verb("destroy", _destroy, "remove a fleet and all it left, also after a crash"))
    check = verb("doctor", _doctor, "say what this machine lacks for the lab")
    check.add_argument("--install", action="store_true", help="and install it (root)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
