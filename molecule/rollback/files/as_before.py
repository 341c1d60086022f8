"""Keeps what a host is, or says how it differs from that: as_before.py keep|compare FILE."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from snapshot import differences, snapshot


def main() -> int:
    """Exit status 1, with a line per difference, when the host is not as it was kept."""
    verb, name = sys.argv[1:]
    if verb == "keep":
        Path(name).write_text(json.dumps(snapshot()), encoding="utf-8")
        return 0
    found = differences("now", json.loads(Path(name).read_text(encoding="utf-8")), snapshot())
    print("\n".join(line[:300] for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
