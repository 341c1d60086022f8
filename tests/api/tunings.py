"""Objects of our kinds as tests want them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cluster.api import Api, Body
from limitwise_operator.kinds.meta import API_VERSION, GROUP, VERSION
from limitwise_operator.kinds.node_remediation import Cause, RemediationSpec, body_of
from limitwise_operator.kinds.remediation_policy import Rules

TUNINGS = f"/apis/{GROUP}/{VERSION}/nodetunings"
STATES = f"/apis/{GROUP}/{VERSION}/nodetuningstates"
POLICIES = f"/apis/{GROUP}/{VERSION}/remediationpolicies"
REMEDIATIONS = f"/apis/{GROUP}/{VERSION}/noderemediations"
STRICT = {"fieldValidation": "Strict"}
ALL = {"all": True}
REVISION = "0123456789ab"


def node_tuning(name: str = "base", **spec: Any) -> Body:
    """A NodeTuning of all nodes with one sysctl, but for what `spec` says."""
    whole = {"nodeSelector": ALL, "tuning": {"sysctl": {"kernel.pid_max": 4194304}}, **spec}
    return {
        "apiVersion": API_VERSION,
        "kind": "NodeTuning",
        "metadata": {"name": name},
        "spec": {key: value for key, value in whole.items() if value is not None},
    }


def node_tuning_state(name: str = "h1", **spec: Any) -> Body:
    """A NodeTuningState with an empty tuning."""
    return {
        "apiVersion": API_VERSION,
        "kind": "NodeTuningState",
        "metadata": {"name": name},
        "spec": {"nodeUID": "uid-" + name, "revision": REVISION, "tuning": {}, **spec},
    }


def remediation_policy(name: str = "base", **spec: Any) -> Body:
    """A RemediationPolicy of all nodes for PIDPressure, but for what `spec` says."""
    triggers = [{"name": "pids", "condition": {"type": "PIDPressure"}}]
    whole = {"nodeSelector": ALL, "triggers": triggers, **spec}
    return {
        "apiVersion": API_VERSION,
        "kind": "RemediationPolicy",
        "metadata": {"name": name},
        "spec": {key: value for key, value in whole.items() if value is not None},
    }


def node_remediation(node: str = "h1") -> Body:
    """A NodeRemediation as the operator makes it."""
    since = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    rules = Rules.from_dict(remediation_policy()["spec"])
    cause = Cause("pids", since, "condition PIDPressure is True")
    return body_of(RemediationSpec(node, f"uid-{node}", "base", "uid-base", cause, rules))


def served(api: Api) -> bool:
    """Whether all kinds can be listed: just after a change of a definition they may not be."""
    kinds = (TUNINGS, STATES, POLICIES, REMEDIATIONS)
    return all(api.request("GET", path).status == 200 for path in kinds)
