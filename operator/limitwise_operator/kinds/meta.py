"""The names that objects and nodes share: group, kinds, finalizer, taints, phases."""

from __future__ import annotations

from ansible_collections.limitwise.host.plugins.module_utils.findings import InputError

GROUP = "limitwise.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
NAMESPACE = "limitwise-system"

NODE_TUNING = "NodeTuning"
NODE_TUNINGS = "nodetunings"
NODE_TUNING_STATE = "NodeTuningState"
NODE_TUNING_STATES = "nodetuningstates"
REMEDIATION_POLICY = "RemediationPolicy"
REMEDIATION_POLICIES = "remediationpolicies"
NODE_REMEDIATION = "NodeRemediation"
NODE_REMEDIATIONS = "noderemediations"

FINALIZER = f"{GROUP}/restore"
# On a NodeRemediation and on a policy in use: neither goes before its node is given back.
REMEDIATION_FINALIZER = f"{GROUP}/give-back"
# A new node registers itself with it; the operator takes it off once the node is at its target.
STARTUP_TAINT = f"{GROUP}/untuned"
# A node that we cordoned carries both: the taint keeps pods away, the annotation says who and why.
DRAIN_TAINT = f"{GROUP}/drain"
CORDON_ANNOTATION = f"{GROUP}/cordon"
NO_SCHEDULE = "NoSchedule"

ENFORCE = "Enforce"
REPORT = "Report"
MODES = (ENFORCE, REPORT)

RESTORE = "Restore"
KEEP = "Keep"
ON_DELETE = (RESTORE, KEEP)

NEVER = "Never"
ALLOWED = "Allowed"
AFTER_DRAIN = "AfterDrain"
RESTARTS = (NEVER, AFTER_DRAIN, ALLOWED)
REBOOTS = (NEVER,)

# A drain that did not end in time is Blocked: the node is in service again, to be tried later.
DRAINING = "Draining"
GRANTED = "Granted"
BLOCKED = "Blocked"
RESTART_PHASES = (DRAINING, GRANTED, BLOCKED)


class KindError(InputError):
    """An object that is not of the shape its kind has: which object, which field, what it holds."""
