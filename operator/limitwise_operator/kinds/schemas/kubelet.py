"""The layer of the kubelet's own configuration: the PID limits that only it can raise for good."""

from __future__ import annotations

from .shapes import Schema, either, record, whole


def kubelet() -> Schema:
    """The layer."""
    reserved = "PIDs kept free of pods for {}: so many does kubepods get less than the host has."
    pids = r"^[0-9]{1,10}$"
    return record(
        "PID limits in the kubelet's configuration. It writes kubepods' and the pods' pids.max from"
        " them, so writing those cgroups by other means does not last. Needs a restart of the"
        " kubelet, which spec.disruption has to allow; pods that ran before keep their limit.",
        {
            "podPidsLimit": whole("Most PIDs of each pod started after it; -1 is none.", -1),
            "maxPods": whole("Most pods of the node.", 1, 2**31 - 1),
            "systemReserved": record(
                "What is reserved for the host's own services.",
                {"pid": either(reserved.format("the host's own services"), pids, minimum=0)},
            ),
            "kubeReserved": record(
                "What is reserved for the kubelet and the container runtime.",
                {"pid": either(reserved.format("kubelet and runtime"), pids, minimum=0)},
            ),
            "evictionHard": record(
                "When the kubelet evicts pods at once. Setting one signal keeps the others that the"
                " node has configured.",
                {
                    "pid.available": either(
                        "Free PIDs below which pods are evicted: a number or a share such as 10%."
                        " Kubernetes has none by default.",
                        r"^([0-9]{1,10}|[0-9]{1,3}(\.[0-9]+)?%)$",
                        minimum=0,
                    )
                },
            ),
        },
    )
