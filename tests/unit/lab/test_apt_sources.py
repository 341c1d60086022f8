"""Apt's source lists in both syntaxes, and which of them is the Debian mirror."""

from __future__ import annotations

import pytest

from lab.apt import newest_source
from lab.apt_sources import (
    DEBIAN_KEYRING,
    Mirror,
    Source,
    debian_mirror,
    parse_deb822,
    parse_one_line,
)

ARCHIVE = "http://mirror.example/debian"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# deb http://mirror.example/debian bookworm main\n", []),
        ("deb-src http://mirror.example/debian bookworm main\n", []),
        (
            f"deb {ARCHIVE} bookworm main contrib # the archive\n",
            [Source(ARCHIVE, "bookworm", ("main", "contrib"))],
        ),
        (
            f"deb [ arch=amd64 signed-by=/k.gpg ] {ARCHIVE}  bookworm   main\n",
            [Source(ARCHIVE, "bookworm", ("main",), signed_by="/k.gpg")],
        ),
        (
            f"deb [trusted=yes] {ARCHIVE} ./\ndeb {ARCHIVE} trixie main",
            [
                Source(ARCHIVE, "./", (), trusted=True),
                Source(ARCHIVE, "trixie", ("main",)),
            ],
        ),
        ("deb half-a-line\n", []),
    ],
)
def test_one_line_style(text: str, expected: list[Source]) -> None:
    assert parse_one_line(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (
            (
                "Types: deb deb-src\n# a comment\nURIs: http://a/debian http://b/debian\n"
                "Suites: bookworm\nComponents: main\nSigned-By: /k.gpg\n"
            ),
            [
                Source("http://a/debian", "bookworm", ("main",), signed_by="/k.gpg"),
                Source("http://b/debian", "bookworm", ("main",), signed_by="/k.gpg"),
            ],
        ),
        (
            (
                f"types: deb\nuris: {ARCHIVE}\nsuites: trixie\n  trixie-updates\ncomponents: main\n"
                f"\n\nEnabled: no\nTypes: deb\nURIs: {ARCHIVE}\nSuites: sid\nComponents: main\n"
                f"\nTypes: deb-src\nURIs: {ARCHIVE}\nSuites: sid\nComponents: main\n"
            ),
            [
                Source(ARCHIVE, "trixie", ("main",)),
                Source(ARCHIVE, "trixie-updates", ("main",)),
            ],
        ),
        (
            (
                f"Types: deb\nURIs: {ARCHIVE}\nSuites: sid\nComponents: main\nTrusted: yes\n"
                "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n"
            ),
            [
                Source(
                    ARCHIVE,
                    "sid",
                    ("main",),
                    signed_by="-----BEGIN PGP PUBLIC KEY BLOCK----- . mQINBF",
                    trusted=True,
                )
            ],
        ),
    ],
)
def test_deb822_style(text: str, expected: list[Source]) -> None:
    assert parse_deb822(text) == expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([], None),
        ([Source("http://other/", "stable", ("main",))], None),
        ([Source(ARCHIVE, "bookworm", ("contrib",))], None),
        (
            [
                Source("http://sec/", "bookworm-security", ("main",)),
                Source(ARCHIVE, "bookworm", ("main",)),
                Source("http://second/", "bookworm", ("main",)),
            ],
            Mirror(ARCHIVE, DEBIAN_KEYRING, trusted=False),
        ),
        (
            [Source(ARCHIVE, "bookworm", ("main",), signed_by="/own.gpg", trusted=True)],
            Mirror(ARCHIVE, "/own.gpg", trusted=True),
        ),
        (
            [Source(ARCHIVE, "bookworm", ("main",), signed_by="-----BEGIN PGP")],
            Mirror(ARCHIVE, DEBIAN_KEYRING, trusted=False),
        ),
    ],
)
def test_the_mirror_is_where_the_release_comes_from(
    sources: list[Source], expected: Mirror | None
) -> None:
    assert debian_mirror(sources, "bookworm") == expected


def test_another_suite_of_the_mirror() -> None:
    plain, trusting = Mirror(ARCHIVE, "/k.gpg", False), Mirror(ARCHIVE, "/k.gpg", True)
    assert plain.line("sid") == f"deb [signed-by=/k.gpg] {ARCHIVE} sid main"
    assert trusting.line("sid") == f"deb [signed-by=/k.gpg trusted=yes] {ARCHIVE} sid main"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], None),
        (["linux-source", "linux-source-dummy"], None),
        (
            ["linux-source-6.9", "linux-source-6.12", "linux-source-6.1"],
            ((6, 12), "linux-source-6.12"),
        ),
        (["linux-source-5.15.0", "linux-source-5.4"], ((5, 15), "linux-source-5.15.0")),
    ],
)
def test_the_newest_source_is_so_by_number(
    names: list[str], expected: tuple[tuple[int, int], str] | None
) -> None:
    assert newest_source(names) == expected
