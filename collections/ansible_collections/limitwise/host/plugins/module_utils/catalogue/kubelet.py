# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits in a KubeletConfiguration, and looking them up; a key is named by its JSON pointer.

Sources: k8s.io/kubelet v0.36.3 config/v1beta1/types.go; Kubernetes 1.36.3 pkg/kubelet/apis/config
(defaults, validation), pkg/kubelet/eviction, pkg/kubelet/cm, cmd/kubelet/app/server.go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Optional, Tuple

from .classes import CAP, EXACT
from .problem import ERROR, NAME, Problem
from .suggest import nearest

NUMBER, QUANTITY, THRESHOLD = "number", "quantity", "threshold"
DIGITS = re.compile(r"-?[0-9]{1,19}")
PERCENT = re.compile(r"([0-9]{1,3})(?:\.[0-9]+)?%")


@dataclass(frozen=True)
class KubeletKey:
    """One limit. ``kind``: a NUMBER, or what the file has as text: a QUANTITY, a THRESHOLD.

    ``flag`` sets it too, or the whole map that it is in; ``default`` is what the kubelet takes when
    it is unset; ``since``: the release from which the kubelet heeds it without a feature gate.
    """

    pointer: str
    kind: str
    klass: str
    doc: str
    flag: str
    default: Optional[str] = None
    smallest: int = 0
    largest: int = 2**63 - 1
    since: Optional[str] = None

    @property
    def wanted(self) -> str:
        """What a right value is, for people."""
        if self.kind == THRESHOLD:
            return "a number or a percentage such as 10%"
        most = f" to {self.largest}" if self.largest < 2**63 - 1 else " or more"
        return f"a whole number, {self.smallest}{most}"


_RESERVED = "PIDs kept from pods for {}: kubepods gets so many less than the host has"
_PIDS = 4194304  # PID_MAX_LIMIT (include/linux/threads.h)

KEYS: Tuple[KubeletKey, ...] = (
    KubeletKey(
        "/podPidsLimit", NUMBER, CAP, "most PIDs of each pod started from then on; -1 is none",
        "pod-max-pids", "-1", -1, since="1.14",
    ),
    KubeletKey(
        "/maxPods", NUMBER, CAP, "most pods of the node", "max-pods", "110", 1, 2**31 - 1
    ),
    KubeletKey(
        "/systemReserved/pid", QUANTITY, EXACT, _RESERVED.format("the host's own services"),
        "system-reserved", largest=_PIDS, since="1.15",
    ),
    KubeletKey(
        "/kubeReserved/pid", QUANTITY, EXACT, _RESERVED.format("kubelet and container runtime"),
        "kube-reserved", largest=_PIDS, since="1.15",
    ),
    KubeletKey(
        "/evictionHard/pid.available", THRESHOLD, EXACT,
        "free PIDs (of the smaller of threads-max and pid_max) below which pods are evicted",
        "eviction-hard", largest=_PIDS,
    ),
)
_BY_POINTER: Dict[str, KubeletKey] = {key.pointer: key for key in KEYS}
_MAPS = {key.pointer.split("/")[1] for key in KEYS if key.pointer.count("/") == 2}

# A file that sets evictionHard replaces these as a whole (pkg/kubelet/eviction/defaults_linux.go)
# unless it has mergeDefaultEvictionSettings.
EVICTION_DEFAULTS: Dict[str, str] = {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "15%",
    "imagefs.inodesFree": "5%",
}

# Every field of a KubeletConfiguration.
FIELDS = frozenset((
    "address", "allowedUnsafeSysctls", "apiVersion", "authentication", "authorization",
    "cgroupDriver", "cgroupRoot", "cgroupsPerQOS", "clusterDNS", "clusterDomain",
    "configMapAndSecretChangeDetectionStrategy", "containerLogMaxFiles", "containerLogMaxSize",
    "containerLogMaxWorkers", "containerLogMonitorInterval", "containerRuntimeEndpoint",
    "contentType", "cpuCFSQuota", "cpuCFSQuotaPeriod", "cpuManagerPolicy",
    "cpuManagerPolicyOptions", "cpuManagerReconcilePeriod", "crashLoopBackOff",
    "enableContentionProfiling", "enableControllerAttachDetach", "enableDebugFlagsHandler",
    "enableDebuggingHandlers", "enableProfilingHandler", "enableServer", "enableSystemLogHandler",
    "enableSystemLogQuery", "enforceNodeAllocatable", "eventBurst", "eventRecordQPS",
    "evictionHard", "evictionMaxPodGracePeriod", "evictionMinimumReclaim",
    "evictionPressureTransitionPeriod", "evictionSoft", "evictionSoftGracePeriod", "failCgroupV1",
    "failSwapOn", "featureGates", "fileCheckFrequency", "hairpinMode", "healthzBindAddress",
    "healthzPort", "httpCheckFrequency", "imageGCHighThresholdPercent",
    "imageGCLowThresholdPercent", "imageMaximumGCAge", "imageMinimumGCAge",
    "imagePullCredentialsVerificationPolicy", "imageServiceEndpoint", "iptablesDropBit",
    "iptablesMasqueradeBit", "kernelMemcgNotification", "kind", "kubeAPIBurst", "kubeAPIQPS",
    "kubeletCgroups", "kubeReserved", "kubeReservedCgroup", "localStorageCapacityIsolation",
    "logging", "makeIPTablesUtilChains", "maxOpenFiles", "maxParallelImagePulls", "maxPods",
    "memoryManagerPolicy", "memoryReservationPolicy", "memorySwap", "memoryThrottlingFactor",
    "mergeDefaultEvictionSettings", "nodeLeaseDurationSeconds", "nodeStatusMaxImages",
    "nodeStatusReportFrequency", "nodeStatusUpdateFrequency", "oomScoreAdj", "podCIDR",
    "podLogsDir", "podPidsLimit", "podsPerCore", "port", "preloadedImagesVerificationAllowlist",
    "protectKernelDefaults", "providerID", "qosReserved", "readOnlyPort", "registerNode",
    "registerWithTaints", "registryBurst", "registryPullQPS", "reservedMemory",
    "reservedSystemCPUs", "resolvConf", "rotateCertificates", "runOnce", "runtimeRequestTimeout",
    "seccompDefault", "serializeImagePulls", "serverTLSBootstrap", "showHiddenMetricsForVersion",
    "shutdownGracePeriod", "shutdownGracePeriodByPodPriority", "shutdownGracePeriodCriticalPods",
    "singleProcessOOMKill", "staticPodPath", "staticPodURL", "staticPodURLHeader",
    "streamingConnectionIdleTimeout", "syncFrequency", "systemCgroups", "systemReserved",
    "systemReservedCgroup", "tlsCertFile", "tlsCipherSuites", "tlsCurvePreferences",
    "tlsMinVersion", "tlsPrivateKeyFile", "topologyManagerPolicy", "topologyManagerPolicyOptions",
    "topologyManagerScope", "tracing", "userNamespaces", "volumePluginDir", "volumeStatsAggPeriod",
))


def lookup(pointer: str) -> Optional[KubeletKey]:
    """The limit at a JSON pointer; None for everything else."""
    return _BY_POINTER.get(pointer)


def top(pointer: str) -> str:
    """The field of the configuration that a pointer leads into."""
    return pointer.split("/")[1].replace("~1", "/").replace("~0", "~")


def refusal(pointer: str) -> Optional[Problem]:
    """Why a tuning may not set what a pointer names; None when it may."""
    if pointer in _BY_POINTER:
        return None
    name = top(pointer)
    if name not in FIELDS:
        message = f"the kubelet knows no {name!r}: it does not start with it"
        return Problem(ERROR, message, nearest(name, FIELDS), pointer, NAME)
    if name in _MAPS:
        own = [key.pointer for key in KEYS if top(key.pointer) == name]
        message = "of this map a tuning may set its PIDs alone"
        return Problem(ERROR, message, own[0], pointer)
    return Problem(ERROR, "it decides how the node runs, not how much it may use", None, pointer)


def check_value(key: KubeletKey, value: object) -> Optional[Problem]:
    """What is wrong with a value; None when nothing is."""
    text = str(value)
    right = isinstance(value, (int, str)) and not isinstance(value, bool) and _fits(key, text)
    if key.pointer == "/podPidsLimit" and text == "0":
        return Problem(ERROR, "0 is no limit at all", "-1", key.pointer)
    if right:
        return None
    return Problem(ERROR, f"{text!r} is not {key.wanted}", None, key.pointer)


def _fits(key: KubeletKey, text: str) -> bool:
    if key.kind == THRESHOLD:
        share = PERCENT.fullmatch(text)
        if share is not None:
            return int(share.group(1)) <= 100
    return DIGITS.fullmatch(text) is not None and key.smallest <= int(text) <= key.largest
