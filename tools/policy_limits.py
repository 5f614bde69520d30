"""Writes policies/limits.json: what AWS's API takes for every input of every type, from botocore's service models.

The pack runs before every `up`; the models take longer to load than the whole preview, and are no dependency of the
program. Run `python -m tools.policy_limits` after raising botocore; a test holds the file against the models.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from botocore.model import ListShape, Shape, StructureShape

from sandbox.cloud.limits import model
from sandbox.cloud.types import SPECS

TARGET: Final = Path(__file__).parent.parent / "policies" / "limits.json"
DEPTH: Final = 4
"""WAF's statements hold statements."""


def limits_of(shape: Shape, depth: int = DEPTH) -> dict[str, Any]:
    """A shape's enum, minimum, maximum and pattern, and those of what it holds; empty when AWS states none."""
    found: dict[str, Any] = {k: shape.metadata[k] for k in ("enum", "min", "max", "pattern") if k in shape.metadata}
    found = {k: v for k, v in found.items() if v != [] and (k != "pattern" or v not in ("[\\s\\S]*", ".*"))}
    if shape.type_name not in ("string", "integer", "long"):
        found = {}
    if depth and isinstance(shape, StructureShape):
        members = {_camel(name): limits_of(member, depth - 1) for name, member in shape.members.items()}
        found = {"members": kept} if (kept := {k: v for k, v in members.items() if v}) else {}
    if depth and isinstance(shape, ListShape) and (item := limits_of(shape.member, depth - 1)):
        found = {"item": item}
    return found


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


def limits() -> dict[str, dict[str, Any]]:
    """By type token and property."""
    found: dict[str, dict[str, Any]] = {}
    for token, spec in sorted(SPECS.items()):
        if spec.scope == "local" or not token.startswith("aws:") or not spec.calls.create:
            continue
        shape = model(spec.service).operation_model(spec.calls.create).input_shape
        members: Mapping[str, Shape] = shape.members if shape else {}
        renamed = {api.lower(): prop for prop, api in spec.members.items() if api}
        hidden = {prop.lower() for prop, api in spec.members.items() if not api}
        by_name = {renamed.get(name.lower(), _camel(name)): member for name, member in members.items()}
        kept = {n: lim for n, m in sorted(by_name.items()) if n.lower() not in hidden and (lim := limits_of(m))}
        if kept:
            found[token] = kept
    return found


def render() -> str:
    """The file's text."""
    return json.dumps(limits(), separators=(",", ":"), sort_keys=True).replace('},"aws:', '},\n"aws:') + "\n"


if __name__ == "__main__":
    TARGET.write_text(render())
