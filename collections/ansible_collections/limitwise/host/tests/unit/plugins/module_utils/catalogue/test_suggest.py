# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Suggestions: near enough to be meant, never a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.suggest import (
    distance,
    fold,
    nearest,
)

ITEMS = ["nproc", "nofile", "fsize", "core", "cpu", "stack", "as", "memlock", "maxlogins"]
DIRECTIVES = ["TasksMax", "TasksAccounting", "MemoryMax", "MemoryMin", "MemoryHigh", "CPUQuota"]
SYSCTLS = ["kernel.threads-max", "kernel.pid_max", "kernel.panic", "vm.swappiness"]
DAEMON = ["default-ulimits", "registry-mirrors", "insecure-registries", "log-driver", "log-opts"]
LAYERS = ["sysctl", "limits", "slices", "units", "docker_daemon"]
WORDS = st.text("abcdeXYZ-_.", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("word", "candidates", "meant"),
    [
        ("noproc", ITEMS, "nproc"),
        ("nofiles", ITEMS, "nofile"),
        ("nfile", ITEMS, "nofile"),
        ("NPROC", ITEMS, "nproc"),
        ("nporc", ITEMS, "nproc"),
        ("TaskMax", DIRECTIVES, "TasksMax"),
        ("MemoryMAx", DIRECTIVES, "MemoryMax"),
        ("Memory-Max", DIRECTIVES, "MemoryMax"),
        ("CpuQuota", DIRECTIVES, "CPUQuota"),
        ("kernel.thread-max", SYSCTLS, "kernel.threads-max"),
        ("kernel.threads_max", SYSCTLS, "kernel.threads-max"),
        ("kernel.pid_maxx", SYSCTLS, "kernel.pid_max"),
        ("default-ulimit", DAEMON, "default-ulimits"),
        ("registry-mirror", DAEMON, "registry-mirrors"),
        ("logdriver", DAEMON, "log-driver"),
        ("systcl", LAYERS, "sysctl"),
        ("docker-daemon", LAYERS, "docker_daemon"),
    ],
)
def test_what_is_meant(word: str, candidates: list[str], meant: str) -> None:
    assert nearest(word, candidates) == meant


@pytest.mark.parametrize(
    ("word", "candidates"),
    [
        ("xyzzy", ITEMS),
        ("frobnicate", DIRECTIVES),
        ("", ITEMS),
        ("a", ITEMS),
        ("net.ipv4.ip_forward", SYSCTLS),
        ("nproc", []),
        ("ab", ["abc", "abd"]),
        ("MemoryMaa", ["MemoryMab", "MemoryMac"]),
    ],
)
def test_no_guess(word: str, candidates: list[str]) -> None:
    assert nearest(word, candidates) is None


def test_a_given_limit_is_kept() -> None:
    assert nearest("nprc", ["nproc"], limit=0) is None
    assert nearest("nprc", ["nproc"], limit=1) == "nproc"


def test_the_folded_form_wins_over_what_is_one_letter_away() -> None:
    assert nearest("log_driver", ["log-drivers", "log-driver"]) == "log-driver"


@given(WORDS, st.lists(WORDS, max_size=6))
def test_the_order_of_candidates_does_not_matter(word: str, candidates: list[str]) -> None:
    assert nearest(word, candidates) == nearest(word, reversed(candidates))


@given(WORDS, st.lists(WORDS, max_size=6))
def test_a_suggestion_is_a_candidate(word: str, candidates: list[str]) -> None:
    found = nearest(word, candidates)
    assert found is None or found in candidates


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_distance_is_symmetric_and_bounded(left: str, right: str) -> None:
    exact = distance(left, right, 12)
    assert exact == distance(right, left, 12)
    assert (exact == 0) == (left == right)
    for bound in range(4):
        assert distance(left, right, bound) == min(exact, bound + 1)


@pytest.mark.parametrize(
    ("left", "right", "far"),
    [
        ("ab", "ba", 1),
        ("abc", "abc", 0),
        ("abc", "", 3),
        ("kitten", "sitting", 3),
        ("ca", "abc", 3),
    ],
)
def test_distance(left: str, right: str, far: int) -> None:
    assert distance(left, right, 9) == far


def test_fold() -> None:
    assert fold("Log-Driver_x") == "logdriverx"
