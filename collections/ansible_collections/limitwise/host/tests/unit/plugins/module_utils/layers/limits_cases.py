# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and wishes from which the tests of the limits plans are made."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from hypothesis import strategies as st

from ansible_collections.limitwise.host.plugins.module_utils import own_file
from ansible_collections.limitwise.host.plugins.module_utils.acts import FileImage, WriteFile
from ansible_collections.limitwise.host.plugins.module_utils.layers.base import Context, Plan
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.accounts import (
    read_accounts,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.facts import Facts
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.layer import (
    LimitsLayer,
    State,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.plan import (
    OWN,
    ConfFile,
)
from ansible_collections.limitwise.host.plugins.module_utils.tuning import Item, read

MAIN = "/etc/security/limits.conf"


EARLY = "/etc/security/limits.d/20-nproc.conf"


LATE = "/etc/security/limits.d/zzz-local.conf"


ORDER = (MAIN, EARLY, OWN, LATE)


LAYER = LimitsLayer()


CONTEXT = Context()


DEBIAN = Facts(
    version=(1, 7, 0),
    root_is_exempt=True,
    nr_open=1048576,
    accounts=read_accounts(
        b"root:x:0:0::/:/bin/sh\napp:x:1001:1001::/:/bin/sh\nstud:x:1002:1002::/:/bin/sh\n",
        b"app:x:1001:\nstud:x:1002:\nstudent:x:2000:stud\nfaculty:x:2001:\n",
        b"",
    ),
)


def items(*texts: str) -> Tuple[Item, ...]:
    """``* - nofile 5`` as the tuning's items."""
    entries = [dict(zip(("domain", "type", "item", "value"), text.split(" "))) for text in texts]
    tuning, findings = read({"limits": entries})
    assert not findings
    return tuning.of("limits")


def conf(path: str, text: str) -> ConfFile:
    data = text.encode()
    return ConfFile(path, data, FileImage(data))


def own(*lines: str, owner: str = "fleet") -> str:
    return own_file.header(owner).decode() + "".join(line + "\n" for line in lines)


def state(files: Dict[str, str], facts: Facts = DEBIAN, **use: int) -> State:
    in_order = [path for path in ORDER if path in files]
    return State(tuple(conf(path, files[path]) for path in in_order), facts, tuple(use.items()))


def plan(
    files: Dict[str, str], wanted: Sequence[str], context: Context = CONTEXT, **use: int
) -> Plan:
    return LAYER.plan(state(files, DEBIAN, **use), items(*wanted), context)


def written(plan: Plan, path: str = OWN) -> Optional[List[str]]:
    """The lines that the plan leaves in a file, comments left out; None: it isn't touched."""
    for act in plan.acts:
        if isinstance(act, WriteFile) and act.path == path:
            text = act.after.data.decode() if act.after is not None else ""
            return [line for line in text.splitlines() if not line.startswith("#")]
    return None


def done(files: Dict[str, str], made: Plan) -> Dict[str, str]:
    """The files after the plan's acts."""
    after = dict(files)
    for act in made.acts:
        assert isinstance(act, WriteFile)
        if act.after is None:
            del after[act.path]
        else:
            after[act.path] = act.after.data.decode()
    return after


def codes(plan: Plan, severity: str = "error") -> List[str]:
    return [finding.code for finding in plan.findings if finding.severity == severity]


WANTED = ["* - nofile 65536", "@student hard nproc 4096", "root - nofile 65536"]


VALUES = st.sampled_from(["1", "4096", "65536", "unlimited"])


DOMAINS = st.sampled_from(["*", "@student", "stud", "app", "1000:1001", "root"])


LINE = st.builds(
    "{} {} {} {}".format, DOMAINS, st.sampled_from(["soft", "hard", "-"]),
    st.sampled_from(["nofile", "nproc", "core"]), VALUES,
)  # fmt: skip


def without_contradictions(lines: List[str]) -> List[str]:
    """The first line of each domain and item, as hard and soft at once."""
    first: Dict[Tuple[str, str], str] = {}
    for line in lines:
        domain, _kind, item, value = line.split(" ")
        first.setdefault((domain, item), f"{domain} - {item} {value}")
    return list(first.values())
