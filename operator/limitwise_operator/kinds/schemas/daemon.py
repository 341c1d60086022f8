"""The layer of Docker's daemon.json: the keys that are limits."""

from __future__ import annotations

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.classes import REFUSED
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.docker_nested import ULIMITS
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.docker_table import KEYS

from .shapes import Schema, boolean, either, listing, mapping, record, text, whole

SETTABLE = {key.name: key for key in KEYS if key.klass != REFUSED}

_INT32 = (-(2**31), 2**31 - 1)
_SIZE = r"^-?[0-9]+(\.[0-9]+)? ?([kmgtpKMGTP]?[iI]?[bB]?)$"
_DISK = r"^([0-9]{1,3}%|-?[0-9]+(\.[0-9]+)? ?([kmgtpKMGTP]?[iI]?[bB]?))$"
_ADDRESS = r"^[0-9A-Fa-f.:]+/[0-9]{1,3}$"


def _ulimits(description: str) -> Schema:
    number = "{} limit; -1 is none."
    one = record(
        "One ulimit.",
        {
            "Name": text("The same name again.", longest=16),
            "Soft": whole(number.format("Soft"), -1),
            "Hard": whole(number.format("Hard"), -1),
        },
        ("Name", "Soft", "Hard"),
    )
    properties = {name: {**one, "description": f"The ulimit {name}."} for name in ULIMITS}
    return record(description, properties)


def _pools(description: str) -> Schema:
    one = record(
        "One pool.",
        {
            "base": text("Address range, such as 10.200.0.0/13.", longest=64, pattern=_ADDRESS),
            "size": whole("Prefix length of each network made of it, such as 24.", 0, 128),
        },
        ("base", "size"),
    )
    return listing(description, one, most=32)


def _builder(description: str) -> Schema:
    def disk(what: str) -> Schema:
        return either(f"{what}: a size such as 20GB, or a share such as 10%.", _DISK)

    policy = record(
        "One rule; what an entry leaves out keeps BuildKit's default.",
        {
            "all": boolean("Whether it concerns internal and shared records too."),
            "filter": listing(
                "Which records, such as unused-for=48h.", text("A filter."), most=16
            ),
            "keepStorage": disk("Cache kept (Docker 27 and older)"),
            "reservedSpace": disk("Cache always kept"),
            "maxUsedSpace": disk("Most cache"),
            "minFreeSpace": disk("Free space that is aimed at"),
        },
    )
    gc = record(
        "Collection of what the cache no longer needs.",
        {
            "enabled": boolean("Whether it runs."),
            "defaultKeepStorage": disk("Cache kept (Docker 27 and older)"),
            "defaultReservedSpace": disk("Cache always kept"),
            "defaultMaxUsedSpace": disk("Most cache"),
            "defaultMinFreeSpace": disk("Free space that is aimed at"),
            "policy": listing("Rules in order.", policy, most=16),
        },
    )
    history = record(
        "Records of past builds.",
        {
            "maxAge": either("How long they are kept, such as 48h."),
            "maxEntries": whole("Most of them.", -(2**63)),
        },
    )
    return record(description, {"gc": gc, "history": history})


def _number(description: str, low: int = _INT32[0]) -> Schema:
    return whole(description, low, _INT32[1])


_VALUES = {
    "default-ulimits": _ulimits,
    "default-shm-size": lambda words: either(f"{words} Such as 128M.", _SIZE),
    "default-address-pools": _pools,
    "bip": lambda words: text(words, longest=64, pattern=_ADDRESS),
    "cgroup-parent": lambda words: text(words, pattern=r"^[^\s\x00-\x1f\x7f]+$"),
    "exec-opts": lambda words: listing(
        words,
        text("An option.", pattern=r"^ *native\.cgroupdriver *= *(systemd|cgroupfs) *$"),
        most=4,
    ),
    "cpu-rt-period": lambda words: whole(words, -(2**63)),
    "cpu-rt-runtime": lambda words: whole(words, -(2**63)),
    "max-concurrent-downloads": lambda words: _number(words, 0),
    "max-concurrent-uploads": lambda words: _number(words, 0),
    "max-download-attempts": lambda words: _number(words, 0),
    "shutdown-timeout": _number,
    "default-stop-timeout": _number,
    "log-driver": lambda words: text(words, pattern=r"^[A-Za-z0-9._/:-]*$"),
    "log-opts": lambda words: mapping(
        f"{words} Every value is a string, numbers too.", text("An option's value."), most=32
    ),
    "live-restore": boolean,
    "userland-proxy": boolean,
    "init": boolean,
    "builder": _builder,
    "oom-score-adjust": _number,
}
"""Key to the maker of its schema; a test checks that it covers the catalogue's settable ones."""


def _description(name: str) -> str:
    key = SETTABLE[name]
    words = f"{key.doc[0].upper()}{key.doc[1:]}. Read by dockerd with a {key.effect}"
    words += ", for new containers." if key.applies_to == "new-containers" else "."
    if key.since:
        words += f" Docker {key.since} and newer."
    return words + (f" Docker {key.until} and older." if key.until else "")


def daemon() -> Schema:
    """The layer; keys that decide who controls dockerd or what it runs are no properties."""
    return record(
        "Keys of /etc/docker/daemon.json, merged into the file; its other keys stay. For nodes that"
        " run Docker beside or below the kubelet; others leave it out with a warning.",
        {name: make(_description(name)) for name, make in _VALUES.items()},
    )
