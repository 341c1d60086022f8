# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: every command, its options and its help."""

from __future__ import annotations

import argparse
from typing import Any

from . import __version__, node_tuning

DESCRIPTION = "Finds the limit that binds a Linux host, raises it, proves it, and takes it back."
EPILOG = """
exit status:
  0  nothing wrong or to do
  1  errors found, changes pending (plan), a failed verify, a cluster that needs a person
  2  wrong use, unreadable input, missing rights, a disk that is full; nothing was written, or
     what had been is taken back

examples:
  limitwise lint /etc/security/limits.conf
  limitwise plan tuning.yml --diff
  sudo limitwise apply tuning.yml --confirm 60s
  sudo limitwise rollback last
  limitwise diagnose
  limitwise k8s render tuning.yml --name base --all | kubectl apply -f -
  limitwise k8s status
"""
KINDS = ("limits", "sysctl", "daemon-json", "slice", "unit", "tuning")


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="limitwise", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"limitwise {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _lint(commands)
    _tuning(commands, "plan", "show what would change; nothing is written")
    _apply(commands)
    _tuning(commands, "verify", "check that the host is as the tuning says")
    confirm = _command(commands, "confirm", "keep a run that would roll back by itself")
    confirm.add_argument("run_id", metavar="RUN-ID")
    _rollback(commands)
    _diagnose(commands)
    _command(commands, "history", "list the runs of this host, newest last", root=True)
    _k8s(commands)
    return top


def _command(
    commands: Any, name: str, text: str, *, root: bool = False
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + "."
    )
    command.add_argument(
        "--format", choices=("text", "json"), default="text",
        help="text for people (default), json for programs, on standard output alone",
    )
    if root:
        command.add_argument(
            "--root", metavar="DIR", default="/",
            help="work on the files of the system image in DIR instead of this machine",
        )
    return command


def _lint(commands: Any) -> None:
    lint = _command(commands, "lint", "find mistakes in files that hold limits", root=True)
    lint.add_argument(
        "files", nargs="*", metavar="FILE",
        help="files to read, - for standard input; none: every file of the host that holds limits",
    )
    lint.add_argument(
        "--as", dest="kind", choices=KINDS,
        help="what the files are; by default told from their names",
    )
    lint.add_argument(
        "--unit-name", metavar="NAME",
        help="which unit a fragment or drop-in belongs to, such as user-.slice",
    )
    lint.add_argument(
        "--ignore", action="append", default=[], metavar="CODE", help="switch a rule off, as LW102"
    )
    lint.add_argument(
        "--fix", action="store_true", help="write what is certain; the rest of the file stays"
    )


def _tuning(commands: Any, name: str, text: str) -> argparse.ArgumentParser:
    command = _command(commands, name, text, root=True)
    command.add_argument("file", metavar="FILE", help="the tuning, YAML or JSON; - for input")
    command.add_argument(
        "--over", action="append", default=[], metavar="PRIORITY:FILE",
        help="a tuning merged over FILE (priority 0), key by key; the higher priority wins",
    )
    command.add_argument("--owner", choices=("fleet", "operator"), default="fleet",
                         help="who writes; files of the other owner are refused")
    command.add_argument("--adopt", action="store_true",
                         help="take over files that belong to the other owner")
    command.add_argument("--force", action="store_true", help="go below present use")
    command.add_argument(
        "--takeover", action="append", default=[], metavar="FILE",
        help="comment out lines of FILE that override the wanted values",
    )
    if name != "verify":
        command.add_argument("--diff", action="store_true", help="show every file line by line")
    return command


def _apply(commands: Any) -> None:
    command = _tuning(commands, "apply", "make the host what the tuning says, and read it back")
    command.add_argument(
        "--confirm", metavar="TIME",
        help="roll back by itself unless confirmed within TIME (60s); by default the policy's",
    )


def _rollback(commands: Any) -> None:
    command = _command(commands, "rollback", "take back a run, or all of them", root=True)
    command.add_argument(
        "run_id", metavar="RUN-ID|last|original",
        help="a run, the newest one, or the state before Limitwise came",
    )
    command.add_argument("--layer", action="append", default=[], dest="layers", metavar="LAYER",
                         help="only this layer of the run; may be repeated")
    command.add_argument("--force", action="store_true",
                         help="take back over the edits of others and below present use")
    command.add_argument("--diff", action="store_true", help="show every file line by line")
    command.add_argument("--dry-run", action="store_true", help="show it only")


def _diagnose(commands: Any) -> None:
    command = _command(commands, "diagnose", "show every ceiling of a running system, and which "
                       "binds; nothing is started and nothing written")
    command.add_argument(
        "--root", metavar="DIR", default="/",
        help="the running system whose root, with /proc and /sys, is mounted at DIR",
    )
    command.add_argument(
        "--users", action="store_true",
        help="count inotify instances and watches of each user too: looks into every process",
    )


def _k8s(commands: Any) -> None:
    words = "show what the Kubernetes operator does; turn a tuning into a NodeTuning, or back"
    verbs = commands.add_parser(
        "k8s", help=words, description=words[0].upper() + words[1:] + "."
    ).add_subparsers(dest="verb", metavar="VERB", required=True)
    render = _command(verbs, "render", "print the NodeTuning of a tuning, for kubectl apply -f -")
    render.add_argument("file", metavar="TUNING", help="the tuning, YAML or JSON; - for input")
    render.add_argument("--name", help="its name; by default the file's")
    render.add_argument("--all", action="store_true", dest="everywhere", help="for every node")
    render.add_argument(
        "--selector", action="append", default=[], metavar="LABEL",
        help="for nodes with such labels: pool=a, pool!=a, gpu, !gpu; may be repeated",
    )
    render.add_argument("--priority", type=int, default=0, help="-1000 to 1000; the highest wins")
    render.add_argument("--mode", choices=node_tuning.MODES, default=node_tuning.MODES[0],
                        help="Report changes nothing and shows what would be")
    render.add_argument("--on-delete", choices=node_tuning.ON_DELETE,
                        default=node_tuning.ON_DELETE[0], help="what nodes keep when it goes")
    render.add_argument("--restart", choices=node_tuning.RESTARTS, default="",
                        help="whether services may be restarted; by default the policy's restart")
    extract = _command(verbs, "extract", "print the tuning in a NodeTuning, for a fleet")
    extract.add_argument("file", metavar="NODETUNING", help="YAML or JSON; - for input")
    status = _command(verbs, "status", "show tunings, remediations and what needs a person")
    explain = _command(verbs, "explain", "show what one node should have, has, and is done to it")
    explain.add_argument("node", metavar="NODE")
    for command in (status, explain):
        _cluster(command)


def _cluster(command: argparse.ArgumentParser) -> None:
    """Where a cluster is read: by the API, or from what kubectl wrote."""
    command.add_argument(
        "--from", dest="files", nargs="+", default=[], metavar="FILE",
        help="read the output of kubectl get nodes,nt,nts,rp,nr -o json (or yaml) instead of the"
        " cluster; - for standard input",
    )
    command.add_argument("--kubeconfig", metavar="FILE", help="as kubectl's")
    command.add_argument("--context", help="as kubectl's")
    command.add_argument("--namespace", default="limitwise-system",
                         help="where the operator and its agents run")
