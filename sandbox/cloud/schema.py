"""What the Pulumi SDK declares of a resource type: its inputs, its outputs, and which may be absent."""

from __future__ import annotations

import importlib
import inspect
import keyword
import sys
import threading
import typing
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any

import pulumi
from pulumi._types import _py_properties

_IMPORTS = threading.Lock()  # a lazily imported module is not whole for a second thread that asks meanwhile
_PACKAGES = {"aws": "pulumi_aws", "random": "pulumi_random"}


@dataclass(frozen=True, slots=True)
class Shape:
    """The property names of a resource type, as they go over the wire (camelCase)."""

    required: frozenset[str]
    inputs: frozenset[str]
    outputs: dict[str, Any]  # name -> declared type

    @property
    def mandatory(self) -> frozenset[str]:
        """Outputs declared without Optional: a program may rely on them."""
        return frozenset(name for name, kind in self.outputs.items() if NoneType not in typing.get_args(kind))

    def blank(self, name: str) -> Any:
        """How the provider shows an output that AWS leaves empty: the zero value of its type."""
        origin = typing.get_origin(self.outputs[name]) or self.outputs[name]
        if origin in (str, int, bool):
            return origin()
        return [] if getattr(origin, "__name__", "") in ("Sequence", "list") else None


def sdk_class(token: str) -> type[pulumi.CustomResource]:
    """The SDK's class for a type token; KeyError where the SDK has none."""
    package, module, name = token.split(":")
    folder = module.split("/")[0]
    path = _PACKAGES[package] + ("" if folder == "index" else f".{folder}{'_' * keyword.iskeyword(folder)}")
    try:
        cls = getattr(importlib.import_module(path), name)
    except (ImportError, AttributeError) as error:
        raise KeyError(token) from error
    if getattr(cls, "pulumi_type", None) != token:
        raise KeyError(token)
    return typing.cast("type[pulumi.CustomResource]", cls)


def shape(token: str) -> Shape:
    """Read a type's shape from its SDK class."""
    with _IMPORTS:
        return _shape(token)


@cache
def _shape(token: str) -> Shape:
    cls = sdk_class(token)
    module = sys.modules[cls.__module__]
    args = getattr(module, module.__all__[0])  # the arguments' class comes first in a generated module
    names = {python: wire for python, wire, _ in _py_properties(args)}
    parameters = inspect.signature(args.__init__).parameters
    required = {names[p] for p, v in parameters.items() if p in names and v.default is inspect.Parameter.empty}
    outputs = {}
    for _, wire, prop in _py_properties(typing.cast(Any, cls)):
        hint = typing.get_type_hints(prop.fget)["return"]
        outputs[wire] = typing.get_args(hint)[0]
    return Shape(frozenset(required), frozenset(names.values()), outputs)
