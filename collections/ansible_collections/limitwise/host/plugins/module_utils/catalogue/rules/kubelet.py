# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about the kubelet's configuration (LW8nn)."""

from __future__ import annotations

from .rule import Rule

LAYER = "kubelet"

NO_CONFIG = Rule(
    "LW801", "kubelet-no-config", LAYER, "error",
    "the kubelet is started without a configuration file of its own: {found}",
    "Flags alone cannot be tuned: give the kubelet --config with a file, or --config-dir.",
)
BROKEN = Rule(
    "LW802", "kubelet-config-unreadable", LAYER, "error",
    "cannot be edited safely: {found}",
    "Nothing is written into a file whose meaning is not certain: an edit could lose what stands "
    "in it, and the kubelet does not start with a file it cannot read.",
)
UNKNOWN_KEY = Rule(
    "LW803", "kubelet-key-unknown", LAYER, "error",
    "{found}: {reason}",
    "The kubelet decodes its file strictly and does not start with a field it does not know.",
)
WRONG_VALUE = Rule(
    "LW804", "kubelet-value", LAYER, "error",
    "{what}: {found}",
    "A value of the wrong type or range keeps the kubelet from starting: the node is lost.",
)
FLAG_WINS = Rule(
    "LW805", "kubelet-flag-wins", LAYER, "error",
    "{what} has no effect: the flag {found} of {by} wins over every file",
    "The kubelet parses its flags once more over the configuration it has read (kubernetes#56171); "
    "a flag for a map (--system-reserved, --eviction-hard) replaces the whole map.",
)
OVERRIDDEN = Rule(
    "LW806", "kubelet-overridden", LAYER, "error",
    "{what} is {found} here, which is read after ours: {wanted} has no effect",
    "Files of the drop-in directory are merged in the order of their names; the last one wins.",
)
IN_THE_WAY = Rule(
    "LW807", "kubelet-value-in-the-way", LAYER, "error",
    "{what} cannot be set: {found} is no map in the file",
    "Setting a key below it would throw away a value of somebody else.",
)
OLD_PODS = Rule(
    "LW808", "pods-keep-their-limit", LAYER, "warning",
    "{count} pods started under another podPidsLimit and keep it until they are made anew: {found}",
    "The kubelet writes a pod's pids.max once, when it makes the pod's cgroup.",
)
KUBEPODS_BEHIND = Rule(
    "LW809", "kubepods-behind", LAYER, "warning",
    "all pods together have pids.max {found}; a kubelet that starts now gives them {wanted}",
    "The kubelet computes kubepods' pids.max when it starts: the smaller of pid_max and "
    "threads-max, less what is reserved. Raising the sysctls alone leaves pods where they were "
    "(Azure/AKS#2279).",
)
DEFAULTS_KEPT = Rule(
    "LW810", "eviction-defaults-kept", LAYER, "info",
    "the kubelet's own eviction thresholds are written beside pid.available: {found}",
    "A file that sets evictionHard replaces the kubelet's defaults as a whole: setting "
    "pid.available alone would switch off eviction for memory and disks.",
)
NOT_TOLD = Rule(
    "LW811", "kubelet-restart-by-hand", LAYER, "warning",
    "nothing on this host restarts the running kubelet: it is no unit of systemd",
    "The new configuration is read when the kubelet starts; restart it by hand.",
)

RULES = (
    NO_CONFIG, BROKEN, UNKNOWN_KEY, WRONG_VALUE, FLAG_WINS, OVERRIDDEN, IN_THE_WAY, OLD_PODS,
    KUBEPODS_BEHIND, DEFAULTS_KEPT, NOT_TOLD,
)
