"""Between protobuf structs and plain values. Unknowns stay the engine's marker strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]


def unpack(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A struct as plain values; whole numbers as integers, which a struct does not know."""
    plain: dict[str, Any] = _integers(json_format.MessageToDict(struct))
    return plain


def pack(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain values as a struct."""
    return json_format.ParseDict(dict(properties), struct_pb2.Struct())


def _integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _integers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_integers(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
