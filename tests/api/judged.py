"""NodeTunings that the API server takes, and those it refuses with what it says."""

from __future__ import annotations

from api.tunings import ALL
from cluster.api import Body

EVERYTHING: Body = {
    "policy": {"allow_lowering": ["kernel.pid_max"], "maximum": {"kernel.threads-max": 4194304}},
    "sysctl": {
        "kernel.threads-max": 4194304,
        "kernel/pid_max": "4194304",
        "net.ipv4.tcp_rmem": "4096\t87380 6291456",
    },
    "limits": [
        {"domain": "*", "type": "-", "item": "nofile", "value": 1048576},
        {"domain": "@student", "type": "hard", "item": "nproc", "value": "unlimited"},
    ],
    "slices": {"user-.slice": {"TasksMax": 65536, "MemoryMax": "1.5G", "CPUQuota": "400%"}},
    "units": {
        "t3-serve@.service": {"LimitNOFILE": "1024:1048576", "TasksMax": "infinity"},
        "docker.service": {"LimitNPROC": "infinity", "OOMPolicy": "continue"},
    },
    "docker_daemon": {
        "default-address-pools": [{"base": "10.200.0.0/13", "size": 24}],
        "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 1048576}},
        "live-restore": True,
    },
    "kubelet": {
        "podPidsLimit": 8192,
        "maxPods": 250,
        "systemReserved": {"pid": "1000"},
        "kubeReserved": {"pid": 1000},
        "evictionHard": {"pid.available": "10%"},
    },
}
EXPRESSION = {"key": "pool", "operator": "In", "values": ["a"]}
WINDOW = {"cron": "0 2 * * 6", "duration": "4h", "timeZone": "Europe/Berlin"}

ACCEPTED: dict[str, Body] = {
    "every layer": {"tuning": EVERYTHING},
    "a layer given back": {"tuning": {"sysctl": {}}},
    "labels": {"nodeSelector": {"matchLabels": {"kubernetes.io/arch": "amd64"}}},
    "expressions": {"nodeSelector": {"matchExpressions": [EXPRESSION]}},
    "labels and expressions": {
        "nodeSelector": {"matchLabels": {"a": ""}, "matchExpressions": [EXPRESSION]}
    },
    "highest priority": {"priority": 1000},
    "report": {"mode": "Report", "onDelete": "Keep"},
    "rollout": {
        "rollout": {
            "canary": 0,
            "maxUnavailable": "100%",
            "poolLabel": "topology.kubernetes.io/zone",
            "soak": "0s",
            "windows": [WINDOW, {"cron": "*/5 * * * *", "duration": "1m"}],
            "failureThreshold": "5%",
            "progressDeadline": "1h",
            "paused": True,
            "retry": 3,
        }
    },
    "disruption": {"disruption": {"restart": "AfterDrain", "reboot": "Never"}},
    "a limit, not its refused neighbour": {"tuning": {"sysctl": {"kernel.core_pipe_limit": 4}}},
    "what only a node may allow": {"tuning": {"sysctl": {"net.ipv4.ip_forward": 1}}},
}

EMPTY_SELECTOR = "either {all: true} or labels and expressions, and never empty"
PROGRAM = "it decides which program the kernel runs as root; no NodeTuning may set it"
CODE = "it decides which code the kernel loads; no NodeTuning may set it"


def sysctl(key: str, value: object = "1") -> Body:
    return {"tuning": {"sysctl": {key: value}}}


def unit(**directives: object) -> Body:
    return {"tuning": {"units": {"a.service": directives}}}


REFUSED: dict[str, tuple[Body, str]] = {
    "no selector": ({"nodeSelector": None}, "spec.nodeSelector: Required value"),
    "empty selector": ({"nodeSelector": {}}, EMPTY_SELECTOR),
    "all: false": ({"nodeSelector": {"all": False}}, EMPTY_SELECTOR),
    "empty labels": ({"nodeSelector": {"matchLabels": {}}}, EMPTY_SELECTOR),
    "empty expressions": ({"nodeSelector": {"matchExpressions": []}}, EMPTY_SELECTOR),
    "all and labels": ({"nodeSelector": {**ALL, "matchLabels": {"a": "b"}}}, EMPTY_SELECTOR),
    "In without values": (
        {"nodeSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
        "values are for In and NotIn",
    ),
    "Exists with values": (
        {"nodeSelector": {"matchExpressions": [{**EXPRESSION, "operator": "Exists"}]}},
        "values are for In and NotIn",
    ),
    "unknown operator": (
        {"nodeSelector": {"matchExpressions": [{**EXPRESSION, "operator": "Gt"}]}},
        'Unsupported value: "Gt"',
    ),
    "no tuning": ({"tuning": None}, "spec.tuning: Required value"),
    "empty tuning": ({"tuning": {}}, "at least 1 properties"),
    "priority too high": ({"priority": 1001}, "less than or equal to 1000"),
    "priority too low": ({"priority": -1001}, "greater than or equal to -1000"),
    "unknown mode": ({"mode": "enforce"}, 'Unsupported value: "enforce"'),
    "core_pattern": (sysctl("kernel.core_pattern", "|/bin/sh"), PROGRAM),
    "core_pattern with slashes": (sysctl("kernel/core_pattern"), PROGRAM),
    "modprobe": (sysctl("kernel.modprobe", "/tmp/x"), PROGRAM),
    "binfmt_misc": (sysctl("fs.binfmt_misc.register"), PROGRAM),
    "binfmt_misc with slashes": (sysctl("fs/binfmt_misc/register"), PROGRAM),
    "usermodehelper": (sysctl("kernel.usermodehelper.bset"), PROGRAM),
    "modules_disabled": (sysctl("kernel.modules_disabled"), CODE),
    "an act": (sysctl("vm.drop_caches", 3), "writing it is an act, not a setting"),
    "a line break in a value": (sysctl("kernel.pid_max", "1\nkernel.x = 2"), "should match"),
    "a value that is a list": (sysctl("kernel.pid_max", [1]), "in body must be of type"),
    "a fractional value": (sysctl("kernel.pid_max", 1.5), "in body must be of type"),
    "restart in policy": ({"tuning": {"policy": {"restart": "never"}}}, "spec.disruption.restart"),
    "reboot in policy": ({"tuning": {"policy": {"reboot": "never"}}}, "spec.disruption.reboot"),
    "confirm in policy": ({"tuning": {"policy": {"confirm": 60}}}, "policy.confirm is not for"),
    "boot_script in policy": (
        {"tuning": {"policy": {"boot_script": "/x"}}},
        "policy.boot_script is not for",
    ),
    "lower case size": (unit(MemoryMax="128g"), "should match"),
    "size with B": (unit(MemoryMax="2GB"), "should match"),
    "unlimited to systemd": (unit(TasksMax="unlimited"), "should match"),
    "no tasks": (unit(TasksMax=0), "greater than or equal to 1"),
    "quota without %": (unit(CPUQuota="50"), "should match"),
    "two lines in a size": (unit(MemoryMax="1G\nExecStart=/bin/sh"), "should match"),
    "weight": (unit(CPUWeight=10001), "less than or equal to 10000"),
    "unknown login item": (
        {"tuning": {"limits": [{"domain": "*", "type": "-", "item": "noproc", "value": 1}]}},
        'Unsupported value: "noproc"',
    ),
    "a refused login item": (
        {"tuning": {"limits": [{"domain": "*", "type": "-", "item": "chroot", "value": "/"}]}},
        'Unsupported value: "chroot"',
    ),
    "a domain of two words": (
        {"tuning": {"limits": [{"domain": "a b", "type": "-", "item": "core", "value": 1}]}},
        "should match",
    ),
    "a login limit twice": (
        {"tuning": {"limits": [EVERYTHING["limits"][0], EVERYTHING["limits"][0]]}},
        "Duplicate value",
    ),
    "a login limit without value": (
        {"tuning": {"limits": [{"domain": "*", "type": "-", "item": "core"}]}},
        "value: Required value",
    ),
    "a limit of no PIDs at all": ({"tuning": {"kubelet": {"podPidsLimit": 0}}}, "-1 is"),
    "more reserved than there can be": (
        {"tuning": {"kubelet": {"kubeReserved": {"pid": 4194305}}}},
        "less than or equal to 4194304",
    ),
    "too many sysctls": (
        {"tuning": {"sysctl": {f"net.core.x{number}": 1 for number in range(513)}}},
        "Too many",
    ),
    "canary of 101%": ({"rollout": {"canary": "101%"}}, "should match"),
    "nothing unavailable": ({"rollout": {"maxUnavailable": 0}}, "greater than or equal to 1"),
    "0% unavailable": ({"rollout": {"maxUnavailable": "0%"}}, "should match"),
    "a soak without unit": ({"rollout": {"soak": "30"}}, "should match"),
    "cron of four fields": (
        {"rollout": {"windows": [{**WINDOW, "cron": "0 2 * *"}]}},
        "should match",
    ),
    "a window without end": ({"rollout": {"windows": [{"cron": "0 2 * * 6"}]}}, "Required value"),
    "a pool of two words": ({"rollout": {"poolLabel": "a b"}}, "should match"),
    "reboots": ({"disruption": {"reboot": "Allowed"}}, 'Unsupported value: "Allowed"'),
}
