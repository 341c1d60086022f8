# Copyright (c) 2026 Limitwise contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scalars of YAML 1.1 as sigs.k8s.io/yaml reads them (goyaml.v2/resolve.go), and keys to write."""

from __future__ import annotations

import json
import re
from typing import Dict, Optional

from .json_text import Scalar, quoted

INDICATORS = ",[]{}#&*!|>'\"%@`"
WORDS: Dict[str, str] = {
    word: kind
    for kind, words in (
        ("null", "~ null Null NULL"),
        ("true", "y Y yes Yes YES true True TRUE on On ON"),
        ("false", "n N no No NO false False FALSE off Off OFF"),
    )
    for word in words.split()
}
INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]*|[1-9][0-9_]*)")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
ODD_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
SAFE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
LONGEST = 40


def plain_scalar(offset: int, text: str) -> Scalar:
    """The scalar that an unquoted text is: null, a boolean, a number, else a string."""
    end = offset + len(text)
    if text in WORDS:
        return Scalar(offset, end, WORDS[text], WORDS[text])
    number = _number(text)
    if number is not None:
        return Scalar(offset, end, "number", number)
    return Scalar(offset, end, "string", text)


def _number(text: str) -> Optional[str]:
    """The JSON text of a number; as it stands where JSON writes it so too."""
    if len(text) > LONGEST or ODD_FLOAT.fullmatch(text):
        return None
    if JSON_NUMBER.fullmatch(text):
        return text
    if INTEGER.fullmatch(text):
        return _integer(text)
    if FLOAT.fullmatch(text):
        value = float(text)
        return repr(value) if value not in (float("inf"), float("-inf")) else None
    return None


def _integer(text: str) -> Optional[str]:
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    base = 10
    for prefix, its in (("0b", 2), ("0x", 16), ("0o", 8), ("0", 8)):
        if digits.startswith(prefix) and len(digits) > len(prefix):
            base, digits = its, digits[len(prefix) :]
            break
    return str(sign * int(digits, base)) if digits.strip("_") else None


def double_quoted(text: str) -> Optional[str]:
    """The value of a text in double quotes; None where JSON reads it otherwise or not at all."""
    try:
        value = json.loads(text, strict=False)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def key_text(key: str) -> str:
    """A key as it is written: bare where nobody can misread it, else in quotes."""
    bare = SAFE_KEY.fullmatch(key) is not None and key not in WORDS
    return key if bare else quoted(key)
