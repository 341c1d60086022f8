# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files below a root: links stay inside it, a write is whole or not there, errors have remedies."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Callable, List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage
from ansible_collections.limitwise.host.plugins.module_utils.findings import HostError
from ansible_collections.limitwise.host.plugins.module_utils.host.commands import Commands
from ansible_collections.limitwise.host.plugins.module_utils.host.files import Files
from ansible_collections.limitwise.host.plugins.module_utils.host.kernel import Kernel
from ansible_collections.limitwise.host.plugins.module_utils.host.machine import Host


def image_of(data: bytes, mode: int = 0o644) -> FileImage:
    return FileImage(data, mode, os.geteuid(), os.getegid())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "outside").write_text("outside")
    root = tmp_path / "root"
    (root / "etc/real").mkdir(parents=True)
    (root / "etc/real/file").write_text("inside")
    for name, target in (
        ("absolute", "/etc/real"), ("relative", "../etc/real"), ("out", "/../../outside"),
        ("loop", "loop"), ("up", "../../../../etc/real"),
    ):
        (root / "etc" / name).symlink_to(target)
    return Files(str(root))


@pytest.mark.parametrize("folder", ["real", "absolute", "relative", "up", "real/../real", "./real"])
def test_links_lead_to_places_inside_the_root(files: Files, folder: str) -> None:
    assert files.read(f"/etc/{folder}/file") == b"inside"
    files.write(f"/etc/{folder}/new", image_of(b"x"))
    assert files.names("/etc/real") == ("file", "new")


def test_nothing_outside_the_root_is_read_or_written(files: Files, tmp_path: Path) -> None:
    assert files.read("/etc/out") is None
    assert files.read("/../outside") is None
    with pytest.raises(HostError):
        files.write("/etc/out/new", image_of(b"x"))
    assert (tmp_path / "outside").read_text() == "outside"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "root"]


def test_a_circle_of_links_is_named(files: Files) -> None:
    with pytest.raises(HostError, match="go round in a circle"):
        files.read("/etc/loop/file")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/etc/absolute", "is a symbolic link to /etc/real"),
        ("/etc/real", "is not a plain file"),
    ],
)
def test_only_plain_files_are_before_images(files: Files, path: str, words: str) -> None:
    with pytest.raises(HostError, match=words) as refused:
        files.image(path)
    assert refused.value.place.file == path
    assert refused.value.remedy


@given(st.binary(), st.integers(0, 0o777))
def test_a_file_is_as_it_was_written(data: bytes, mode: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        image = image_of(data, mode | 0o400)
        files.write("/file", image_of(b"older", 0o600))
        files.write("/file", image)
        assert files.image("/file") == image
        assert files.names("/") == ("file",)


def test_a_failed_write_leaves_what_was_there(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(HostError, match=r"No space left on device .the file system is full"):
        files.write("/etc/real/file", image_of(b"new"))
    monkeypatch.undo()
    assert files.read("/etc/real/file") == b"inside"
    assert files.names("/etc/real") == ("file",)


def test_what_is_not_there(files: Files) -> None:
    assert files.read("/etc/none") is None
    assert files.read("/etc/real/file/below") is None
    assert files.image("/etc/none/none") is None
    assert files.names("/etc/none") == ()
    assert files.link("/etc/none") is None
    files.remove("/etc/none")
    files.remove("/etc/none/none")
    assert files.remove_directory("/etc/none") is False


def test_folders(files: Files) -> None:
    assert list(files.missing_parents("/etc/a/b/c")) == ["/etc/a", "/etc/a/b"]
    files.make_directory("/etc/a", 0o700)
    files.make_directory("/etc/a", 0o755)
    assert os.stat(files.locate("/etc/a")).st_mode & 0o777 == 0o700
    assert files.remove_directory("/etc/real") is False
    assert files.remove_directory("/etc/a") is True
    with pytest.raises(HostError, match="cannot make the directory"):
        files.make_directory("/etc/real/file/below")


def test_links(files: Files) -> None:
    files.make_link("/etc/link", "somewhere")
    files.make_link("/etc/link", "elsewhere")
    assert files.link("/etc/link") == "elsewhere"
    assert files.link("/etc/real/file") is None


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    (tmp_path / "sys/kernel").mkdir(parents=True)
    (tmp_path / "sys/kernel/pid_max").write_text("32768\n")
    return Kernel(str(tmp_path))


@pytest.mark.parametrize(
    ("path", "value"), [("kernel/pid_max", "32768"), ("kernel", None), ("kernel/none", None)]
)
def test_kernel_values(kernel: Kernel, path: str, value: Optional[str]) -> None:
    assert kernel.read(path) == value
    assert kernel.exists(path) is (value is not None)


def test_a_kernel_value_that_is_not_there_is_not_writable(kernel: Kernel) -> None:
    assert kernel.writable("kernel/pid_max")
    assert not kernel.writable("kernel/none")


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "kernel/../../x", "a//b", "./a", "a/"])
def test_no_kernel_path_leads_out(kernel: Kernel, path: str) -> None:
    with pytest.raises(HostError, match="no path below /proc/sys"):
        kernel.write(path, "1")


def test_a_kernel_value_that_is_not_there_is_one_clear_error(kernel: Kernel) -> None:
    with pytest.raises(HostError, match="/proc/sys/kernel/none: cannot write: No such file"):
        kernel.write("kernel/none", "1")


def test_commands_are_argument_lists_with_a_clean_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIMITWISE_SECRET", "x")
    said = Commands(("env", "A=b c")).run(["env"]).out
    assert "A=b c\n" in said
    assert "LC_ALL=C\n" in said
    assert "SECRET" not in said
    assert Commands().run(["printf", "%s", "$(id); *"]).out == "$(id); *"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["limitwise-no-such-program"], "it is not installed"),
        (["sh", "-c", "echo told >&2; exit 3"], "failed with status 3: told"),
        (["/etc"], "cannot run /etc: Permission denied"),
    ],
)
def test_a_command_that_fails_is_one_clear_error(argv: List[str], words: str) -> None:
    with pytest.raises(HostError, match=words):
        Commands().must(argv)


def test_a_command_that_hangs_is_ended() -> None:
    with pytest.raises(HostError, match="sleep 600 did not end within 0 s"):
        Commands().run(["sleep", "600"], timeout=0.05)


def test_an_image_runs_no_commands_and_has_no_kernel(tmp_path: Path) -> None:
    host = Host.image(str(tmp_path))
    with pytest.raises(HostError, match="cannot run in an image"):
        host.run(["true"])
    assert (host.sysctl("kernel/pid_max"), host.proc("meminfo"), host.boot_id) == (None, None, "")


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="there is no such directory"):
        Host.image(str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("number", "absent"),
    [(errno.ENOENT, True), (errno.ESRCH, True), (errno.ENODEV, True), (errno.ENOSPC, False)],
)
def test_what_ends_while_it_is_read_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, absent: bool
) -> None:
    def fail(*_words: object, **_more: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("builtins.open", fail)
    monkeypatch.setattr(os, "listdir", fail)
    host = Host.mounted(str(tmp_path))
    calls: List[Callable[[], object]] = [
        lambda: host.proc("1/status"), lambda: host.sysctl("kernel/pid_max"),
        lambda: host.files.names("/proc/1/fd") or None,
        lambda: host.write_cgroup("/sys/fs/cgroup/a/pids.max", "max"),
    ]
    for call in calls:
        if absent:
            assert call() is None
        else:
            with pytest.raises(HostError):
                call()
