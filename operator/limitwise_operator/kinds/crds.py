"""The custom resource definitions as files: `python -m limitwise_operator.kinds.crds FOLDER...`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from .schemas.custom_resource import definition
from .schemas.node_remediation import node_remediation
from .schemas.node_tuning import node_tuning
from .schemas.node_tuning_state import node_tuning_state
from .schemas.remediation_policy import remediation_policy

HEAD = "# Made from the engine's catalogue with `make crds`.\n"


def definitions() -> tuple[dict[str, Any], ...]:
    """Every definition."""
    kinds = (node_tuning(), node_tuning_state(), remediation_policy(), node_remediation())
    return tuple(definition(kind) for kind in kinds)


def files() -> Iterator[tuple[str, str]]:
    """Name and content of each file."""
    for each in definitions():
        group, plural = each["spec"]["group"], each["spec"]["names"]["plural"]
        yield f"{group}_{plural}.yaml", HEAD + _yaml(each)


def _yaml(document: Any) -> str:
    class Dumper(yaml.SafeDumper):
        """Every value written out: the API server refuses no anchors, but people lose their way."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    return yaml.dump(document, Dumper=Dumper, sort_keys=False, width=100, allow_unicode=True)


def main(folders: Sequence[str]) -> None:
    """Write every definition into each folder."""
    for folder in map(Path, folders):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files():
            (folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
