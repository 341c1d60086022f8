# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and wishes from which the tests of the sysctl plans are made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils.acts import (
    FileImage,
    SetKernel,
    WriteFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.formats import keyed
from ansible_collections.limitwise.host.plugins.module_utils.formats.sysctl_conf import canonical
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.files import (
    ConfFile,
    with_content,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.sysctl.state import (
    NOBODY,
    OWN,
    SYSTEMD,
    Live,
    State,
)
from ansible_collections.limitwise.host.plugins.module_utils.ledger import EMPTY
from ansible_collections.limitwise.host.plugins.module_utils.own_file import header
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item

SWAPPINESS = "vm.swappiness"  # exact


THREADS = "kernel.threads-max"  # floor


PID_MAX = "kernel.pid_max"  # floor


MAIN = "/etc/sysctl.conf"


SCRIPT = "/boot/config/go"


def items(**wanted: Any) -> List[Item]:
    """Items by keyword; two underscores stand for a dot."""
    return [
        Item("sysctl", "", canonical(name.replace("__", ".")), value)
        for name, value in wanted.items()
    ]


def wanted(values: Dict[str, Any]) -> List[Item]:
    return [Item("sysctl", "", canonical(name), value) for name, value in values.items()]


def image(text: str) -> FileImage:
    return FileImage(text.encode())


def conf(path: str, text: str, real: Optional[str] = None) -> ConfFile:
    return ConfFile(path, real or path, image(text))


def ours(**values: Any) -> FileImage:
    lines = "".join(f"{name.replace('__', '.')} = {value}\n" for name, value in values.items())
    return FileImage(header("fleet") + lines.encode())


def state(
    live: Dict[str, Any],
    own: Optional[FileImage] = None,
    others: Tuple[ConfFile, ...] = (),
    boot: str = SYSTEMD,
    **more: Any,
) -> State:
    """A running host; ``live`` gives values, Live objects, or None for a key that is absent."""
    keys = {}
    for name, given_value in live.items():
        keys[canonical(name)] = given_value if isinstance(given_value, Live) else Live(
            None if given_value is None else str(given_value), exists=given_value is not None
        )
    return State(
        running=True, boot=boot, own=own, files=with_content(others, OWN, own), keys=keys,
        kernel=(6, 12), systemd=boot == SYSTEMD, **more,
    )


def kernel_writes(made: Plan) -> Dict[str, str]:
    return {act.path: act.after for act in made.acts if isinstance(act, SetKernel)}


def file_after(made: Plan, path: str = OWN) -> Optional[Dict[str, str]]:
    """What a file holds after the plan; None when the plan does not write it, {} when removed."""
    for act in made.acts:
        if isinstance(act, WriteFile) and act.path == path:
            return keyed.values("sysctl_conf", act.after.data) if act.after is not None else {}
    return None


def codes(made: Plan) -> List[str]:
    return [finding.code for finding in made.findings]


def ledger_of(**originals: str) -> Any:
    return EMPTY.composed(
        [SetKernel("sysctl", canonical(name.replace("__", ".")), value, "x")
         for name, value in originals.items()]
        + [WriteFile("sysctl", OWN, None, None, "sysctl_conf")]
    )


DEBIAN_12 = (
    conf("/etc/sysctl.d/99-sysctl.conf", "vm.swappiness=60\n", MAIN),
    conf(MAIN, "vm.swappiness=60\n"),
)


def script_state(text: Optional[str], live: Dict[str, Any]) -> State:
    script = FileImage(text.encode(), 0o755) if text is not None else None
    return state(live, boot=NOBODY, script_path=SCRIPT, script=script)


def script_after(made: Plan) -> Optional[FileImage]:
    (write,) = [act for act in made.acts if isinstance(act, WriteFile)]
    assert write.path == SCRIPT
    return write.after


BLOCK = (
    "# BEGIN limitwise sysctl (owner: fleet)\n"
    "printf '%s\\n' '10' > '/proc/sys/vm/swappiness'\n"
    "# END limitwise sysctl\n"
)


NAMES = (THREADS, PID_MAX, SWAPPINESS, "vm.max_map_count", "fs.aio-max-nr", "vm.dirty_ratio")


NUMBERS = st.integers(1000, 4000000)


MAPS = st.dictionaries(st.sampled_from(NAMES), NUMBERS)


def performed(host: State, made: Plan) -> State:
    """The state after the acts of a plan."""
    keys = dict(host.keys)
    files, own = host.files, host.own
    for act in made.acts:
        if isinstance(act, SetKernel):
            keys[act.path] = replace(keys[act.path], value=act.after)
        elif isinstance(act, WriteFile):
            files = with_content(files, act.path, act.after)
            own = act.after if act.path == OWN else own
    return replace(host, keys=keys, files=files, own=own)
