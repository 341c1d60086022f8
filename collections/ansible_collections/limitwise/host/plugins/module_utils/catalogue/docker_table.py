# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every key of daemon.json that dockerd 20.10 to 29 knows.

Sources: daemon/config, daemon/reload*.go and cmd/dockerd/config*.go of moby 20.10.27, 23.0.15,
24.0.9, 25.0.8, 26.1.5, 27.5.1, 28.5.2 and 29.
"""

from __future__ import annotations

from functools import partial
from typing import Dict, Tuple

from .classes import EXACT, FLOOR, REFUSED
from .docker_key import NEW_CONTAINERS, RELOAD, DaemonKey
from .docker_nested import builder, default_ulimits, log_options
from .docker_values import (
    address,
    address_pools,
    anything,
    boolean,
    exec_option,
    interface,
    list_of,
    map_of,
    mirror,
    one_of,
    ram_size,
    record,
    text,
    whole,
)

_ACCESS = "it decides who controls dockerd, which is root"
_PROGRAM = "it decides which program runs as root"
_SECURITY = "it is a security setting"
_STORAGE = "changing it hides every image and container"
_NETWORK = "it is about how containers reach the network"
_OPERATION = "it is about running dockerd, not a limit"

_limit = partial(DaemonKey, klass=EXACT)
_no = partial(DaemonKey, klass=REFUSED)
_texts = list_of(text)
_INT = whole(-(2**31), 2**31 - 1)
_COUNT = whole(0, 2**31 - 1)
_I64 = whole(-(2**63), 2**63 - 1)

_LIMITS: Tuple[DaemonKey, ...] = (
    DaemonKey(
        "default-ulimits",
        default_ulimits,
        FLOOR,
        "rlimits of new containers",
        flag="default-ulimit",
        applies_to=NEW_CONTAINERS,
    ),
    DaemonKey(
        "default-shm-size",
        ram_size,
        FLOOR,
        "bytes of /dev/shm of new containers",
        effect=RELOAD,
        applies_to=NEW_CONTAINERS,
    ),
    _limit(
        "default-address-pools",
        address_pools,
        doc="address space of new networks",
        flag="default-address-pool",
        applies_to=NEW_CONTAINERS,
    ),
    _limit("bip", interface, doc="address and size of the default bridge"),
    _limit(
        "cgroup-parent", text, doc="cgroup or slice of new containers", applies_to=NEW_CONTAINERS
    ),
    _limit(
        "exec-opts",
        list_of(exec_option),
        doc="cgroup driver",
        flag="exec-opt",
        applies_to=NEW_CONTAINERS,
    ),
    _limit("cpu-rt-period", _I64, doc="microseconds of a real-time period (cgroup v1)"),
    _limit("cpu-rt-runtime", _I64, doc="microseconds of real time in it (cgroup v1)"),
    _limit("max-concurrent-downloads", _COUNT, doc="layers pulled at a time", effect=RELOAD),
    _limit("max-concurrent-uploads", _COUNT, doc="layers pushed at a time", effect=RELOAD),
    _limit("max-download-attempts", _COUNT, doc="tries of a pull", effect=RELOAD),
    _limit(
        "shutdown-timeout", _INT, doc="seconds containers get when dockerd stops", effect=RELOAD
    ),
    _limit(
        "default-stop-timeout",
        _INT,
        doc="seconds a container gets to stop",
        effect=RELOAD,
        applies_to=NEW_CONTAINERS,
        since="29.0",
    ),
    _limit(
        "log-driver", text, doc="where the output of new containers goes", applies_to=NEW_CONTAINERS
    ),
    _limit(
        "log-opts",
        log_options,
        doc="sizes of the logs of new containers",
        flag="log-opt",
        applies_to=NEW_CONTAINERS,
    ),
    _limit("live-restore", boolean, doc="containers outlive dockerd", effect=RELOAD),
    _limit("userland-proxy", boolean, doc="one process for each published port"),
    _limit(
        "init",
        boolean,
        doc="an init reaps the processes of new containers",
        applies_to=NEW_CONTAINERS,
    ),
    _limit(
        "builder", builder, doc="disk space of the build cache", refused_parts=("entitlements",)
    ),
    _limit("oom-score-adjust", _INT, doc="OOM score of dockerd", until="25.0"),
)

_DAEMON: Tuple[DaemonKey, ...] = (
    _no("hosts", _texts, doc=_ACCESS, flag="host", short="H"),
    _no("group", text, doc=_ACCESS, short="G"),
    _no("tls", boolean, doc=_ACCESS),
    _no("tlsverify", boolean, doc=_ACCESS),
    _no("tlscacert", text, doc=_ACCESS),
    _no("tlscert", text, doc=_ACCESS),
    _no("tlskey", text, doc=_ACCESS),
    _no("api-cors-header", text, doc=_ACCESS, until="27.5"),
    _no("authorization-plugins", _texts, doc=_ACCESS, flag="authorization-plugin", effect=RELOAD),
    _no("min-api-version", text, doc=_ACCESS, since="29.0"),
    _no("metrics-addr", text, doc=_ACCESS),
    _no("network-diagnostic-port", whole(0, 65535), doc=_ACCESS, effect=RELOAD),
    _no(
        "runtimes",
        map_of(anything),
        doc=_PROGRAM,
        flag="add-runtime",
        effect=RELOAD,
        flag_may_repeat=True,
    ),
    _no("default-runtime", text, doc=_PROGRAM, effect=RELOAD),
    _no("init-path", text, doc=_PROGRAM),
    _no("userland-proxy-path", text, doc=_PROGRAM),
    _no("containerd", text, doc=_PROGRAM),
    _no("containerd-namespace", text, doc=_PROGRAM),
    _no("cri-containerd", boolean, doc=_PROGRAM),
    _no("extension-dirs", _texts, doc=_PROGRAM, since="29.0"),
    _no("extension-config", anything, doc=_PROGRAM, since="29.0"),
    _no(
        "nri-opts",
        record(
            {
                "enable": boolean,
                "plugin-path": text,
                "plugin-config-path": text,
                "socket-path": text,
            }
        ),
        doc=_PROGRAM,
        effect=RELOAD,
        since="29.0",
    ),
    _no("data-root", text, doc=_STORAGE),
    _no("graph", text, doc=_STORAGE, short="g", until="20.10", replacement="data-root"),
    _no("exec-root", text, doc=_STORAGE),
    _no("storage-driver", text, doc=_STORAGE, short="s"),
    _no("storage-opts", _texts, doc=_STORAGE, flag="storage-opt"),
    _no("pidfile", text, doc=_OPERATION, short="p"),
    _no("debug", boolean, doc=_OPERATION, short="D", effect=RELOAD),
    _no(
        "log-level",
        one_of("debug", "info", "warn", "error", "fatal", "panic", "trace"),
        doc=_OPERATION,
        short="l",
    ),
    _no("log-format", one_of("text", "json"), doc=_OPERATION, since="25.0"),
    _no("raw-logs", boolean, doc=_OPERATION),
    _no("labels", _texts, doc=_OPERATION, flag="label", effect=RELOAD),
    _no("features", map_of(boolean), doc=_OPERATION, flag="feature", effect=RELOAD),
    _no("experimental", boolean, doc=_OPERATION),
    _no("rootless", boolean, doc=_OPERATION),
    _no("node-generic-resources", _texts, doc=_OPERATION, flag="node-generic-resource"),
    _no("swarm-default-advertise-addr", text, doc=_OPERATION),
    _no("cluster-store", text, doc=_OPERATION, until="20.10"),
    _no("cluster-advertise", text, doc=_OPERATION, until="20.10"),
    _no(
        "cluster-store-opts", map_of(text), doc=_OPERATION, flag="cluster-store-opt", until="20.10"
    ),
    _no("deprecated-key-path", text, doc=_OPERATION, until="23.0"),
)

_CONTAINERS: Tuple[DaemonKey, ...] = (
    _no("selinux-enabled", boolean, doc=_SECURITY),
    _no("userns-remap", text, doc=_SECURITY),
    _no("seccomp-profile", text, doc=_SECURITY),
    _no("apparmor-profile", text, doc=_SECURITY, since="29.0"),
    _no("no-new-privileges", boolean, doc=_SECURITY),
    _no("default-ipc-mode", one_of("private", "shareable"), doc=_SECURITY),
    _no("default-cgroupns-mode", one_of("private", "host"), doc=_SECURITY),
    _no("cdi-spec-dirs", _texts, doc=_SECURITY, flag="cdi-spec-dir", since="25.0"),
    _no("insecure-registries", _texts, doc=_SECURITY, flag="insecure-registry", effect=RELOAD),
    _no("registry-mirrors", list_of(mirror), doc=_SECURITY, flag="registry-mirror", effect=RELOAD),
    _no("allow-nondistributable-artifacts", _texts, doc=_SECURITY, effect=RELOAD, until="27.5"),
    _no(
        "proxies",
        record({"http-proxy": text, "https-proxy": text, "no-proxy": text}),
        doc=_NETWORK,
        since="23.0",
    ),
)

_NETWORKS: Tuple[DaemonKey, ...] = (
    _no("bridge", text, doc=_NETWORK, short="b"),
    _no("bip6", interface, doc=_NETWORK, since="28.0"),
    _no("fixed-cidr", interface, doc=_NETWORK),
    _no("fixed-cidr-v6", interface, doc=_NETWORK),
    _no("default-gateway", address, doc=_NETWORK),
    _no("default-gateway-v6", address, doc=_NETWORK),
    _no("ip", address, doc=_NETWORK),
    _no("mtu", whole(0, 65536), doc=_NETWORK),
    _no("icc", boolean, doc=_NETWORK),
    _no("iptables", boolean, doc=_NETWORK),
    _no("ip6tables", boolean, doc=_NETWORK),
    _no("ip-forward", boolean, doc=_NETWORK),
    _no("ip-forward-no-drop", boolean, doc=_NETWORK, since="28.0"),
    _no("ip-masq", boolean, doc=_NETWORK),
    _no("ipv6", boolean, doc=_NETWORK),
    _no("allow-direct-routing", boolean, doc=_NETWORK, since="28.0"),
    _no("bridge-accept-fwmark", text, doc=_NETWORK, since="29.0"),
    _no("firewall-backend", one_of("", "iptables", "nftables"), doc=_NETWORK, since="29.0"),
    _no("dns", list_of(address), doc=_NETWORK),
    _no("dns-opts", _texts, doc=_NETWORK, flag="dns-opt"),
    _no("dns-search", _texts, doc=_NETWORK),
    _no("host-gateway-ip", address, doc=_NETWORK),
    _no("host-gateway-ips", list_of(address), doc=_NETWORK, flag="host-gateway-ip", since="28.0"),
    _no(
        "default-network-opts",
        map_of(map_of(text)),
        doc=_NETWORK,
        flag="default-network-opt",
        since="24.0",
    ),
    _no("network-control-plane-mtu", _COUNT, doc=_NETWORK),
)

KEYS: Tuple[DaemonKey, ...] = _LIMITS + _DAEMON + _CONTAINERS + _NETWORKS

IGNORED: Dict[str, str] = {
    "authorization-plugin": "authorization-plugins",
    "add-runtime": "runtimes",
    "cdi-spec-dir": "cdi-spec-dirs",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "dns-opt": "dns-opts",
    "exec-opt": "exec-opts",
    "feature": "features",
    "host": "hosts",
    "http-proxy": "proxies",
    "https-proxy": "proxies",
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "no-proxy": "proxies",
    "node-generic-resource": "node-generic-resources",
    "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts",
    "extension-dir": "extension-dirs",
}
"""Names of flags that are no keys: `dockerd --validate` lets them pass and nothing reads them."""

IGNORED_WITHOUT_KEY: Tuple[str, ...] = (
    "config-file",
    "containerd-plugins-namespace",
    "help",
    "restart",
    "validate",
    "version",
)
"""Flags that pass in the file too, and that no key stands for."""
