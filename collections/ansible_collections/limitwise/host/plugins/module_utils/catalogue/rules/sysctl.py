# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about sysctl (LW2nn): 20x values and names, 21x files, 22x what a host says to them."""

from __future__ import annotations

from .rule import Rule

UNKNOWN_KEY = Rule(
    "LW201", "unknown-sysctl", "sysctl", "error",
    "there is no sysctl {found!r}",
    "systemd-sysctl skips a key that it cannot find without a word, so the limit keeps its old "
    "value at every boot, while 'sysctl -p' on the same file fails (sysctl.d(5), sysctl(8)).",
)
BAD_VALUE = Rule(
    "LW202", "bad-sysctl-value", "sysctl", "error",
    "{what} cannot be {found!r}: {problem}",
    "The kernel refuses the write (EINVAL), or reads another number than the one written "
    "(proc_dointvec and its kin in kernel/sysctl.c).",
)
ODD_VALUE = Rule(
    "LW203", "odd-sysctl-value", "sysctl", "warning",
    "{what} = {found}: {problem}",
    "The kernel accepts the value, but nothing useful can come of it.",
)
REMOVED_KEY = Rule(
    "LW204", "removed-sysctl", "sysctl", "warning",
    "the last Linux that has {found} is {until}{instead}",
    "Old advice still names keys that no kernel of today has; they do nothing.",
)
READ_ONLY_KEY = Rule(
    "LW205", "read-only-sysctl", "sysctl", "error",
    "{found} is reported by the kernel and cannot be set",
    "Files below /proc/sys with mode 0444 take no value from anybody.",
)
PATTERN = Rule(
    "LW206", "sysctl-pattern", "sysctl", "error",
    "{found!r} is a pattern: a tuning names its keys one by one",
    "What a pattern matches changes with the interfaces of the host, so it cannot be read back.",
)
BOTH_OF_PAIR = Rule(
    "LW207", "both-of-a-pair", "sysctl", "error",
    "{found} and {other} are one setting in two units: keep one of them",
    "Writing dirty_bytes, dirty_background_bytes or overcommit_kbytes makes the kernel drop the "
    "ratio, and the other way round (Documentation/admin-guide/sysctl/vm.rst): the one that is "
    "written last holds, and the other reads 0.",
)

NOT_ASSIGNMENT = Rule(
    "LW211", "not-an-assignment", "sysctl", "error",
    "the line is no 'key = value' and is skipped",
    "'sysctl -p' says \"invalid syntax, continuing\" and still exits with 0; systemd-sysctl logs "
    "\"Line is not an assignment\".",
)
INLINE_COMMENT = Rule(
    "LW212", "comment-after-value", "sysctl", "error",
    "a comment starts a line of its own; here {found!r} is part of the value: {outcome}",
    "Both appliers know comments at the start of a line only and write all the rest to the "
    "kernel, which drops what follows a number and a blank and refuses what is glued to it.",
)
QUOTED = Rule(
    "LW213", "quoted-sysctl-value", "sysctl", "error",
    "the quotes become part of the value of {what}",
    "Neither sysctl nor systemd-sysctl takes quotes off; the kernel refuses \"10\" as a number.",
)
SET_TWICE = Rule(
    "LW214", "sysctl-set-twice", "sysctl", "warning",
    "{what} is set to {found} here and was set to {first} in line {line}: the last one holds",
    "Of several assignments in one file only the last one has an effect.",
)
NOT_READ = Rule(
    "LW215", "not-read-at-boot", "sysctl", "info",
    "nothing reads this file at boot on this host (systemd-sysctl reads sysctl.d only)",
    "systemd-sysctl never reads /etc/sysctl.conf by itself. Debian 12 links it as "
    "/etc/sysctl.d/99-sysctl.conf; Debian 13 and others do not: its values are lost at boot.",
)

ABSENT = Rule(
    "LW221", "absent-sysctl", "sysctl", "error",
    "the kernel of this host has no {found}{reason}",
    "The host is asked, not the catalogue: kernels are built without options, and keys come and "
    "go with their versions.",
)
MODULE_NOT_LOADED = Rule(
    "LW222", "module-not-loaded", "sysctl", "warning",
    "{found} comes with the module {module}, which is not loaded: the value waits in its file",
    "A file in sysctl.d is applied once at boot; a module loaded later has its defaults. "
    "Name it in /etc/modules-load.d, which is read before sysctl.d (sysctl.d(5)), or run again.",
)
INTERFACE_ABSENT = Rule(
    "LW223", "interface-absent", "sysctl", "warning",
    "{found} belongs to an interface that is not there now: the value waits in its file",
    "systemd applies the keys of an interface when it shows up (99-systemd.rules).",
)
NOT_WRITABLE = Rule(
    "LW224", "sysctl-not-writable", "sysctl", "error",
    "{what} is {found} and cannot be written here: /proc/sys is read-only for this process "
    "(a container, or not root)",
    "In a container most of /proc/sys is mounted read-only and belongs to the host's kernel.",
)
OVERRIDDEN = Rule(
    "LW225", "sysctl-overridden", "sysctl", "error",
    "{what} = {found} stands here and wins over {wanted} of {own} at boot; name the file in "
    "takeover, or take the line out",
    "The appliers sort files by name and let the last one win; 'sysctl --system' reads "
    "/etc/sysctl.conf after all others.",
)
OVERRIDDEN_BY_HAND = Rule(
    "LW226", "sysctl-overridden-by-hand", "sysctl", "warning",
    "at boot {what} gets {wanted}, but 'sysctl --system' run by hand puts back {found} from here",
    "systemd-sysctl and 'sysctl --system' do not read the same files: the latter ends with "
    "/etc/sysctl.conf (sysctl(8), SYSTEM FILE PRECEDENCE).",
)
LOST_AT_BOOT = Rule(
    "LW227", "sysctl-lost-at-boot", "sysctl", "error",
    "nothing applies sysctls when this host boots ({reason}): set policy.boot_script to a script "
    "that it runs then",
    "Without systemd, an enabled procps init script, or a root file system on disk, a value "
    "lives until the next boot only.",
)
UNSAFE_IN_SCRIPT = Rule(
    "LW228", "unsafe-in-boot-script", "sysctl", "error",
    "{what} = {found!r} cannot stand in a boot script",
    "A boot script is run by a shell; only plain letters, digits and a few signs are put there.",
)
DAMAGED = Rule(
    "LW229", "damaged-own-lines", "sysctl", "error",
    "cannot be rewritten: {found}",
    "Somebody has edited what belongs to Limitwise in a way that cannot be told apart any more.",
)

RULES = (
    UNKNOWN_KEY, BAD_VALUE, ODD_VALUE, REMOVED_KEY, READ_ONLY_KEY, PATTERN, BOTH_OF_PAIR,
    NOT_ASSIGNMENT, INLINE_COMMENT, QUOTED, SET_TWICE, NOT_READ, ABSENT, MODULE_NOT_LOADED,
    INTERFACE_ABSENT, NOT_WRITABLE, OVERRIDDEN, OVERRIDDEN_BY_HAND, LOST_AT_BOOT,
    UNSAFE_IN_SCRIPT, DAMAGED,
)
