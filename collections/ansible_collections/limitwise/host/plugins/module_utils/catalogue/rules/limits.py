# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules about limits.conf and limits.d, which pam_limits applies at a login (LW1nn)."""

from __future__ import annotations

from .rule import Rule

SKIPPED_LINE = Rule(
    "LW101", "skipped-line", "limits", "error",
    "pam_limits skips this line: {reason}",
    "A line needs a domain, a type, an item and a value. Any other is skipped with one line in "
    "the log, at a login that works, so nobody looks there.",
)
UNKNOWN_ITEM = Rule(
    "LW102", "unknown-item", "limits", "error",
    "pam_limits knows no item {found!r} and ignores the line in silence",
    "An unknown item is reported at debug level only: '* - noproc 65536' looks like a limit of "
    "processes, and there is none. This typo hid behind a host that was out of threads.",
)
UNKNOWN_TYPE = Rule(
    "LW103", "unknown-type", "limits", "error",
    "the type is soft, hard or -, not {found!r}: pam_limits ignores the line in silence",
    "An unknown type is reported at debug level only, and the limit is not set.",
)
MISSING_DOMAIN = Rule(
    "LW104", "missing-domain", "limits", "error",
    "the line has no domain (a user, @group or *), so pam_limits skips it",
    "'soft nproc 65536' has three fields where four are needed. The line is skipped.",
)
MISREAD_VALUE = Rule(
    "LW105", "misread-value", "limits", "error",
    "{reason}",
    "pam_limits takes the digits at the front of a value and drops the rest without a word: "
    "'64k' is 64, '37somegarbage' is 37, and '-5' becomes a huge number (linux-pam#761).",
)
REFUSED_VALUE = Rule(
    "LW106", "refused-value", "limits", "error",
    "{what} cannot be {found!r}: {reason}",
    "A value that is no number is reported at debug level only, and the line is ignored. "
    "priority, nice and nonewprivs know no 'unlimited'.",
)
ABOVE_NR_OPEN = Rule(
    "LW107", "nofile-above-nr-open", "limits", "error",
    "nofile {found} is above fs.nr_open ({nr_open}): the kernel refuses it, and with it the login "
    "(on Debian the session keeps its inherited limit instead)",
    "setrlimit fails with EPERM above fs.nr_open. pam_limits then refuses the session, and where "
    "it is 'required', as for sshd and su, nobody of that domain can log in any more. Debian "
    "patches that away: there the limit is not set at all, with one line in the journal.",
)
UNLIMITED_NOFILE = Rule(
    "LW108", "unlimited-nofile", "limits", "error",
    "nofile {found} cannot be set by Linux-PAM {version}, which refuses the login for it "
    "(on Debian the session keeps its inherited limit); give a number",
    "Before 1.5.2 Linux-PAM hands RLIM_INFINITY to the kernel, which refuses it; from 1.5.2 on "
    "it becomes fs.nr_open.",
)
LOOKALIKES = Rule(
    "LW109", "lookalike-characters", "limits", "error",
    "{found} only looks right: pam_limits takes it for a part of the word, which then means nobody "
    "and nothing",
    "Quotes, dashes and blanks from a web page or word processor look right and match nothing; "
    "a domain that matches nobody is not reported at all.",
)
CARRIAGE_RETURN = Rule(
    "LW110", "carriage-return", "limits", "error",
    "the line ends as on Windows, and {found!r} with a carriage return is no value",
    "A number still reads, but Linux-PAM refuses 'unlimited' with a carriage return behind it "
    "from 1.6.0 on.",
)
SOFT_ABOVE_HARD = Rule(
    "LW111", "soft-above-hard", "limits", "warning",
    "soft {what} is {found}, but the hard limit is {hard} ({where}): it is lowered to that",
    "pam_limits lowers the soft limit to the hard one without a message.",
)
LOGINS_ONLY = Rule(
    "LW112", "logins-only", "limits", "error",
    "the domain {found} is for maxlogins only: pam_limits ignores the line in silence",
    "% counts the logins of all, %group those of a group; it sets no other limit.",
)
NOBODY = Rule(
    "LW113", "matches-nobody", "limits", "warning",
    "there is no {what} {found!r} on this host: the line is about nobody",
    "pam_limits does not report a domain that matches nobody. The users and groups of this host "
    "come from its own files alone, so a directory cannot know the name either.",
)
NOT_FOR_ROOT = Rule(
    "LW114", "not-for-root", "limits", "info",
    "on this distribution {found} is not about root: root's sessions need the domain root",
    "Debian and its children do not apply * and @group to root; Linux-PAM itself does.",
)
BAD_RANGE = Rule(
    "LW115", "bad-range", "limits", "error",
    "{found!r} is no range of UIDs or GIDs: pam_limits skips the line",
    "A range is min:max, min: or :exact, with @ before it for GIDs; %:gid is exact only. "
    "Everything with a colon is taken for one.",
)
OVERRIDDEN = Rule(
    "LW116", "overridden", "limits", "error",
    "{what} would be {found}, not {wanted}: {where} is read later and wins "
    "(name that file in takeover to comment the line out)",
    "Within one kind of domain the last line wins, and files of limits.d sort by name.",
)
MORE_SPECIFIC = Rule(
    "LW117", "more-specific", "limits", "warning",
    "{what} is {found} for {domain}, not {wanted}: {where} is more specific and wins",
    "A line for a user wins over one for a group, and that over *, wherever it stands.",
)
TOO_NEW = Rule(
    "LW118", "item-too-new", "limits", "warning",
    "this host's Linux-PAM {version} does not know {found} (since {since}) and ignores the line",
    "An item that the installed version does not know is ignored in silence.",
)
FLOOR_KEPT = Rule(
    "LW119", "kept-higher", "limits", "info",
    "{what} stays {found} ({where}), which is more than {wanted}: limits of this kind are only "
    "raised (name it in policy.allow_lowering to lower it)",
    "Lowering a ceiling that programs count on breaks them; a tuning has to say so.",
)
NO_LIMITS = Rule(
    "LW120", "no-limits-line", "limits", "warning",
    "{where} ends all limits for {found}: {what} is not set there",
    "A line of a domain and '-' alone makes pam_limits set nothing at all in these sessions.",
)
EMPTY_NO_LIMITS = Rule(
    "LW121", "no-limits-for-nobody", "limits", "error",
    "'{found} -' does nothing: a line without item is for users and groups only",
    "pam_limits compares the domain of such a line with users and groups; * and % match none.",
)
DEAD_LINE = Rule(
    "LW122", "dead-line", "limits", "warning",
    "line {by} sets the same limit of {what} again: this one has no effect",
    "Of two lines with the same domain, type and item, the last wins.",
)
NUL_BYTE = Rule(
    "LW123", "nul-byte", "limits", "error",
    "the line holds a NUL byte, and pam_limits reads no further than that",
    "A file with NUL bytes is no text: it was damaged, or is something else.",
)
BLANKS_BEFORE_WORD = Rule(
    "LW124", "blanks-before-word", "limits", "warning",
    "Linux-PAM 1.6.0 refuses {found!r} with more than one blank before it or one behind it",
    "Only 1.6.0 compares the value with its blanks; 1.6.1 trims them again.",
)
NO_SERVICE = Rule(
    "LW125", "no-pam-service", "limits", "warning",
    "no file of /etc/pam.d runs pam_limits.so: limits files have no effect on this host",
    "limits.conf works only through PAM sessions that run pam_limits.",
)
DROPPED_WHOLE = Rule(
    "LW127", "dropped-whole", "limits", "warning",
    "{what} is not set for {found}: a line of a narrower domain holds the soft limit, and "
    "pam_limits then drops the hard one of {where} too; write soft and hard on lines of their own",
    "A line of type - whose soft limit loses to a more specific one is left at that point "
    "(process_limit of pam_limits.c), so its hard limit is not set, although nobody else sets it.",
)
BAD_DOMAIN = Rule(
    "LW126", "bad-domain", "limits", "error",
    "{reason}",
    "A domain that matches nobody is not reported by pam_limits: the limit would not exist.",
)

RULES = (
    SKIPPED_LINE, UNKNOWN_ITEM, UNKNOWN_TYPE, MISSING_DOMAIN, MISREAD_VALUE, REFUSED_VALUE,
    ABOVE_NR_OPEN, UNLIMITED_NOFILE, LOOKALIKES, CARRIAGE_RETURN, SOFT_ABOVE_HARD, LOGINS_ONLY,
    NOBODY, NOT_FOR_ROOT, BAD_RANGE, OVERRIDDEN, MORE_SPECIFIC, TOO_NEW, FLOOR_KEPT, NO_LIMITS,
    EMPTY_NO_LIMITS, DEAD_LINE, NUL_BYTE, BLANKS_BEFORE_WORD, NO_SERVICE,
    DROPPED_WHOLE, BAD_DOMAIN,
)
