"""NodeTunings and NodeTuningStates as tests want them."""

from __future__ import annotations

from typing import Any

from cluster.api import Api, Body
from limitwise_operator.kinds.meta import API_VERSION, GROUP, VERSION

TUNINGS = f"/apis/{GROUP}/{VERSION}/nodetunings"
STATES = f"/apis/{GROUP}/{VERSION}/nodetuningstates"
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


def served(api: Api) -> bool:
    """Whether both kinds can be listed: just after a change of a definition they may not be."""
    return all(api.request("GET", path).status == 200 for path in (TUNINGS, STATES))
