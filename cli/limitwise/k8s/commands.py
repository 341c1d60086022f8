# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands `k8s status` and `k8s explain`: where a cluster is read, and how it is shown."""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
from typing import Any, Dict, Tuple

from . import explain, files, live, page, picture, show_explain, show_status
from .objects import Cluster

Shown = Tuple[Dict[str, Any], str, bool]
"""The document, its text, and whether something needs a person."""


def status(arguments: argparse.Namespace) -> Shown:
    """The picture of the cluster."""
    told = picture.picture(_cluster(arguments, ""))
    wanted = arguments.format == "text"
    return told, show_status.show(told, page.page()) if wanted else "", bool(told["needs"])


def explain_node(arguments: argparse.Namespace) -> Shown:
    """One node."""
    told = explain.explain(_cluster(arguments, arguments.node), arguments.node)
    wanted = arguments.format == "text"
    return told, show_explain.show(told, page.page()) if wanted else "", bool(told["needs"])


def _cluster(arguments: argparse.Namespace, node: str) -> Cluster:
    """All of it, or as much as concerns that node."""
    now = datetime.now(timezone.utc)
    if arguments.files:
        return files.read(arguments.files, now)
    where = live.Where(arguments.kubeconfig, arguments.context, arguments.namespace, node)
    return live.read(where, now)
