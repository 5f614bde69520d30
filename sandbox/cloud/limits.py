"""Enums, lengths, patterns and ranges, read from botocore's service models: none is written here."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from sandbox.cloud.paths import UNKNOWN

_LOADING = threading.Lock()


def model(service: str) -> ServiceModel:
    """A service's model, loaded once per process; the larger ones take a third of a second."""
    with _LOADING:
        return _model(service)


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(_loader().load_service_model(service, "service-2"), service)


@cache
def _loader() -> Loader:
    return Loader()


@cache
def _members(service: str, operation: str) -> dict[str, Shape]:
    """An operation's input members, by their name in lower case."""
    shape = model(service).operation_model(operation).input_shape
    return {name.lower(): member for name, member in shape.members.items()} if shape else {}


def violations(
    service: str, operation: str, inputs: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The (property, message) of every input that the operation's model does not allow."""
    members = _members(service, operation)
    for name, value in inputs.items():
        member = members.get(names.get(name, name).lower())
        if member is not None:
            for problem in _problems(member, name, value):
                yield name, problem


def _problems(shape: Shape, path: str, value: Any) -> Iterator[str]:
    if value is None or value == UNKNOWN:
        return
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        members = {name.lower(): member for name, member in shape.members.items()}
        for name, inner in value.items():
            if name.lower() in members:
                yield from _problems(members[name.lower()], f"{path}.{name}", inner)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _problems(shape.member, f"{path}.{index + 1}.member", inner)
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _constraints(shape, path, value, len(value), "length ")
    elif shape.type_name in ("integer", "long") and isinstance(value, int) and not isinstance(value, bool):
        yield from _constraints(shape, path, value, value, "value ")


def _constraints(shape: Shape, path: str, value: Any, size: int, noun: str) -> Iterator[str]:
    limits = shape.metadata
    failed = f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: Member must"
    if "min" in limits and size < limits["min"]:
        yield f"{failed} have {noun}greater than or equal to {limits['min']}"
    if "max" in limits and size > limits["max"]:
        yield f"{failed} have {noun}less than or equal to {limits['max']}"
    if isinstance(value, str):
        if limits.get("enum") and value not in limits["enum"]:
            yield f"{failed} satisfy enum value set: [{', '.join(limits['enum'])}]"
        pattern = _pattern(limits["pattern"]) if "pattern" in limits else None
        if pattern and not pattern.fullmatch(value):
            yield f"{failed} satisfy regular expression pattern: {limits['pattern']}"


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    """Some patterns use Java's character classes: those are left to AWS."""
    try:
        return re.compile(text)
    except re.error:
        return None
