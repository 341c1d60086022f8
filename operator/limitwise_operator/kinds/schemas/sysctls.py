"""The layer of sysctls, and CEL that refuses the dangerous ones in either spelling.

Refused here are those that run programs or code, and those whose writing is an act: no list of
the node's may allow them to a cluster's objects. All others that are no limits are the engine's to
refuse, since /etc/limitwise/allow on a node, or the chart's agent.allow, may name them.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.sysctl import lookup
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.sysctl_table_refused import (
    REFUSED_KEYS,
)

from .shapes import Schema, either, mapping, rule, ruled

NEVER = ("kernel/core_pattern", "kernel/modules_disabled", "vm/drop_caches")
"""One key of each group that is refused here, whatever a node allows."""


def refused_groups() -> dict[str, tuple[str, ...]]:
    """The catalogue's reason for each refused group, and the paths in it."""
    reasons = [key.doc for path in NEVER if (key := lookup(path))]
    return {
        reason: tuple(key.path for key in REFUSED_KEYS if key.doc == reason) for reason in reasons
    }


def _spellings(paths: Iterable[str]) -> list[str]:
    return [spelled for path in paths for spelled in (path.replace("/", "."), path)]


def expression(paths: Iterable[str]) -> str:
    """CEL over the map's keys: none of these paths, nor anything below a tree of them."""
    given = tuple(paths)
    names = [path for path in given if not path.endswith("/**")]
    trees = [path.removesuffix("**") for path in given if path.endswith("/**")]
    listed = ", ".join(f"'{name}'" for name in _spellings(names))
    below = [f"name.startsWith('{tree}')" for tree in _spellings(trees)]
    return f"self.all(name, !({' || '.join([f'name in [{listed}]', *below])}))"


def sysctls(*, judged: bool) -> Schema:
    """The layer; with CEL in the document that people write."""
    rules = [
        rule(
            expression(paths),
            f"one of these sysctls is no limit: {reason}; no NodeTuning may set it",
        )
        for reason, paths in refused_groups().items()
    ]
    layer = mapping(
        "Kernel parameters below /proc/sys by name, dots or slashes: kernel.pid_max,"
        " fs.inotify.max_user_watches. Limits are only ever raised, and never set below present"
        " use. Lands in /etc/sysctl.d/zz-limitwise.conf and takes effect at once, in the host's"
        " own namespaces. Keys that are no limits are refused.",
        either("The wanted value: a number, or text as the kernel reads it.", longest=4096),
        most=512,
    )
    return ruled(layer, *rules) if judged else layer
