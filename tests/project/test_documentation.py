"""What the project documents about itself agrees with what it is."""

from __future__ import annotations

from project import tree
from project.rules_page import page


def test_every_rule_is_documented() -> None:
    """``make docs`` brings the page up to date."""
    assert (tree.REPOSITORY / "docs/rules.md").read_text(encoding="utf-8") == page()
