"""The limits layer on real kernels: what PAM logins get, against what we say they get."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.accounts import (
    Accounts,
    read_accounts,
)
from ansible_collections.limitwise.host.plugins.module_utils.layers.limits.effective import (
    Chain,
    read_source,
    winner,
)
from e2e.on_guest import ask, change, codes, install
from lab.host import Host
from lab.pytest_fleet import HostMaker

pytest_plugins = ["lab.pytest_fleet"]

OWN = "/etc/security/limits.d/zz-limitwise.conf"
MAIN = "/etc/security/limits.conf"
LATE = "/etc/security/limits.d/zzz-local.conf"
# Soft and hard descriptors, soft and hard processes.
SHOW = "ulimit -Sn; ulimit -Hn; ulimit -Su; ulimit -Hu"


@pytest.fixture
def guest(fresh_host: HostMaker) -> Host:
    """A fresh Debian 13 with the engine on it."""
    host = fresh_host()
    install(host)
    return host


def limit(domain: str, kind: str, item: str, value: Any) -> dict[str, Any]:
    return {"domain": domain, "type": kind, "item": item, "value": value}


def session(host: Host, user: str) -> list[str]:
    """The limits that a new ssh login of a user gets."""
    return host.login(user, SHOW).stdout.split()


def su(host: Host, user: str) -> list[str]:
    return host.run(["su", "-", user, "-c", SHOW]).stdout.split()


def files(host: Host) -> str:
    """Name, inode, times and content of every file that pam_limits reads."""
    return host.run(
        "find /etc/security -type f -printf '%p %i %m %T@ %C@\\n' -exec sha256sum {} +"
    ).stdout


TUNING = {
    "limits": [
        limit("*", "-", "nofile", 65536),
        limit("*", "hard", "nproc", 1400),
        limit("@student", "hard", "nproc", 900),
        limit("app", "soft", "nproc", 300),
        limit("root", "-", "nofile", 70000),
    ]
}


def test_a_host_broken_as_in_case_1(guest: Host) -> None:
    """The typos are named, logins get what is wanted, a reboot keeps it, rollback takes it back."""
    guest.write(MAIN, "# limits\n* - noproc 65536\n* hard nofiles 65536\nsoft nproc 65536\n")
    before, at_first = files(guest), session(guest, "app")

    plan = ask(guest, "plan", TUNING)
    assert plan["ok"], plan
    typos = {one["line"]: one for one in plan["findings"] if one["file"] == MAIN}
    assert [(typos[line]["code"], typos[line]["fixed_line"]) for line in (2, 3, 4)] == [
        ("LW102", "* - nproc 65536"),
        ("LW102", "* hard nofile 65536"),
        ("LW104", "* soft nproc 65536"),
    ]
    assert files(guest) == before

    done = ask(guest, "apply", TUNING)
    assert done["ok"], done
    wanted = ["65536", "65536", "300", "1400"]
    assert session(guest, "app") == wanted
    assert su(guest, "app") == wanted
    assert session(guest, "stud1")[3] == "900"
    assert session(guest, "root")[:2] == ["70000", "70000"]
    shown = guest.login("app", ["cat", "/proc/self/limits"]).stdout
    assert [line.split()[3:5] for line in shown.splitlines() if "Max open files" in line] == [
        ["65536", "65536"]
    ]
    one = change(done, "app", "soft nproc")
    assert (one["before"], one["after"], one["persistent"]) == (None, "300", "300")
    assert (one["applies_to"], one["takes_effect"], one["file"]) == ("new-sessions", "none", OWN)
    assert guest.read(OWN).splitlines()[one["line"] - 1] == "app soft nproc 300"

    settled = files(guest)
    again = ask(guest, "apply", TUNING)
    assert (again["ok"], again["changes"], again["run_id"]) == (True, [], None)
    assert files(guest) == settled
    assert ask(guest, "verify", TUNING)["ok"]

    guest.reboot()
    assert session(guest, "app") == wanted

    assert ask(guest, "rollback", run="last")["ok"]
    assert files(guest) == before
    assert session(guest, "app") == at_first


def test_a_later_file_stops_the_run_until_it_is_taken_over(guest: Host) -> None:
    guest.write(LATE, "# ours\n* hard nofile 4096 # low\napp - as unlimited\n", mode=0o640)
    before = files(guest)
    wanted = {"limits": [limit("*", "hard", "nofile", 65536)]}

    refused = ask(guest, "apply", wanted)
    assert not refused["ok"]
    (stop,) = [one for one in refused["findings"] if one["severity"] == "error"]
    assert (stop["code"], stop["file"], stop["line"]) == ("LW116", LATE, 2)
    assert files(guest) == before
    assert session(guest, "app")[1] == "4096"

    assert ask(guest, "apply", wanted, options={"takeover": [LATE]})["ok"]
    assert session(guest, "app")[1] == "65536"
    assert guest.read(LATE) == (
        "# ours\n# limitwise took over: * hard nofile 4096 # low\napp - as unlimited\n"
    )
    assert ask(guest, "rollback", run="last")["ok"]
    assert session(guest, "app")[1] == "4096"
    assert guest.run(["stat", "-c", "%a", LATE]).stdout.strip() == "640"


def test_nofile_above_nr_open_is_refused_and_goes_with_a_higher_nr_open(guest: Host) -> None:
    guest.run(["sysctl", "-qw", "fs.nr_open=1048576"])
    limits = [limit("app", "-", "nofile", 2000000)]
    before, at_first = files(guest), session(guest, "app")
    refused = ask(guest, "apply", {"limits": limits})
    assert codes(refused) >= {"LW501"}
    assert not refused["ok"]
    assert files(guest) == before

    # what the finding says happens without it: the kernel refuses, and Debian goes on
    guest.write(LATE, "app - nofile 2000000\n")
    assert session(guest, "app") == at_first
    guest.run(["journalctl", "--sync"])
    told = guest.run("journalctl -q --no-pager | grep 'Could not set limit'").stdout
    assert "Operation not permitted" in told
    guest.run(["rm", LATE])

    done = ask(guest, "apply", {"limits": limits, "sysctl": {"fs.nr_open": 2000000}})
    assert done["ok"], done
    assert session(guest, "app")[:2] == ["2000000", "2000000"]


def test_nproc_below_present_use_is_refused(guest: Host) -> None:
    guest.run(
        ["systemd-run", "--quiet", "--uid=app", "--unit=crowd", "sh", "-c",
         "for i in $(seq 150); do sleep 1000 & done; wait"]
    )  # fmt: skip
    guest.run("until [ $(pgrep -c -u app sleep) = 150 ]; do sleep 0.2; done", timeout=240)
    wanted = {"limits": [limit("app", "hard", "nproc", 170)]}
    refused = ask(guest, "apply", wanted)
    (stop,) = [one for one in refused["findings"] if one["severity"] == "error"]
    assert stop["code"] == "LW602"
    assert ask(guest, "apply", wanted, options={"force": True})["ok"]
    assert session(guest, "app")[3] == "170"


# --- what we say against what Linux-PAM does ----------------------------------------------------

USERS = ("app", "stud1", "root")
DOMAINS = (
    "*", "app", "stud1", "root", "@student", "@app", "@root", "1001:", ":1001", "1000:1001",
    ":0", "@:2000", "@1001:1002", "@2000:2000", "%", "%student", "a:b", "*soft", "stranger",
)  # fmt: skip
TYPES = ("soft", "hard", "-", "-", "HARD", "harf")
VALUES = (
    "700", "800", "900", "1000", "1100k", "950 words", "unlimited", "-1", "Infinity", "lots",
    "unlimited words",
)  # fmt: skip
NO_LIMITS = ("app -", "@student -", ":1001 -", "* -", "root -")
CASES = 40
VERSIONS = {"trixie": (1, 7, 0), "bookworm": (1, 5, 2)}


def some_lines(dice: random.Random) -> str:
    lines = []
    for _ in range(dice.randint(1, 7)):
        item = dice.choice(("nofile", "nproc", "NPROC", "noproc"))
        lines.append(
            f"{dice.choice(DOMAINS)} {dice.choice(TYPES)} {item} {dice.choice(VALUES)}"
        )
    if dice.random() < 0.15:
        lines.insert(dice.randint(0, len(lines)), dice.choice(NO_LIMITS))
    return "".join(line + dice.choice(("\n", "\n", "\r\n", " # x\n")) for line in lines)


def expected(
    chain: Chain, accounts: Accounts, user: str, at_first: list[str], top: str
) -> list[str]:
    """What a login would show, by our reading; ``top``: what unlimited descriptors become."""
    (account,) = [one for one in accounts.users if one.name == user]
    numbers = []
    for item, first in (("nofile", at_first[:2]), ("nproc", at_first[2:])):
        pair = []
        for kind, inherited in zip(("soft", "hard"), first, strict=True):
            found = winner(chain, account, kind, item, True)
            value = found.value if found is not None else inherited
            if value == "unlimited":
                value = top if item == "nofile" else str(2**64)
            pair.append(int(value))
        numbers += [min(pair), pair[1]]
    return ["unlimited" if number == 2**64 else str(number) for number in numbers]


@pytest.mark.parametrize("image", list(VERSIONS))
def test_who_wins_is_what_pam_limits_decides(fresh_host: HostMaker, image: str) -> None:
    """Random limits.conf and limits.d files: every user's session has what we say."""
    host = fresh_host(image=image)
    dice = random.Random(2027)
    cases = [[some_lines(dice), some_lines(dice)] for _ in range(CASES)]
    host.write("/root/cases.json", json.dumps(cases))
    host.write("/root/run.py", RUN_CASES)
    host.run("rm -f /etc/security/limits.d/*; : > " + MAIN)
    told = json.loads(host.run(["python3", "/root/run.py"], timeout=300).stdout)
    accounts = read_accounts(
        host.read("/etc/passwd").encode(), host.read("/etc/group").encode(), b""
    )
    top = host.read("/proc/sys/fs/nr_open").strip()
    version = VERSIONS[image]
    wrong = []
    for case, got in zip(cases, told["cases"], strict=True):
        chain = (
            read_source(MAIN, case[0].encode(), version),
            read_source(LATE, case[1].encode(), version),
        )
        for user in USERS:
            want = expected(chain, accounts, user, told["first"][user], top)
            if got[user] != want:
                wrong.append((case, user, got[user], want))
    assert wrong == []


RUN_CASES = f"""
import json, subprocess
USERS = {USERS!r}
def show(user):
    script = "ulimit -Sn; ulimit -Hn; grep processes /proc/self/limits"
    argv = ["su", user, "-s", "/bin/sh", "-c", script]
    words = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    return words[:2] + words[4:6]
first = {{user: show(user) for user in USERS}}
found = []
for main, late in json.load(open("/root/cases.json")):
    open({MAIN!r}, "w").write(main)
    open({LATE!r}, "w").write(late)
    found.append({{user: show(user) for user in USERS}})
print(json.dumps({{"first": first, "cases": found}}))
"""
