"""Any history of a cluster, a few hundred of them: see rehearsal.machine; make soak has more."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from rehearsal.machine import ClusterMachine


class TestAnyHistory(ClusterMachine.TestCase):
    settings = settings(
        max_examples=40,
        stateful_step_count=40,
        suppress_health_check=[HealthCheck.too_slow],
    )
