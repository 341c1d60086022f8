"""What the project documents about itself agrees with what it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from project import kinds_page, metrics_page, rules_page, tree

PAGES = {
    "docs/rules.md": rules_page.page,
    "docs/reference/kinds.md": kinds_page.page,
    "docs/reference/metrics.md": metrics_page.page,
}


@pytest.mark.parametrize(("path", "page"), PAGES.items(), ids=PAGES)
def test_pages_made_of_tables_are_current(path: str, page: Callable[[], str]) -> None:
    """``make docs`` brings them up to date."""
    assert (tree.REPOSITORY / path).read_text(encoding="utf-8") == page()
