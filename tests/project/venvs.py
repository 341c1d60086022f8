# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments made from requirements/*.txt, kept outside the repository and made once.

Run as ``python3 tests/project/venvs.py path|make NAME``: prints the folder of the environment
for ``requirements/NAME.txt``; ``make`` creates it first when it is missing. Needs nothing but
Python 3.8 and its standard library, for this runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

REPOSITORY = Path(__file__).resolve().parents[2]
Version = Tuple[int, int]
# Which Pythons an environment may be made with, the preferred one first.
PYTHONS: Dict[str, List[Version]] = {
    "dev": [(3, 11), (3, 12), (3, 13)],
    "bench": [(3, 11), (3, 12), (3, 13)],
    "newest": [(3, 13), (3, 12), (3, 14)],
    "py38": [(3, 8)],
}


class VenvError(Exception):
    """An environment cannot be made; the text says what to install."""


def cache() -> Path:
    """The folder for everything that is made once: ``$LIMITWISE_CACHE`` or below XDG's."""
    xdg = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(os.environ.get("LIMITWISE_CACHE") or os.path.join(xdg, "limitwise"))


@functools.lru_cache(maxsize=None)
def interpreter(version: Version) -> Optional[str]:
    """A Python of exactly this major.minor that runs, from PATH or pyenv's folder; or None."""
    wanted = "%d.%d" % version
    for candidate in _candidates(wanted):
        probe = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        try:
            answer = subprocess.run(
                probe, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
            )
        except OSError:
            continue
        if answer.returncode == 0 and answer.stdout.decode().strip() == wanted:
            return candidate
    return None


def at_hand(name: str) -> Optional[str]:
    """The Python with which environment ``name`` would be made, or None if there is none."""
    return next(filter(None, map(interpreter, PYTHONS[name])), None)


def path(name: str) -> Path:
    """Where environment ``name`` is or will be; its key is what it is made from."""
    python = at_hand(name)
    if python is None:
        wanted = " or ".join("python%d.%d" % version for version in PYTHONS[name])
        raise VenvError("no Python for the environment '%s': install %s" % (name, wanted))
    made_from = _requirements(name).read_bytes() + os.path.realpath(python).encode()
    return cache() / "venvs" / (name + "-" + hashlib.sha256(made_from).hexdigest()[:12])


def make(name: str) -> Path:
    """Environment ``name``, created if it is not there; two callers at once make it once."""
    folder = path(name)
    complete = folder / ".complete"
    if complete.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(str(folder) + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            _create(folder, str(at_hand(name)), _requirements(name))
            complete.touch()
    return folder


def _create(folder: Path, python: str, requirements: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _need_ensurepip(python)
    print("making %s" % folder, file=sys.stderr)
    _run([python, "-m", "venv", str(folder)])
    _run([str(folder / "bin" / "pip"), "install", "--quiet", "-r", str(requirements)])


def _need_ensurepip(python: str) -> None:
    """Debian keeps the venv module's other half in a package of its own."""
    probe = [python, "-c", "import ensurepip, venv"]
    if subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return
    package = Path(python).name + "-venv"
    install = ["apt-get", "install", "--yes", "--no-install-recommends", package]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise VenvError("%s cannot make environments: %s" % (python, " ".join(install)))
    _run(["apt-get", "update"])
    _run(install)


def _run(argv: List[str]) -> None:
    """Run with the output on standard error: standard output carries the answer alone."""
    if subprocess.run(argv, stdout=sys.stderr, check=False).returncode != 0:
        raise VenvError("failed: " + " ".join(argv))


def _requirements(name: str) -> Path:
    return REPOSITORY / "requirements" / (name + ".txt")


def _candidates(wanted: str) -> Iterator[str]:
    for name in ("python" + wanted, "python3"):
        found = shutil.which(name)
        if found:
            yield found
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")) / "versions"
    for folder in sorted(pyenv.glob(wanted + ".*"), reverse=True):
        yield str(folder / "bin" / "python")


def main(arguments: List[str]) -> int:
    """``path NAME`` or ``make NAME``: print the environment's folder."""
    verbs = {"path": path, "make": make}
    if len(arguments) != 2 or arguments[0] not in verbs or arguments[1] not in PYTHONS:
        print("use: venvs.py path|make " + "|".join(PYTHONS), file=sys.stderr)
        return 2
    try:
        print(verbs[arguments[0]](arguments[1]))
    except VenvError as error:
        print(str(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
