"""What our custom resource definitions share: one version, cluster scope, a status of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..meta import API_VERSION, GROUP, VERSION
from .shapes import Schema


@dataclass(frozen=True)
class Kind:
    """One kind: its names, its schema below apiVersion and kind, and what `kubectl get` prints.

    A column is a title, a type of OpenAPI, a JSON path, and what it tells.
    """

    kind: str
    plural: str
    short: str
    description: str
    spec: Schema
    status: Schema
    columns: Sequence[tuple[str, str, str, str]]


def definition(kind: Kind) -> dict[str, Any]:
    """The CustomResourceDefinition."""
    schema = {
        "description": kind.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"{API_VERSION}."},
            "kind": {"type": "string", "description": f"{kind.kind}."},
            "metadata": {"type": "object"},
            "spec": kind.spec,
            "status": kind.status,
        },
    }
    columns = [
        {"name": name, "type": type_, "jsonPath": path, "description": description}
        for name, type_, path, description in kind.columns
    ]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{GROUP}",
            "labels": {"app.kubernetes.io/name": "limitwise"},
        },
        "spec": {
            "group": GROUP,
            "scope": "Cluster",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
                "shortNames": [kind.short],
                "categories": ["limitwise"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        *columns,
                        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                    ],
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
