"""Artifacts are made once, whole or not at all, by one builder at a time."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lab import cache


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMITWISE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "lab"


def test_the_folder_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    assert cache.folder() == own_cache
    monkeypatch.delenv("LIMITWISE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache.folder() == Path("/x/limitwise/lab")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert cache.folder() == Path("/h/.cache/limitwise/lab")


def test_keys_follow_the_recipe() -> None:
    assert cache.key_of("a", ("b", 1)) == cache.key_of("a", ("b", 1))
    assert cache.key_of("a", ("b", 1)) != cache.key_of("a", ("b", 2))


def test_a_second_fetch_builds_nothing(own_cache: Path) -> None:
    calls: list[Path] = []

    def build(into: Path) -> None:
        calls.append(into)
        (into / "it").write_text("made")

    assert cache.cached("thing") is None
    for _ in range(2):
        assert (cache.fetch("thing", build) / "it").read_text() == "made"
    assert cache.cached("thing") == own_cache / "thing"
    assert len(calls) == 1


def test_a_build_that_fails_leaves_nothing_that_counts() -> None:
    def fail(into: Path) -> None:
        (into / "half").write_text("")
        raise RuntimeError("no space")

    def build(into: Path) -> None:
        assert list(into.iterdir()) == []

    with pytest.raises(RuntimeError, match="no space"):
        cache.fetch("thing", fail)
    assert cache.cached("thing") is None
    assert cache.fetch("thing", build).is_dir()


def test_two_builders_take_turns() -> None:
    inside = threading.Semaphore(1)
    made: list[Path] = []

    def build(into: Path) -> None:
        assert inside.acquire(blocking=False)
        made.append(into)
        inside.release()

    threads = [threading.Thread(target=cache.fetch, args=("thing", build)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_who_waited_for_a_removed_lock_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    entered: list[bool] = []

    def wait_and_enter() -> None:
        with cache.locked(path):
            entered.append(path.exists())

    with cache.locked(path):
        thread = threading.Thread(target=wait_and_enter)
        thread.start()
        path.unlink()
    thread.join()
    assert entered == [True]


def test_a_program_of_a_killed_holder_keeps_the_lock(tmp_path: Path) -> None:
    path, done = tmp_path / "lock", tmp_path / "done"
    holder = (
        "import os, pathlib, signal, subprocess, sys\n"
        "from lab import cache, commands\n"
        "with cache.locked(pathlib.Path(sys.argv[1])):\n"
        "    code = 'import pathlib, sys; sys.stdin.read(); pathlib.Path(sys.argv[1]).touch()'\n"
        "    subprocess.Popen([sys.executable, '-c', code, sys.argv[2]],"
        " close_fds=commands.KEEP_LOCKS)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(cache.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path), str(done)],
        stdin=subprocess.PIPE,
        env=environment,
    ) as killed:
        killed.wait()
        with path.open("w") as handle, pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert killed.stdin is not None
        killed.stdin.close()
        with cache.locked(path):
            assert done.exists()
