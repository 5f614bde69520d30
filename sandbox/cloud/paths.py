"""Walking and comparing plain property values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi.runtime.rpc

UNKNOWN: str = pulumi.runtime.rpc.UNKNOWN
"""Stands for a value that is not known before the update, as on the engine's wire."""


def values(properties: Mapping[str, Any], path: str) -> Iterator[Any]:
    """Every value at a dotted path, lists walked through."""
    yield from _walk(properties, path.split("."))


def _walk(value: Any, keys: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, keys)
    elif not keys:
        if value not in (None, ""):
            yield value
    elif isinstance(value, Mapping) and keys[0] in value:
        yield from _walk(value[keys[0]], keys[1:])


def has_unknown(value: Any) -> bool:
    """Whether an unknown is anywhere inside."""
    if isinstance(value, Mapping):
        return any(has_unknown(v) for v in value.values())
    if isinstance(value, list):
        return any(has_unknown(v) for v in value)
    return bool(value == UNKNOWN)


def covers(actual: Any, wanted: Any) -> bool:
    """Whether what is there is what is wanted; AWS may have filled in more inside an object."""
    if isinstance(wanted, Mapping) and isinstance(actual, Mapping):
        return all(covers(actual.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(actual, list):
        return len(wanted) == len(actual) and all(map(covers, actual, wanted))
    if isinstance(wanted, str) and isinstance(actual, str) and wanted[:1] in "[{" and wanted != actual:
        return bool(_document(wanted) == _document(actual) is not None)
    return bool(actual == wanted) or (actual in (None, "", [], {}) and wanted in (None, "", [], {}))


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
