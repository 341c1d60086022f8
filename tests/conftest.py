"""What every top-level test shares: the repository's root and which tests this user can run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from cluster import binaries

# Real-kernel hosts, a real API server and whole clusters for any test that asks for one.
pytest_plugins = ["lab.pytest_fleet", "cluster.pytest_cluster", "cluster.pytest_nodes"]

# A noisy machine makes a time limit per example a coin toss. CI tries the same examples each
# time, so that it judges the change; new ones are tried everywhere else, and by make soak.
IN_CI = "LIMITWISE_CI" in os.environ and "LIMITWISE_SOAK" not in os.environ
settings.register_profile("limitwise", deadline=None, print_blob=True, derandomize=IN_CI)
settings.load_profile("limitwise")

CLUSTER = binaries.missing("kube-apiserver", "etcd", "kubectl")
WHOLE_CLUSTER = binaries.missing("kube-controller-manager", "kwok")
PACKAGING = binaries.missing("helm", "promtool")
# Tests that install what the chart makes, or judge its alerts.
PACKAGED = ("agent", "chart", "monitoring", "operator_rbac", "rights")
ON_GUESTS = "" if os.geteuid() == 0 else "it needs root"

# Only root can have guests with kernels of their own, a control plane needs Go or its programs,
# and soak tests run when asked for. What cannot run is not collected: a skip would look like a
# result. In CI a cluster that cannot be had is no reason to leave its tests out: they fail.
NOT_COLLECTED = {
    "e2e": ON_GUESTS,
    "soak": "" if "LIMITWISE_SOAK" in os.environ else "it needs LIMITWISE_SOAK=1 (make soak)",
} | (
    {"nodes": ON_GUESTS}
    if "LIMITWISE_CI" in os.environ
    else {
        "nodes": ON_GUESTS or CLUSTER or WHOLE_CLUSTER,
        "api": CLUSTER,
        "api/test_whole_cluster.py": WHOLE_CLUSTER,
        **{f"api/test_{name}.py": PACKAGING for name in PACKAGED},
    }
)
collect_ignore = [name for name, reason in NOT_COLLECTED.items() if reason]

# Real nodes stand until their worker's last test and take a fifth of the machine meanwhile: what
# needs them comes last, so that nothing else runs beside them.
IN_ORDER = ("api", "molecule", "project", "e2e", "nodes", "soak")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Quick tests first, then folder after folder; workers take files in this order."""
    here = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        folder = item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""
        return IN_ORDER.index(folder) + 1 if folder in IN_ORDER else 0

    items.sort(key=turn)


def pytest_report_header() -> list[str]:
    """Say what is left out, so that a green run as a plain user is not taken for the whole."""
    return [f"not collected: tests/{name}: {NOT_COLLECTED[name]}" for name in collect_ignore]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root folder."""
    return Path(__file__).resolve().parents[1]
