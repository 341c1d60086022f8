"""Packages from the machine's own Debian mirror, of any suite, without touching its apt set-up."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from pathlib import Path

from . import apt_sources, commands
from .apt_sources import Mirror, Source
from .errors import LabError

ETC_APT = Path("/etc/apt")


def mirror() -> Mirror:
    """The Debian mirror of this machine (LIMITWISE_DEBIAN_MIRROR=URL where it has none)."""
    chosen = os.environ.get("LIMITWISE_DEBIAN_MIRROR")
    if chosen:
        return Mirror(chosen, apt_sources.DEBIAN_KEYRING, trusted=False)
    release = platform.freedesktop_os_release()
    found = None
    if release.get("ID") == "debian":
        found = apt_sources.debian_mirror(machine_sources(), release.get("VERSION_CODENAME", ""))
    if not found:
        raise LabError(
            "this machine's apt uses no Debian mirror, and the hosts of the lab are Debian",
            "set LIMITWISE_DEBIAN_MIRROR to the address of one",
        )
    return found


def machine_sources() -> list[Source]:
    """Every enabled source of /etc/apt, in apt's order of reading."""
    found = []
    for path in [ETC_APT / "sources.list", *sorted((ETC_APT / "sources.list.d").glob("*"))]:
        with contextlib.suppress(FileNotFoundError):
            if path.suffix == ".list":
                found += apt_sources.parse_one_line(path.read_text())
            elif path.suffix == ".sources":
                found += apt_sources.parse_deb822(path.read_text())
    return found


class Archive:
    """One suite of the mirror, with package lists of its own in a private folder."""

    def __init__(self, suite: str, private: Path, log: Path) -> None:
        lists, cache = private / "lists", private / "cache"
        (lists / "partial").mkdir(parents=True)
        (cache / "archives" / "partial").mkdir(parents=True)
        source = private / "sources.list"
        source.write_text(mirror().line(suite) + "\n")
        self._log = log
        self._options = [
            *("-o", f"Dir::Etc::SourceList={source}"),
            *("-o", "Dir::Etc::SourceParts=/nonexistent"),
            *("-o", f"Dir::State::Lists={lists}"),
            *("-o", f"Dir::Cache={cache}"),
        ]
        commands.logged(["apt-get", *self._options, "--error-on=any", "update"], log)

    def names(self, pattern: str) -> list[str]:
        """Names of the packages that match a regular expression."""
        found = commands.output(["apt-cache", *self._options, "search", "--names-only", pattern])
        return [line.split(" ", 1)[0] for line in found.splitlines()]

    def unpack(self, package: str, into: Path) -> None:
        """Download a package and unpack its files below `into`; nothing is installed."""
        into.mkdir(parents=True, exist_ok=True)
        commands.logged(["apt-get", *self._options, "download", package], self._log, cwd=into)
        (deb,) = into.glob("*.deb")
        commands.logged(["dpkg-deb", "-x", str(deb), str(into)], self._log)
        deb.unlink()


def newest_source(names: list[str]) -> tuple[tuple[int, int], str] | None:
    """The newest of some linux-source-X.Y package names with its version, or None."""
    versions = []
    for name in names:
        match = re.fullmatch(r"linux-source-(\d+)\.(\d+)(?:\.\d+)?", name)
        if match:
            versions.append(((int(match[1]), int(match[2])), name))
    return max(versions, default=None)
