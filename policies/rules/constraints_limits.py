"""Enumerations, lengths, ranges and patterns of AWS's API: policies/limits.json, from botocore's service models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from policies.graph import Graph
from policies.rule import Rule, Violation

FILE: Final = Path(__file__).parent.parent / "limits.json"

_rule = partial(Rule, family="aws-constraints")


@cache
def limits() -> dict[str, dict[str, Any]]:
    """By type token and property."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text())
    return found


def _problems(limit: Mapping[str, Any], path: str, value: Any) -> Iterator[str]:
    """In AWS's words, but without the value: it may be a secret."""
    if isinstance(value, Mapping):
        names = {name.lower(): inner for name, inner in limit.get("members", {}).items()}
        for name, inner in value.items():
            if name.lower() in names:
                yield from _problems(names[name.lower()], f"{path}.{name}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value, start=1):
            yield from _problems(limit.get("item", {}), f"{path}.{index}.member", inner)
    elif isinstance(value, str) and value:
        yield from _constraints(limit, path, len(value), "length ", value)
    elif isinstance(value, int) and not isinstance(value, bool) and value:  # 0, as "", is left to AWS
        yield from _constraints(limit, path, value, "value ", None)


def _constraints(limit: Mapping[str, Any], path: str, size: int, noun: str, text: str | None) -> Iterator[str]:
    failed = f"Value at '{path}' failed to satisfy constraint: Member must"
    if "min" in limit and size < limit["min"]:
        yield f"{failed} have {noun}greater than or equal to {limit['min']}"
    if "max" in limit and size > limit["max"]:
        yield f"{failed} have {noun}less than or equal to {limit['max']}"
    if text is not None and "enum" in limit and text not in limit["enum"]:
        yield f"{failed} satisfy enum value set: [{', '.join(limit['enum'])}]"
    pattern = _pattern(limit["pattern"]) if text is not None and "pattern" in limit else None
    if pattern and not pattern.fullmatch(str(text)):
        yield f"{failed} satisfy regular expression pattern: {limit['pattern']}"


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """Some patterns use Java's character classes: those are left to AWS."""
    try:
        return re.compile(text)
    except re.error:
        return None


def _beyond_limits(graph: Graph) -> Iterator[Violation]:
    for type_, properties in limits().items():
        for node in graph.of(type_):
            for name, limit in properties.items():
                if name in node.props:
                    for problem in _problems(limit, name, node.props[name]):
                        yield Violation(node, f"1 validation error detected: {problem}")


API_LIMITS = _rule(
    id="aws-api-limits",
    severity="high",
    protects="Every value is one that AWS's API takes.",
    why="AWS refuses it in the middle of an up, with half of the site made.",
    references=("botocore", "G32", "G34", "G45", "G51", "G70"),
    fix="Choose a value that the API takes.",
    check=_beyond_limits,
)

RULES = (API_LIMITS,)
