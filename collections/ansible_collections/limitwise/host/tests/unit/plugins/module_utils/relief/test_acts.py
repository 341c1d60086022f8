# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relief's acts on plain files: raised, held, overtaken, capped, given back, adopted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.findings import LockedError
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host
from ansible_collections.limitwise.host.plugins.module_utils.journal import LOCK
from ansible_collections.limitwise.host.plugins.module_utils.relief import book
from ansible_collections.limitwise.host.plugins.module_utils.relief.acts import Done, Relief
from ansible_collections.limitwise.host.plugins.module_utils.relief.descriptors import Descriptors
from ansible_collections.limitwise.host.plugins.module_utils.relief.levels import Gauges
from ansible_collections.limitwise.host.plugins.module_utils.relief.plan import Raise
from ansible_collections.limitwise.host.plugins.module_utils.relief.protected import protected
from ansible_collections.limitwise.host.tests.unit.plugins.module_utils.relief.node import (
    GROUPS,
    put,
)

THREADS = "/proc/sys/kernel/threads-max"
PID_MAX = "/proc/sys/kernel/pid_max"
STUDENT, WEB = "/student.slice", "/system.slice/web.service"
OF_STUDENT = f"/{GROUPS}{STUDENT}/pids.max"
OF_WEB = f"/{GROUPS}{WEB}/pids.max"
BOOK = "var/lib/limitwise/relief.book"


class Node:
    """A node with relief at work on it."""

    def __init__(self, host: Host, root: Path) -> None:
        self.host, self.root = host, root
        self.relief = self.another()
        assert self.relief.adopt() == Done()

    def another(self) -> Relief:
        return Relief(self.host, Gauges(self.host), protected(self.host))

    def taken_over(self) -> Done:
        """As after a SIGKILL: nothing is told, the descriptors are closed by the kernel."""
        self.end()
        self.relief = self.another()
        return self.relief.adopt()

    def end(self) -> None:
        self.relief.close()
        self.relief.gauges.close()

    def value(self, source: str) -> str:
        return (self.root / source[1:]).read_text().strip()

    def put(self, source: str, value: str) -> None:
        put(self.root, source[1:], value + "\n")

    def raised(self, threads: int = 4000, student: int = 400) -> Done:
        return self.relief.raise_([
            Raise("kernel.threads-max", THREADS, "", 2000, threads),
            Raise(STUDENT, OF_STUDENT, STUDENT, 200, student),
        ])


@pytest.fixture
def at_work(node: Host, tmp_path: Path) -> Iterator[Node]:
    made = Node(node, tmp_path)
    yield made
    made.end()


def codes(done: Done) -> List[str]:
    return [finding.code for finding in done.findings]


def test_raised_held_and_given_back(at_work: Node) -> None:
    done = at_work.raised()
    assert [(one.what, one.before, one.after) for one in done.changed] == [
        ("kernel.threads-max", "2000", "4000"), (STUDENT, "200", "400"),
    ]
    assert (at_work.value(THREADS), at_work.value(OF_STUDENT)) == ("4000", "400")
    assert at_work.relief.hold() == Done()
    # a daemon-reload writes what systemd knows
    at_work.put(OF_STUDENT, "200")
    assert [one.what for one in at_work.relief.hold().changed] == [STUDENT]
    assert at_work.value(OF_STUDENT) == "400"
    back = at_work.relief.release()
    assert [(one.what, one.back) for one in back.changed] == [
        ("kernel.threads-max", "2000"), (STUDENT, "200"),
    ]
    assert (at_work.value(THREADS), at_work.value(OF_STUDENT)) == ("2000", "200")
    assert at_work.relief.raised == ()
    assert at_work.taken_over() == Done()


def test_raised_twice_goes_back_to_the_first_value(at_work: Node) -> None:
    at_work.raised()
    at_work.raised(8000, 800)
    assert at_work.value(THREADS) == "8000"
    at_work.relief.release()
    assert (at_work.value(THREADS), at_work.value(OF_STUDENT)) == ("2000", "200")


@pytest.mark.parametrize(("used", "wanted", "back"), [
    # all calm: as before
    (100, {}, "200"),
    # what is in use and a margin
    (300, {}, "332"),
    # more in use than the raised value leaves room for: it stays, ours no more
    (399, {}, "400"),
    (100, {STUDENT: 250}, "250"),
    (100, {STUDENT: 150}, "200"),
    (300, {STUDENT: 900}, "900"),
])
def test_what_a_raised_value_goes_back_to(
    at_work: Node, used: int, wanted: Dict[str, int], back: str
) -> None:
    at_work.raised()
    at_work.put(f"/{GROUPS}{STUDENT}/pids.current", str(used))
    at_work.relief.release(wanted)
    assert at_work.value(OF_STUDENT) == back
    assert at_work.relief.raised == ()


def test_pid_max_keeps_room_for_the_reserved_ids(at_work: Node) -> None:
    at_work.put(PID_MAX, "1000")
    at_work.put("/proc/loadavg", "0 0 0 1/900 5")
    at_work.relief.raise_([Raise("kernel.pid_max", PID_MAX, "", 1000, 4000)])
    at_work.relief.release()
    # 300 that are not given again, 900 in use, a tenth as margin
    assert at_work.value(PID_MAX) == str(1200 + 120)


def test_what_others_have_set_is_theirs(at_work: Node) -> None:
    at_work.raised()
    at_work.put(THREADS, "65536")
    held = at_work.relief.hold()
    assert (codes(held), held.changed) == (["LW823"], ())
    at_work.put(OF_STUDENT, "90")
    back = at_work.relief.release()
    assert back.changed == ()
    assert (at_work.value(THREADS), at_work.value(OF_STUDENT)) == ("65536", "90")


def test_what_is_high_enough_or_without_limit_is_not_touched(at_work: Node) -> None:
    at_work.put(THREADS, "5000")
    at_work.put(OF_STUDENT, "max")
    assert at_work.raised() == Done()
    assert (at_work.value(THREADS), at_work.value(OF_STUDENT)) == ("5000", "max")


def test_a_cgroup_that_is_gone_is_forgotten(at_work: Node) -> None:
    at_work.raised()
    os.remove(at_work.root / OF_STUDENT[1:])
    assert at_work.relief.hold() == Done()
    assert [one.what for one in at_work.relief.raised] == ["kernel.threads-max"]
    assert at_work.raised().changed == ()


@pytest.mark.parametrize("before", ["512", "max"])
def test_capped_held_and_lifted(at_work: Node, before: str) -> None:
    at_work.put(OF_WEB, before)
    done = at_work.relief.cap(WEB, 90)
    assert [(one.what, one.before, one.after) for one in done.changed] == [(WEB, before, "90")]
    assert at_work.value(OF_WEB) == "90"
    at_work.put(OF_WEB, before)
    assert [one.what for one in at_work.relief.hold().changed] == [WEB]
    # a capped one is not raised
    assert at_work.relief.raise_([Raise(WEB, OF_WEB, WEB, 90, 900)]) == Done()
    assert at_work.relief.lift(["/other.service"]) == Done()
    at_work.relief.lift([WEB])
    assert at_work.value(OF_WEB) == before
    assert at_work.relief.capped == ()


def test_a_raised_one_that_is_capped_goes_back_to_its_first_value(at_work: Node) -> None:
    at_work.raised()
    at_work.relief.cap(STUDENT, 250)
    assert (at_work.value(OF_STUDENT), len(at_work.relief.raised)) == ("250", 1)
    at_work.relief.release()
    assert at_work.value(OF_STUDENT) == "200"


@pytest.mark.parametrize("group", [
    "/system.slice/ssh.service", "/system.slice", "/init.scope",
    "/system.slice/limitwise-guard.service",
])
def test_protected_ones_are_not_capped(at_work: Node, group: str) -> None:
    at_work.put(f"/{GROUPS}{group}/pids.max", "60")
    assert codes(at_work.relief.cap(group, 20)) == ["LW824"]
    assert at_work.value(f"/{GROUPS}{group}/pids.max") == "60"


def test_a_limit_that_is_lower_already_holds_it(at_work: Node) -> None:
    assert at_work.relief.cap(WEB, 512) == Done()
    assert at_work.relief.cap("/no/such", 5) == Done()


def test_another_process_that_relieves_is_not_disturbed(at_work: Node) -> None:
    with pytest.raises(LockedError):
        at_work.another().adopt()


def test_a_run_that_holds_the_host_is_not_waited_for(at_work: Node) -> None:
    with at_work.host.lock(LOCK):
        assert len(at_work.raised().changed) == 2
        assert len(at_work.relief.hold().findings) == 0
        # the run wants more than relief gave, and sets it
        at_work.put(THREADS, "65536")
        at_work.relief.release()
    assert (at_work.value(THREADS), at_work.value(OF_STUDENT)) == ("65536", "200")


def test_a_successor_goes_on(at_work: Node) -> None:
    at_work.raised()
    at_work.relief.cap(WEB, 90)
    assert at_work.taken_over() == Done()
    assert {one.what for one in at_work.relief.raised} == {"kernel.threads-max", STUDENT}
    at_work.put(THREADS, "2000")
    assert [one.what for one in at_work.relief.hold().changed] == ["kernel.threads-max"]
    at_work.relief.release()
    values = [at_work.value(one) for one in (THREADS, OF_STUDENT, OF_WEB)]
    assert values == ["2000", "200", "512"]


def test_after_a_reboot_nothing_is_kept(at_work: Node) -> None:
    at_work.raised()
    at_work.put("/proc/sys/kernel/random/boot_id", "another")
    assert at_work.taken_over() == Done()
    assert at_work.relief.raised == ()


@pytest.mark.parametrize("damage", [
    lambda data: data.replace(b"4000", b"4001"),
    lambda data: data[: data.index(b"\n") // 2],
    lambda data: b"",
    lambda data: b"\n\n\n",
])
def test_a_damaged_book_is_read_as_far_as_it_is_whole(
    at_work: Node, damage: Callable[[bytes], bytes]
) -> None:
    at_work.raised()
    path = at_work.root / BOOK
    path.write_bytes(damage(path.read_bytes()))
    assert at_work.taken_over() == Done()
    assert at_work.relief.raised == ()
    # and it takes records again
    at_work.raised(8000, 800)
    at_work.taken_over()
    assert len(at_work.relief.raised) == 2


def test_the_book_is_root_s_alone_and_of_full_size(at_work: Node) -> None:
    status = (at_work.root / BOOK).stat()
    assert (status.st_mode & 0o777, status.st_size) == (0o600, book.SIZE)


def test_a_full_book_is_begun_anew_with_what_is_kept(at_work: Node) -> None:
    at_work.raised()
    for number in range(300):
        at_work.relief.cap(WEB, 90 + number % 2)
        at_work.relief.lift()
    assert (at_work.root / BOOK).stat().st_size == book.SIZE
    at_work.taken_over()
    assert {one.what for one in at_work.relief.raised} == {"kernel.threads-max", STUDENT}
    assert at_work.relief.capped == ()


# --- when the disk fails --------------------------------------------------------------------------


def failing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_words: object, **_named: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, name, fail)


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_a_full_disk_prevents_nothing_and_is_said_once(
    at_work: Node, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    failing(call, monkeypatch)
    done = at_work.raised()
    assert (codes(done), len(done.changed)) == (["LW821"], 2)
    assert at_work.value(THREADS) == "4000"
    assert codes(at_work.relief.cap(WEB, 90)) == []
    assert codes(at_work.relief.release()) == []
    values = [at_work.value(one) for one in (THREADS, OF_STUDENT, OF_WEB)]
    assert values == ["2000", "200", "512"]


@pytest.mark.parametrize("call", ["mkdir", "rename", "fsync"])
def test_a_disk_that_is_full_from_the_start(
    node: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    failing(call, monkeypatch)
    relief = Relief(node, Gauges(node), protected(node))
    assert set(codes(relief.adopt())) == {"LW821"}
    done = relief.raise_([Raise("kernel.threads-max", THREADS, "", 2000, 4000)])
    assert len(done.changed) == 1
    assert (tmp_path / THREADS[1:]).read_text() == "4000"
    relief.release()
    assert (tmp_path / THREADS[1:]).read_text() == "2000"


def test_what_the_kernel_refuses_is_said_and_not_kept(
    at_work: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def refuse(descriptor: int, data: bytes) -> int:
        if data == b"4000":
            raise OSError(22, "Invalid argument")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", refuse)
    done = at_work.raised()
    assert codes(done) == ["LW822"]
    assert [one.what for one in done.changed] == [one.what for one in at_work.relief.raised]
    assert [one.what for one in done.changed] == [STUDENT]


def test_of_a_second_write_that_is_refused_the_first_is_kept_and_given_back(
    at_work: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work.raised()
    real = Descriptors.write

    def refuse(self: Descriptors, path: str, value: str) -> None:
        if value in ("8000", "40"):
            raise OSError(22, "Invalid argument")
        real(self, path, value)

    monkeypatch.setattr(Descriptors, "write", refuse)
    assert codes(at_work.raised(8000)) == ["LW822"]
    assert codes(at_work.relief.cap(STUDENT, 40)) == ["LW822"]
    assert [(one.how, one.before, one.after) for one in at_work.relief.raised] == [
        ("raised", "2000", "4000"), ("raised", "200", "400"),
    ]
    at_work.taken_over()
    at_work.relief.release()
    assert (at_work.value(THREADS), at_work.value(OF_STUDENT)) == ("2000", "200")


def test_what_others_have_set_meanwhile_comes_back(at_work: Node) -> None:
    at_work.raised()
    at_work.put(THREADS, "5000")
    at_work.raised(8000)
    at_work.relief.release()
    assert (at_work.value(THREADS), at_work.value(OF_STUDENT)) == ("5000", "200")


def test_no_process_and_no_thread_is_started(
    at_work: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_words: object, **_named: object) -> Optional[int]:
        raise AssertionError("a task was started")

    for name in ("fork", "posix_spawn", "system"):
        monkeypatch.setattr(os, name, refuse)
    monkeypatch.setattr("threading.Thread.start", refuse)
    at_work.raised()
    at_work.relief.cap(WEB, 90)
    at_work.relief.hold()
    at_work.relief.release()
    assert at_work.value(THREADS) == "2000"
