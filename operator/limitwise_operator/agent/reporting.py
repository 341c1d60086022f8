"""The status in the API: what is there, what shall be there, and the one write that tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from ..effects.answers import ConflictError, MissingError
from ..effects.door import Body
from ..kinds.meta import KindError
from ..kinds.node_tuning_state import StateStatus


class States(Protocol):
    """What is asked of the API."""

    def get_state(self, name: str) -> Body:
        """One NodeTuningState; MissingError when there is none."""

    def replace_state_status(self, name: str, version: int | None, status: Body) -> Body:
        """The whole status, if the object is still at `version`."""


@dataclass
class Reporting:
    """``body`` is the object as it was last seen; ``status`` is what shall be told.

    The agent is the only one who writes the status: a conflict means that the operator has written
    the spec meanwhile.
    """

    states: States
    name: str
    body: Body | None = None
    status: StateStatus = field(default_factory=StateStatus)
    writes: int = 0

    def see(self, body: Body | None) -> None:
        """The object is this now. What was to be told of the same object still is."""
        old, self.body = self.body, body
        if body is None:
            self.status = StateStatus()
            return
        same = old is not None and old["metadata"].get("uid") == body["metadata"].get("uid")
        if not same or _status(old) != _status(body):
            self.status = read(body)

    @property
    def dirty(self) -> bool:
        """Whether something is to be told."""
        return self.body is not None and self.status.to_dict() != known(self.body)

    def flush(self) -> None:
        """Tell it, if there is anything. Raises ApiError; a ConflictError after looking again."""
        if self.body is None or not self.dirty:
            return
        version = int(self.body["metadata"]["resourceVersion"])
        try:
            self.writes += 1
            self.body = self.states.replace_state_status(
                self.name, version, self.status.to_dict()
            )
        except ConflictError:
            self.see(self.states.get_state(self.name))
            raise
        except MissingError:
            self.see(None)

    def newer(self, body: Body | None) -> bool:
        """Whether what a watch says is not older than what an answer of the API has said."""
        if body is None or self.body is None:
            return True
        if body["metadata"].get("uid") != self.body["metadata"].get("uid"):
            return True
        return int(body["metadata"]["resourceVersion"]) >= int(
            self.body["metadata"]["resourceVersion"]
        )


def known(body: Body) -> dict[str, Any]:
    """The status that the API has, in the form in which ours is compared with it."""
    return read(body).to_dict()


def read(body: Body) -> StateStatus:
    """The status of an object; an empty one where it is none that an agent has written."""
    try:
        return StateStatus.from_dict(_status(body))
    except KindError:
        return StateStatus()


def _status(body: Body | None) -> Any:
    return (body or {}).get("status") or {}
