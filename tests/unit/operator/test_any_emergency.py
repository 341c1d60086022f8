"""Any history of remediation, a few hundred of them: see rehearsal.hospital; make soak has more."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from rehearsal.hospital import HospitalMachine


class TestAnyEmergency(HospitalMachine.TestCase):
    settings = settings(
        max_examples=40,
        stateful_step_count=40,
        suppress_health_check=[HealthCheck.too_slow],
    )
