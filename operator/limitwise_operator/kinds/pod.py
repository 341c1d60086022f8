"""A Pod, stripped to what a drain must know; pods are listed for one node and never cached."""

from __future__ import annotations

from dataclasses import dataclass

from . import fields
from .fields import Body
from .meta import KindError

MIRROR = "kubernetes.io/config.mirror"
FINISHED = ("Succeeded", "Failed")
NO = "false"
# Priority of system-cluster-critical; system-node-critical is above it.
CRITICAL = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Pod:
    """``controller``: the kind of the controlling owner, empty for a pod that nothing replaces;
    ``opted_out``: annotations and labels of value "false".
    """

    namespace: str
    name: str
    uid: str
    node: str
    controller: str = ""
    mirror: bool = False
    finished: bool = False
    terminating: bool = False
    empty_dir: bool = False
    priority: int = 0
    opted_out: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_dict(cls, body: Body) -> Pod:
        """From a Pod as the API gives it; KindError for one without name or uid."""
        metadata = fields.mapping(body, "metadata")
        name = fields.text(metadata, "name", where="metadata")
        uid = fields.text(metadata, "uid", where="metadata")
        if not name or not uid:
            raise KindError(f"Pod {name!r} has no name or no uid")
        spec = fields.mapping(body, "spec")
        owners = [
            fields.text(owner, "kind")
            for owner in fields.maps(metadata, "ownerReferences", "metadata")
            if owner.get("controller") is True
        ]
        return cls(
            namespace=fields.text(metadata, "namespace", where="metadata"),
            name=name,
            uid=uid,
            node=fields.text(spec, "nodeName", where="spec"),
            controller=owners[0] if owners else "",
            mirror=MIRROR in fields.mapping(metadata, "annotations", "metadata"),
            finished=fields.text(fields.mapping(body, "status"), "phase") in FINISHED,
            terminating=metadata.get("deletionTimestamp") is not None,
            empty_dir=any("emptyDir" in volume for volume in fields.maps(spec, "volumes", "spec")),
            priority=fields.number(spec, "priority", where="spec"),
            opted_out=tuple(
                name
                for key in ("annotations", "labels")
                for name, value in fields.texts(metadata, key, "metadata").items()
                if value == NO
            ),
            labels=tuple(fields.texts(metadata, "labels", "metadata").items()),
        )

    @property
    def path(self) -> str:
        """How a person names it: ``namespace/name``."""
        return f"{self.namespace}/{self.name}"
