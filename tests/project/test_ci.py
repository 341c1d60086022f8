"""What CI runs ends with pytest's closing line and fails whenever make does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from project import tree


@pytest.mark.parametrize(
    ("closing", "status"),
    [
        ("=== 9 passed in 1.00s ===", 0),
        ("=== 1 failed, 8 passed in 1.00s ===", 2),
        ("=== no tests ran in 0.01s ===", 2),
        ("lab: cannot start", 2),
    ],
)
def test_closing_line_and_status(tmp_path: Path, closing: str, status: int) -> None:
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "$@"\necho "{closing}"\necho make: >&2\nexit {status}\n')
    make.chmod(0o755)
    done = subprocess.run(
        [tree.REPOSITORY / ".ci/run"],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert lines[0] == "--no-print-directory test"
    assert lines[-1] == closing
    assert done.returncode == status
