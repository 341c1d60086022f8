"""ansible-test on a copy of the collection, with a home of its own below the cache.

The copy holds the project's files only, so no cache or compiled file changes the verdict; the
home holds the environments that ansible-test makes (a minute and a half the first time, seconds
afterwards) and keeps them out of the user's own.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from project import tree
from project.commands import run
from project.venvs import cache

# The pip that each supported ansible-core starts its environments with.
PIP_VERSIONS = ("24_2", "25_2", "25_3", "26_0")


def copy_collection(folder: Path) -> Path:
    """The collection below ``folder``, at the path ansible-test insists on."""
    target = folder / "ansible_collections" / "limitwise" / "host"
    tree.copy(tree.COLLECTION, target)
    return target


def ansible_test(venv: Path, collection: Path, *arguments: str) -> str:
    """Run ``ansible-test ARGUMENTS`` of ``venv``; AssertionError with its output if it fails."""
    home = _home()
    # the user's settings for pip stay in force although the home is another
    user = {
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", os.path.expanduser("~/.config")),
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")),
    }
    return run(
        ["ansible-test", *arguments, "--color", "no"],
        venv=venv,
        cwd=collection,
        extra={"HOME": str(home), "ANSIBLE_DEVEL_WARNING": "false", **user},
    )


def _home() -> Path:
    home = cache() / "ansible-test"
    scripts = home / ".ansible" / "test" / "cache"
    scripts.mkdir(parents=True, exist_ok=True)
    for version in PIP_VERSIONS:
        shutil.copy(Path(__file__).with_name("pip_bootstrap.py"), scripts / f"get_pip_{version}.py")
    return home
