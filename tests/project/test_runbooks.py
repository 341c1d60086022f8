"""Every alert has its page, every page its alert, and what pages tell people to type is right."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from limitwise.arguments import parser
from limitwise_operator.decide.remediation.policy import judge
from limitwise_operator.kinds.crds import definitions
from limitwise_operator.kinds.remediation_policy import RemediationPolicy
from project.tree import REPOSITORY

RULES = REPOSITORY / "operator/chart/limitwise/files/rules.yaml"
RUNBOOKS = REPOSITORY / "docs/runbooks"
BASE = "https://github.com/limitwise/limitwise/blob/main/docs/runbooks/"
HOW_TO = REPOSITORY / "docs/how-to/heal-exhausted-nodes.md"
SECTIONS = ("**Means:**", "## Look first", "## Do", "## Stop or undo")
PAGES = sorted((REPOSITORY / "docs").rglob("*.md"))
COMMANDED = [*sorted(RUNBOOKS.glob("*.md")), HOW_TO]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHORT = {"rp": "RemediationPolicy", "nr": "NodeRemediation", "nt": "NodeTuning"}

Schema = Mapping[str, Any]


def alerts() -> dict[str, str]:
    """Each alert's runbook."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return {rule["alert"]: rule["annotations"].get("runbook_url", "") for rule in rules}


def commands(page: Path) -> Iterator[list[str]]:
    """Every line of the page's console blocks as words; output and comments are none."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if ">" in words:
                words = words[: words.index(">")]
            if words:
                yield words


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    told = alerts()
    assert told == {name: f"{BASE}{name}.md" for name in told}
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(told)


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_pages_answer_the_same_questions(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem}\n")
    places = [text.find(section) for section in SECTIONS]
    assert -1 not in places
    assert places == sorted(places)
    assert any(words[0] in ("kubectl", "limitwise") for words in commands(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    assert not [target for target in targets if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", COMMANDED, ids=lambda page: page.stem)
def test_commands_can_be_typed(page: Path) -> None:
    """Ours are taken by our parser; patches name fields that there are, with values of theirs."""
    for words in commands(page):
        assert words[0] in ("kubectl", "limitwise", "helm"), words
        if words[0] == "limitwise":
            parser().parse_args(words[1:])
        if words[:2] == ["kubectl", "patch"]:
            patch = json.loads(words[words.index("-p") + 1])
            _fits(_schema(SHORT[words[2]]), patch, words[2])


def _schema(kind: str) -> Schema:
    [found] = [one for one in definitions() if one["spec"]["names"]["kind"] == kind]
    schema: Schema = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def _fits(schema: Schema, value: Any, path: str) -> None:
    """A merge patch: maps go deeper, null takes away, anything else is a whole value."""
    if value is None:
        return
    if isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            assert key in schema["properties"], f"{path}.{key}"
            _fits(schema["properties"][key], inner, f"{path}.{key}")
        return
    jsonschema.validate(value, dict(schema))


def examples() -> list[dict[str, Any]]:
    """The whole objects in the page."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", HOW_TO.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [body for body in map(yaml.safe_load, blocks) if "kind" in body]


def test_the_examples_of_policies_are_policies() -> None:
    found = examples()
    assert len(found) == 1
    for body in found:
        schema = _schema(body["kind"])
        jsonschema.validate(body, dict(schema))
        _known(schema["properties"]["spec"], body["spec"], "spec")
        assert judge(RemediationPolicy.from_dict(body)).problems == ()


def _known(schema: Schema, value: Any, path: str) -> None:
    """Every field is one that the schema has: the API server would drop it silently."""
    if isinstance(value, list):
        for one in value:
            _known(schema["items"], one, path)
    elif isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            assert key in schema["properties"], f"{path}.{key}"
            _known(schema["properties"][key], inner, f"{path}.{key}")


def test_every_field_of_a_policy_is_shown_once() -> None:
    """An example that is called complete has every part that a policy has."""
    [body] = examples()
    spec = _schema("RemediationPolicy")["properties"]["spec"]["properties"]
    assert set(spec) - set(body["spec"]) == {"pauseRequests"}
    assert set(spec["steps"]["properties"]) == set(body["spec"]["steps"])
