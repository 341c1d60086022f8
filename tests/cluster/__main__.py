"""The cluster lab's command: python -m cluster binaries | up | nodes N | down | ..."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from lab import doctor, fleet
from lab.errors import LabError

from . import binaries, control_plane, daemons, node_image, nodes
from .components import WHOLE
from .control_plane import ControlPlane
from .nodes import Cluster

DEFAULT_NAME = "lab"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


def main(argv: list[str] | None = None) -> int:
    """Parse and do; 0 for success, 2 for an error of the lab."""
    options = _parser().parse_args(argv)
    action: Callable[[argparse.Namespace], None] = options.action
    try:
        action(options)
    except LabError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 2
    return 0


def _binaries(options: argparse.Namespace) -> None:
    for name in options.modules or binaries.MODULE_OF:
        for package in binaries.MODULE_OF[name].packages:
            print(binaries.get(name) / package.program)


def _up(options: argparse.Namespace) -> None:
    folder = _folder(options)
    if daemons.running(folder):
        raise LabError(
            f"the control plane {options.name!r} is up already",
            f"end it first: python -m cluster down --name {options.name}",
        )
    plane = ControlPlane(folder)
    plane.start(WHOLE)
    print(plane.kubeconfig)


def _down(options: argparse.Namespace) -> None:
    control_plane.destroy(_folder(options))
    if options.name in fleet.names():
        nodes.destroy(options.name)


def _image(_options: argparse.Namespace) -> None:
    doctor.require()
    print(node_image.get(fleet.narrate).disk)


def _nodes(options: argparse.Namespace) -> None:
    doctor.require()
    made = Cluster.create(options.name, options.count, mem=options.mem)
    print(made.kubectl("get", "nodes"), end="")
    kubectl = f"{binaries.path('kubectl')} --kubeconfig={made.plane.kubeconfig}"
    print(f"ip netns exec {made.plane.namespace} {kubectl} get pods --all-namespaces")


def _load(options: argparse.Namespace) -> None:
    print(Cluster.open(options.name).load_product())


def _kubeconfig(options: argparse.Namespace) -> None:
    folder = _folder(options)
    if not daemons.running(folder):
        raise LabError(
            f"there is no control plane {options.name!r}",
            f"make one: python -m cluster up --name {options.name}",
        )
    print(ControlPlane(folder).kubeconfig)


def _list(_options: argparse.Namespace) -> None:
    for name in control_plane.names():
        running = daemons.running(control_plane.states() / name)
        print(name, "up" if running else "down")


def _folder(options: argparse.Namespace) -> Path:
    name: str = options.name
    if not NAME.fullmatch(name):
        raise LabError(f"no control plane can be called {name!r}", "use letters, digits and -")
    return control_plane.states() / name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(
        name: str, action: Callable[[argparse.Namespace], None], text: str
    ) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=text, description=text)
        made.set_defaults(action=action)
        return made

    build = verb("binaries", _binaries, "build the programs of all modules or of those named")
    build.add_argument("modules", nargs="*", metavar="MODULE", choices=[*binaries.MODULE_OF, []])
    for name, action, text in (
        ("up", _up, "start etcd, API server, controllers and scheduler; print the kubeconfig"),
        ("down", _down, "end them, also after a crash, and remove all they left"),
        ("kubeconfig", _kubeconfig, "print where cluster-admin's kubeconfig is"),
    ):
        made = verb(name, action, text)
        made.add_argument("--name", default=DEFAULT_NAME, help="its name (%(default)s)")
    verb("image", _image, "make the golden image of nodes (root; minutes when nothing is cached)")
    whole = verb("nodes", _nodes, "make a cluster with so many real nodes (root); `down` ends it")
    whole.add_argument("count", type=int, metavar="N")
    whole.add_argument("--mem", default=node_image.MEMORY, help="memory of a node (%(default)s)")
    load = verb("load", _load, "bring this checkout's code onto a cluster's nodes")
    for made in (whole, load):
        made.add_argument("--name", default=DEFAULT_NAME, help="its name (%(default)s)")
    verb("list", _list, "all control planes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
