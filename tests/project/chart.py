"""What is made from the chart: its page of values and the plain manifests.

`python -m project.chart readme|manifests` writes it to the output.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from cluster import binaries

from .tree import REPOSITORY

CHART = Path("operator/chart/limitwise")
README = CHART / "README.md"
MANIFESTS = Path("operator/manifests/limitwise.yaml")
NAMESPACE = "limitwise-system"
HELM_S = ("helm.sh/chart", "app.kubernetes.io/managed-by")
BEGIN, END = "<!-- values -->\n", "<!-- end of values -->\n"

NAMESPACE_BODY = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {
        "name": NAMESPACE,
        # The agents are in the host's namespaces and see its root.
        "labels": {"pod-security.kubernetes.io/enforce": "privileged"},
    },
}
HEAD = """\
# Operator and agents of Limitwise with the chart's own values, made with `make manifests`:
# kubectl apply --server-side -f limitwise.yaml
"""


def template(*options: str, chart: Path = REPOSITORY / CHART) -> list[dict[str, Any]]:
    """What Helm would install."""
    argv = ["template", "limitwise", str(chart), "--namespace", NAMESPACE, *options]
    ran = helm(*argv)
    if ran.returncode:
        raise ValueError(ran.stderr)
    return [body for body in yaml.safe_load_all(ran.stdout) if body]


def helm(*words: str) -> subprocess.CompletedProcess[str]:
    """Helm's answer, whatever it is; with a home of its own, without settings of the user's."""
    argv = [str(binaries.path("helm")), *words]
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            argv, capture_output=True, text=True, check=False, env={"HOME": home}
        )


def manifests() -> str:
    """Namespace, definitions and all else in one file, without Helm's labels."""
    bodies = [NAMESPACE_BODY, *template("--include-crds")]
    for body in bodies:
        _without_helm(body)
    return HEAD + yaml.safe_dump_all(bodies, sort_keys=False, width=100, allow_unicode=True)


def _without_helm(node: object) -> None:
    if isinstance(node, dict):
        for name in HELM_S:
            node.pop(name, None)
        node = list(node.values())
    for below in node if isinstance(node, list) else ():
        _without_helm(below)


def readme(present: str) -> str:
    """The page with its table of values as values.yaml has them now."""
    head, rest = present.split(BEGIN)
    _old, tail = rest.split(END)
    text = (REPOSITORY / CHART / "values.yaml").read_text(encoding="utf-8")
    rows = "".join(
        f"| `{name}` | `{default}` | {words} |\n" for name, default, words in values(text)
    )
    return f"{head}{BEGIN}| value | default | |\n|---|---|---|\n{rows}{END}{tail}"


def values(text: str) -> Iterator[tuple[str, str, str]]:
    """Path, default and comment of every value that has a comment beginning with `-- `."""
    whole = yaml.safe_load(text)
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        said = re.match(r"\s*# (-- )?(.*)", line)
        if said:
            comment = [said[2]] if said[1] else [*comment, said[2]] if comment else []
            continue
        key = re.match(r"( *)([A-Za-z]+):", line)
        if not key:
            comment = []
            continue
        path = [(depth, name) for depth, name in path if depth < len(key[1])]
        path.append((len(key[1]), key[2]))
        if comment:
            names = [name for _depth, name in path]
            yield ".".join(names), _default(whole, names), " ".join(comment)
        comment = []


def _default(whole: Any, names: Sequence[str]) -> str:
    for name in names:
        whole = whole[name]
    return json.dumps(whole)


if __name__ == "__main__":
    page = (REPOSITORY / README).read_text(encoding="utf-8")
    sys.stdout.write(readme(page) if sys.argv[1:] == ["readme"] else manifests())
