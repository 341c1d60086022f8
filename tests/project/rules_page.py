"""The reference page of all rules, made from the engine's table and written to the output."""

from __future__ import annotations

import re
import sys

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.rules.rule import Rule
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.rules.table import ALL

HEAD = """\
# Rules

What `limitwise lint`, `plan` and the modules can find, by code. `{words}` in a message stand for
what was found. This page is made from the engine's own table with `make docs`.
"""


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, *(_entry(rule) for rule in sorted(ALL, key=lambda rule: rule.code))])


def _entry(rule: Rule) -> str:
    message = re.sub(r"\{(\w+)(![rs])?(:[^}]*)?\}", r"{\1}", rule.message)
    return (
        f"## {rule.code} {rule.name}\n\n"
        f"Layer {rule.layer}, {rule.severity}: `{message}`\n\n{rule.why}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(page())
