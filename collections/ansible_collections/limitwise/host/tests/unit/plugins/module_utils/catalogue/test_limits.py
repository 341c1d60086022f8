# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of limits.conf: items, types, domains and values as pam_limits reads them."""

from __future__ import annotations

from collections import Counter
from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.catalogue import limits
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.classes import (
    ALL,
    CAP,
    FLOOR,
    REFUSED,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.kinds import (
    KINDS,
    ValueKindError,
)
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.limits import (
    Domain,
    LimitItem,
    parse_domain,
)


def item(name: str) -> LimitItem:
    found = limits.lookup(name)
    assert found is not None, name
    return found


def test_no_item_is_listed_twice() -> None:
    assert [n for n, count in Counter(i.name for i in limits.ITEMS).items() if count > 1] == []


@pytest.mark.parametrize("entry", limits.ITEMS, ids=lambda entry: entry.name)
def test_an_item_is_consistent(entry: LimitItem) -> None:
    assert limits.lookup(entry.name.upper()) == entry
    assert entry.kind in KINDS
    assert entry.klass in ALL
    assert (entry.rlimit is None) == (entry.proc_label is None)
    if entry.rlimit:
        assert entry.rlimit == "RLIMIT_" + entry.name.upper()
    assert (entry.scale == 1024) == (entry.kind == "pam-kilobytes")


def test_every_resource_of_linux_has_an_item() -> None:
    assert sum(1 for entry in limits.ITEMS if entry.rlimit) == 16


def test_mistaken_words_are_no_items_and_mean_one() -> None:
    for word, meant in limits.MISTAKEN.items():
        assert limits.lookup(word) is None
        assert limits.lookup(meant) is not None


@pytest.mark.parametrize(
    ("name", "klass"),
    [
        ("nproc", FLOOR),
        ("nofile", FLOOR),
        ("memlock", FLOOR),
        ("stack", FLOOR),
        ("core", CAP),
        ("as", CAP),
        ("maxlogins", CAP),
        ("nonewprivs", REFUSED),
        ("chroot", REFUSED),
    ],
)
def test_classes(name: str, klass: str) -> None:
    assert item(name).klass == klass


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("noproc", "nproc"),
        ("nofiles", "nofile"),
        ("nfile", "nofile"),
        ("open-files", "nofile"),
        ("\u201cnproc\u201d", "nproc"),
        ("memlok", "memlock"),
        ("maxlogin", "maxlogins"),
        ("processes", "nproc"),
        ("bananas", None),
    ],
)
def test_a_wrong_item(word: str, meant: Optional[str]) -> None:
    (problem,) = limits.check_item(word)
    assert problem.severity == "error"
    assert problem.suggestion == meant


@pytest.mark.parametrize("word", ["nproc", "NOFILE", "As"])
def test_a_right_item(word: str) -> None:
    assert limits.check_item(word) == ()


@pytest.mark.parametrize(
    ("word", "name", "meant"),
    [
        ("sofft", "nproc", "soft"),
        ("hrad", "nproc", "hard"),
        ("–", "nproc", "-"),
        ("both", "nproc", "-"),
        ("nproc", "nproc", None),
    ],
)
def test_a_wrong_type(word: str, name: str, meant: Optional[str]) -> None:
    (problem,) = limits.check_type(word, name)
    assert problem.suggestion == meant


@pytest.mark.parametrize(
    ("word", "name"),
    [("soft", "nproc"), ("Hard", "nproc"), ("-", "nproc"), ("any", "maxlogins")],
)
def test_a_right_type(word: str, name: str) -> None:
    assert limits.check_type(word, name) == ()


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("*", Domain("everyone")),
        ("%", Domain("logins-of-all")),
        ("root", Domain("user", "root")),
        ("DOM\\user", Domain("user", "DOM\\user")),
        ("user@example", Domain("user", "user@example")),
        ("@student", Domain("group", "student")),
        ("%student", Domain("logins-of-group", "student")),
        ("1000:", Domain("uids", "", 1000, None)),
        ("1000:2000", Domain("uids", "", 1000, 2000)),
        (":1000", Domain("uids", "", 1000, 1000)),
        ("@500:", Domain("gids", "", 500, None)),
        ("@:500", Domain("gids", "", 500, 500)),
        ("%:500", Domain("logins-of-gid", "", 500, 500)),
    ],
)
def test_a_right_domain(text: str, domain: Domain) -> None:
    assert parse_domain(text) == domain


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("*soft", "*"),
        ("*hard", "*"),
        ("\u201c*", "*"),
        ('"*"', "*"),
        ("\u201c@student\u201d", "@student"),
        ("@", None),
        ("-", "*"),
        (":", None),
        ("a:b", None),
        ("1000:x", None),
        ("2000:1000", None),
        ("%100:200", None),
    ],
)
def test_a_wrong_domain(text: str, meant: Optional[str]) -> None:
    with pytest.raises(ValueKindError) as caught:
        parse_domain(text)
    assert caught.value.suggestion == meant
    (problem,) = limits.check_domain(text, "nproc")
    assert problem.severity == "error"


@pytest.mark.parametrize(
    ("text", "name", "severities"),
    [
        ("%student", "nproc", ["error"]),
        ("%student", "maxlogins", []),
        ("%", "maxsyslogins", []),
        ("soft", "nproc", ["warning"]),
        ("*", "nproc", []),
    ],
)
def test_a_domain_for_an_item(text: str, name: str, severities: list[str]) -> None:
    assert [problem.severity for problem in limits.check_domain(text, name)] == severities


@pytest.mark.parametrize(
    ("name", "text", "suggestion"),
    [
        ("nofile", "64k", "65536"),
        ("nofile", "1048576 # many", None),
        ("nofile", "-5", None),
        ("memlock", "64M", "65536"),
        ("nice", "-21", None),
        ("priority", "unlimited", None),
        ("nonewprivs", "2", None),
    ],
)
def test_a_wrong_value(name: str, text: str, suggestion: Optional[str]) -> None:
    (problem,) = limits.check_value(item(name), text)
    assert problem.severity == "error"
    assert problem.suggestion == suggestion


@pytest.mark.parametrize(
    ("name", "text"),
    [("nofile", "1048576"), ("nproc", "unlimited"), ("memlock", "-1"), ("nice", "-10")],
)
def test_a_right_value(name: str, text: str) -> None:
    assert limits.check_value(item(name), text) == ()


@given(
    st.text("*@%:-0123456789abc\u201c\u201d ", max_size=10), st.sampled_from(["nproc", "maxlogins"])
)
def test_any_domain_can_be_checked(text: str, name: str) -> None:
    for problem in limits.check_domain(text, name):
        assert problem.message
