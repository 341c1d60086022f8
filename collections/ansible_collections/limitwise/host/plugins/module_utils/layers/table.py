# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers that are built, in the order in which they are planned."""

from __future__ import annotations

from typing import Any, Dict

from .base import Layer
from .docker.layer import DockerDaemonLayer
from .kubelet.layer import KubeletLayer
from .limits.layer import LimitsLayer
from .sysctl.layer import SysctlLayer
from .units.slices import SlicesLayer
from .units.units import UnitsLayer

LAYERS: Dict[str, Layer[Any]] = {
    layer.name: layer
    for layer in (
        SysctlLayer(), LimitsLayer(), SlicesLayer(), UnitsLayer(), DockerDaemonLayer(),
        KubeletLayer(),
    )
}
