"""Many thousand histories of a cluster: budgets hold, plans repeat, all ends well."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from rehearsal.machine import ClusterMachine


class TestAnyHistory(ClusterMachine.TestCase):
    settings = settings(
        max_examples=5000,
        stateful_step_count=60,
        suppress_health_check=[HealthCheck.too_slow],
    )
