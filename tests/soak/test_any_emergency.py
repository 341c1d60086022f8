"""Any history of remediation, thousands of them: see rehearsal.hospital."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from rehearsal.hospital import HospitalMachine


class TestAnyEmergency(HospitalMachine.TestCase):
    settings = settings(
        max_examples=3000,
        stateful_step_count=60,
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
