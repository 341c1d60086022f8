"""The layer of limits.conf: what pam_limits gives to sessions."""

from __future__ import annotations

from ansible_collections.limitwise.host.plugins.module_utils.catalogue.classes import REFUSED
from ansible_collections.limitwise.host.plugins.module_utils.catalogue.limits import ITEMS, TYPES

from .shapes import Schema, choice, either, listing, record, text

SETTABLE = tuple(item for item in ITEMS if item.klass != REFUSED)


def logins(*, merged_by_key: bool) -> Schema:
    """The layer; in a document that people write, entries are told apart by domain, type, item."""
    items = "; ".join(
        f"{item.name}: {item.doc}" + (f" ({item.unit})" if item.unit else "") for item in SETTABLE
    )
    fields = {
        "domain": text(
            "Whom it is for: a user, @group, * (everybody but root), uid ranges 1000:2000 or"
            " @100:200, %group for maxlogins. On Debian * and groups do not apply to root.",
            longest=64,
            pattern=r"^[^\s\x00-\x1f\x7f]+$",
        ),
        "type": choice("soft, hard, or - for both.", *TYPES),
        "item": choice(f"What is limited. {items}.", *(item.name for item in SETTABLE)),
        "value": either(
            "A number in the item's unit, unlimited (or -1, infinity), or a nice level.",
            r"^(-|unlimited|infinity|[+-]?[0-9]{1,20})$",
        ),
    }
    return listing(
        "Limits of login sessions (ssh, cron, su) by pam_limits. Never of services or pods: those"
        " are limited in units. Lands in /etc/security/limits.d/zz-limitwise.conf; sessions opened"
        " after it have them.",
        record("One limit of somebody's sessions.", fields, tuple(fields)),
        most=256,
        keys=("domain", "type", "item") if merged_by_key else (),
    )
