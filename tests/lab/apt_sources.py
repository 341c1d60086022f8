"""Read apt's source lists in both syntaxes and find the Debian mirror among them (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Source:
    """One binary package source of apt: where it is, what of it is used, and who signs it."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""
    trusted: bool = False


@dataclass(frozen=True)
class Mirror:
    """A Debian archive that this machine already uses and trusts."""

    uri: str
    signed_by: str
    trusted: bool

    def line(self, suite: str) -> str:
        """The one-line apt source for another suite of the same archive."""
        options = [f"signed-by={self.signed_by}"] + (["trusted=yes"] if self.trusted else [])
        return f"deb [{' '.join(options)}] {self.uri} {suite} main"


def parse_one_line(text: str) -> list[Source]:
    """Sources of a *.list file (sources.list(5), "one-line-style")."""
    found = []
    for raw in text.splitlines():
        line = raw.split("#", 1)[0].strip()
        match = re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(.*)$", line)
        if not match:
            continue
        listed, uri, suite, components = match.groups()
        options = dict(word.partition("=")[::2] for word in (listed or "").split() if "=" in word)
        found.append(
            Source(
                uri=uri,
                suite=suite,
                components=tuple(components.split()),
                signed_by=options.get("signed-by", ""),
                trusted=options.get("trusted", "no") == "yes",
            )
        )
    return found


def parse_deb822(text: str) -> list[Source]:
    """Sources of a *.sources file (sources.list(5), "deb822-style"), without disabled stanzas."""
    found = []
    for stanza in _stanzas(text):
        if stanza.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        if "deb" not in stanza.get("types", "").split():
            continue
        found += [
            Source(
                uri=uri,
                suite=suite,
                components=tuple(stanza.get("components", "").split()),
                signed_by=stanza.get("signed-by", ""),
                trusted=stanza.get("trusted", "no").lower() == "yes",
            )
            for uri in stanza.get("uris", "").split()
            for suite in stanza.get("suites", "").split()
        ]
    return found


def _stanzas(text: str) -> Iterable[dict[str, str]]:
    fields: dict[str, str] = {}
    last = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, ""
        elif line[0] in " \t":
            fields[last] = f"{fields.get(last, '')} {line.strip()}".strip()
        else:
            name, _, value = line.partition(":")
            last = name.strip().lower()
            fields[last] = value.strip()


def debian_mirror(sources: Sequence[Source], codename: str) -> Mirror | None:
    """The archive from which this Debian release (`codename`) itself comes, or None.

    A keyring file named by the source is kept; an embedded key or none gives Debian's own keyring.
    """
    for source in sources:
        if source.suite == codename and "main" in source.components:
            keyring = source.signed_by if source.signed_by.startswith("/") else DEBIAN_KEYRING
            return Mirror(source.uri, keyring, source.trusted)
    return None
