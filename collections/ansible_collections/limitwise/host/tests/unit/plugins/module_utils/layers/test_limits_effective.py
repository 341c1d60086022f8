# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who wins for a user: specificity and order as pam_limits decides them, and Debian's root rule."""

from __future__ import annotations

from typing import List, Optional, Sequence, Set, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.accounts import (
    EVERYBODY,
    GROUP,
    LOGINS_OF_ALL,
    LOGINS_OF_GROUP,
    USER,
    BadRangeError,
    Range,
    is_known,
    matches,
    members,
    range_of,
    read_accounts,
    source_of,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.effective import (
    Chain,
    as_taken,
    in_force,
    more_specific,
    no_limits_within,
    read_source,
    winner,
)

PASSWD = b"""root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/:/usr/sbin/nologin
app:x:1001:1001::/home/app:/bin/bash
stud:x:1002:1002::/home/stud:/bin/bash
nobody:x:65534:65534::/:/usr/sbin/nologin
"""
GROUPS = b"""root:x:0:
app:x:1001:
stud:x:1002:
student:x:2000:stud
faculty:x:2001:stud,app
"""
ACCOUNTS = read_accounts(PASSWD, GROUPS, b"passwd: files systemd\ngroup: files\n")
BY_NAME = {user.name: user for user in ACCOUNTS.users}


def chain(*texts: str) -> Chain:
    """limits.conf and then files of limits.d with these texts."""
    return tuple(
        read_source("limits.conf" if index == 0 else f"limits.d/{index}.conf", text.encode())
        for index, text in enumerate(texts)
    )


def value(
    files: Sequence[str], user: str, item: str = "nofile", kind: str = "hard", debian: bool = True
) -> Optional[str]:
    found = winner(chain(*files), BY_NAME[user], kind, item, debian)
    return found.value if found is not None else None


@pytest.mark.parametrize(
    ("files", "user", "wanted"),
    [
        # the kind of domain decides before the order: user, group, %group, *
        (["app hard nofile 1\n@faculty hard nofile 2\n* hard nofile 3\n"], "app", "1"),
        (["* hard nofile 3\n@faculty hard nofile 2\napp hard nofile 1\n"], "app", "1"),
        (["@faculty hard nofile 2\n* hard nofile 3\n"], "app", "2"),
        (["* hard nofile 3\n"], "app", "3"),
        (["stud hard nofile 1\n"], "app", None),
        # within one kind the last wins, over all files
        (["* hard nofile 1\n* hard nofile 2\n"], "app", "2"),
        (["* hard nofile 1\n", "* hard nofile 2\n", "* hard nofile 3\n"], "app", "3"),
        (["@student hard nofile 1\n@faculty hard nofile 2\n"], "stud", "2"),
        (["@faculty hard nofile 2\n@student hard nofile 1\n"], "stud", "1"),
        (["app hard nofile 1\n", "* hard nofile 2\n"], "app", "1"),
        # ranges of UIDs are worth a user, ranges of GIDs a group
        (["app hard nofile 1\n1000:2000 hard nofile 2\n"], "app", "2"),
        (["1000:2000 hard nofile 2\napp hard nofile 1\n"], "app", "1"),
        ([":1001 hard nofile 4\n"], "app", "4"),
        ([":1001 hard nofile 4\n"], "stud", None),
        (["1002: hard nofile 4\n"], "stud", "4"),
        (["1002: hard nofile 4\n"], "app", None),
        (["@2000:2001 hard nofile 4\n"], "stud", None),  # the primary group alone
        (["@1002:1002 hard nofile 4\n"], "stud", "4"),
        (["@:2000 hard nofile 4\n"], "stud", "4"),  # exact: every group
        (["@1002: hard nofile 4\n* hard nofile 3\n"], "stud", "4"),
        (["a:b hard nofile 4\n"], "app", None),
        # - is soft and hard, each by itself
        (["* - nofile 5\n* soft nofile 6\n"], "app", "5"),
        (["* - nofile 5\n* hard nofile 6\n"], "app", "6"),
        (["* soft nofile 6\n"], "app", None),
        # but a - line whose soft limit loses is dropped whole
        (["app soft nofile 6\n* - nofile 5\n"], "app", None),
        (["* - nofile 5\napp soft nofile 6\n"], "app", "5"),
        (["@faculty soft nofile 6\n* hard nofile 4\n* - nofile 5\n"], "app", "4"),
        (["app hard nofile 6\n* - nofile 5\n"], "app", "6"),
        # case, values and words as pam_limits takes them
        (["* HARD NoFile Unlimited\n"], "app", "unlimited"),
        (["APP hard nofile 1\n"], "app", None),
        (["* hard nofile 64k\n"], "app", "64"),
        (["* hard nofile 65536 trailing words\n"], "app", "65536"),
        (["* hard nofile words\n* hard noproc 5\n* harf nofile 5\n"], "app", None),
        (["* hard nofile -5\n"], "app", str(2**64 - 5)),
        (["soft nofile 5\nnofile - 5\n"], "app", None),
        # % is for maxlogins only
        (["% hard nofile 5\n%faculty hard nofile 5\n"], "app", None),
        # a no-limits line ends everything, wherever it stands
        (["* hard nofile 5\napp -\n"], "app", None),
        (["* hard nofile 5\n", "@faculty -\n"], "app", None),
        (["* hard nofile 5\n* -\n"], "app", "5"),
        (["* hard nofile 5\nstud -\n"], "app", "5"),
        (["* hard nofile 5 # not this\n#* hard nofile 6\n"], "app", "5"),
    ],
)
def test_who_wins(files: Sequence[str], user: str, wanted: Optional[str]) -> None:
    assert value(files, user) == wanted


@pytest.mark.parametrize(
    ("line", "on_debian", "elsewhere"),
    [
        ("* hard nofile 5", None, "5"),
        ("@root hard nofile 5", None, "5"),
        ("@:0 hard nofile 5", None, "5"),
        ("root hard nofile 5", "5", "5"),
        (":0 hard nofile 5", "5", "5"),
        ("0:10 hard nofile 5", "5", "5"),
    ],
)
def test_root(line: str, on_debian: Optional[str], elsewhere: Optional[str]) -> None:
    assert value([line], "root", debian=True) == on_debian
    assert value([line], "root", debian=False) == elsewhere


@pytest.mark.parametrize(
    ("text", "item", "wanted"),
    [
        ("app - priority 5\n* - priority 7\n", "priority", "7"),
        ("app - nonewprivs 1\n* - nonewprivs 0\n", "nonewprivs", "0"),
        ("% - maxlogins 4\n", "maxlogins", "4"),
        ("@faculty bad maxlogins 3\n% - maxlogins 4\n", "maxlogins", "3"),
        ("app hard maxlogins 2\n", "maxlogins", "2"),
    ],
)
def test_items_without_soft_and_hard(text: str, item: str, wanted: str) -> None:
    assert value([text], "app", item, "-") == wanted


@pytest.mark.parametrize(
    ("item", "text", "wanted"),
    [
        ("nofile", "-1", "unlimited"), ("nofile", "-", "unlimited"),
        ("nofile", "INFINITY", "unlimited"), ("nproc", "unlimited words", None),
        ("nproc", "18446744073709551615", "unlimited"), ("nproc", "9" * 99, "unlimited"),
        ("nice", "unlimited", None), ("priority", "-1", "-1"), ("nice", "-10", "-10"),
        ("nonewprivs", "2", None), ("nonewprivs", "1", "1"), ("chroot", "/Srv", "/Srv"),
        ("nofile", "+5", "5"), ("nproc", "-1\r", "unlimited"), ("as", "unlimited\r", None),
        ("nproc", "-99999999999999999999999", "unlimited"), ("noproc", "5", None),
        ("noproc", "-", None),
    ],
)  # fmt: skip
def test_what_is_taken_of_a_value(item: str, text: str, wanted: Optional[str]) -> None:
    assert as_taken(item, text) == wanted


@pytest.mark.parametrize(
    ("domain", "kind"),
    [("app", USER), (":5", USER), ("@g", GROUP), ("@5:", GROUP), ("%g", LOGINS_OF_GROUP),
     ("%", LOGINS_OF_ALL), ("*", EVERYBODY)],
)  # fmt: skip
def test_kinds_of_domains(domain: str, kind: int) -> None:
    assert source_of(domain) == kind


@pytest.mark.parametrize(
    ("domain", "wanted"),
    [
        ("app", None), ("1:2", Range(1, 2, False)), ("1:", Range(1, None, False)),
        (":7", Range(7, 7, True)), ("@:7", Range(7, 7, True)), ("%:7", Range(7, 7, True)),
    ],
)  # fmt: skip
def test_ranges(domain: str, wanted: Optional[Range]) -> None:
    assert range_of(domain) == wanted


@pytest.mark.parametrize("domain", [":", "a:b", "1:b", "5:4", "@:", "1:2:3"])
def test_bad_ranges(domain: str) -> None:
    with pytest.raises(BadRangeError):
        range_of(domain)


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ("*", {"daemon", "app", "stud", "nobody"}),
        ("@faculty", {"app", "stud"}),
        ("1001:", {"app", "stud", "nobody"}),
        ("root", {"root"}),
        ("a:b", set()),
    ],
)
def test_members(domain: str, names: Set[str]) -> None:
    assert {user.name for user in members(domain, ACCOUNTS, True)} == names


def test_what_a_domain_gets() -> None:
    files = chain("* hard nofile 3\n@faculty hard nofile 2\n", "1000:1001 hard nofile 9\n")

    def got(domain: str) -> Optional[str]:
        found = in_force(files, domain, "hard", "nofile", ACCOUNTS, True)
        return found.where if found is not None else None

    assert got("app") == "limits.d/1.conf:1"
    assert got("stud") == "limits.conf:2"
    assert got("@faculty") == "limits.conf:2"
    assert got("@student") == "limits.conf:1"
    assert got("stranger") == "limits.conf:1"
    assert got("root") is None


def test_more_specific_lines() -> None:
    files = chain(
        "* hard nofile 3\n@faculty hard nofile 2\n@faculty hard nofile 4\napp hard nofile 1\n"
        "root hard nofile 8\nstud soft nofile 1\nstranger hard nofile 1\n"
    )
    wide = more_specific(files, "*", "hard", "nofile", ACCOUNTS, True)
    assert [(one.domain, one.value) for one in wide] == [
        ("@faculty", "4"), ("app", "1"), ("stranger", "1")
    ]  # fmt: skip
    group = more_specific(files, "@faculty", "hard", "nofile", ACCOUNTS, True)
    assert [one.domain for one in group] == ["app"]
    assert more_specific(files, "app", "hard", "nofile", ACCOUNTS, True) == ()


def test_no_limits_lines_within_a_domain() -> None:
    files = chain("app -\n@student -\n* -\nroot -\n")

    def lines(domain: str) -> List[int]:
        return [rule.line for rule in no_limits_within(files, domain, ACCOUNTS, True)]

    assert lines("*") == [1, 2]
    assert lines("@faculty") == [1, 2]  # stud is in both
    assert lines("@student") == [2]
    assert lines("stud") == [2]


def test_accounts_of_a_directory_are_not_complete() -> None:
    assert ACCOUNTS.complete
    for nsswitch in (b"passwd: files sss\n", b"group: files ldap\n", b"passwd: files winbind\n"):
        elsewhere = read_accounts(PASSWD, GROUPS, nsswitch)
        assert not elsewhere.complete
        assert is_known("stranger", elsewhere)
    actions = b"passwd: files [NOTFOUND=return] systemd # sss\nhosts: files dns\n"
    assert read_accounts(PASSWD, GROUPS, actions).complete


@pytest.mark.parametrize(
    ("domain", "known"),
    [("app", True), ("App", False), ("*", True), ("%", True), ("@student", True), ("@x", False),
     ("%student", True), ("9000:", True), ("*soft", False), ("-", False), ("\u201c*\u201d", False)],
)  # fmt: skip
def test_known_domains(domain: str, known: bool) -> None:
    assert is_known(domain, ACCOUNTS) == known


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=100))
def test_any_bytes_are_accounts_of_a_kind(passwd: bytes, group: bytes, nsswitch: bytes) -> None:
    found = read_accounts(passwd, group, nsswitch)
    assert all(user.gid in user.gids for user in found.users)


LINES = st.lists(
    st.builds(
        "{} {} nofile {}\n".format,
        st.sampled_from(["app", "@faculty", "@student", "*", "1000:1001", "%", "stud"]),
        st.sampled_from(["soft", "hard", "-"]),
        st.integers(1, 9),
    ),
    max_size=8,
)


@given(LINES, st.integers(0, 8))
def test_only_lines_and_their_order_count_not_the_files(lines: Sequence[str], cut: int) -> None:
    whole = "".join(lines)
    parts = ("".join(lines[:cut]), "".join(lines[cut:]))
    for user in BY_NAME:
        assert value([whole], user) == value(parts, user)


@pytest.mark.parametrize(
    ("text", "version", "wanted"),
    [
        ("unlimited words", None, None), ("unlimited words", (1, 6, 0), None),
        ("unlimited words", (1, 5, 3), "unlimited"), ("64 words", (1, 5, 3), "64"),
        ("unlimited\r", None, None), ("unlimited\r", (1, 5, 3), "unlimited"),
        ("unlimited # \r", None, "unlimited"), ("64\r", None, "64"),
    ],
)  # fmt: skip
def test_values_by_version(
    text: str, version: Optional[Tuple[int, ...]], wanted: Optional[str]
) -> None:
    source = read_source("f", f"* hard nproc {text}\n".encode(), version)
    assert [one.value for one in source.settings] == ([wanted] if wanted else [])


@given(LINES.map(lambda lines: [line for line in lines if " - " not in line]))
def test_the_winner_is_about_the_user_and_no_later_equal_wins(lines: Sequence[str]) -> None:
    files = chain("".join(lines))
    user = BY_NAME["app"]
    best = winner(files, user, "hard", "nofile", True)
    rivals = [
        one
        for one in files[0].settings
        if one.kind == "hard" and matches(one.domain, user, True)
    ]
    assert (best is None) == (not rivals)
    if best is not None:
        top = min(source_of(one.domain) for one in rivals)
        assert best == [one for one in rivals if source_of(one.domain) == top][-1]
