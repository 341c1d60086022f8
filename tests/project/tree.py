"""Which files the project consists of: those git has or would take, no tool's leftovers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTION = Path("collections/ansible_collections/limitwise/host")
ENGINE = COLLECTION / "plugins" / "module_utils"


def files(repository: Path = REPOSITORY, under: Path = Path()) -> list[Path]:
    """Files under a folder, relative to the repository; new ones that are not ignored included."""
    # a checkout may belong to another user than the one who tests it
    listed = subprocess.run(
        [
            *("git", "-c", "safe.directory=*", "-C", str(repository), "ls-files", "-z"),
            *("--cached", "--others", "--exclude-standard", "--", str(under)),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (Path(name) for name in listed.stdout.split("\0") if name)
    return sorted(path for path in paths if (repository / path).is_file())


def copy(under: Path, target: Path, repository: Path = REPOSITORY) -> None:
    """The project's files under a folder, copied into ``target``, without caches and leftovers."""
    for path in files(repository, under):
        place = target / path.relative_to(under)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository / path, place)
