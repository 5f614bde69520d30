"""Writes a flat program that registers what a stack's state holds: literal inputs and nothing else."""

from __future__ import annotations

import importlib
import inspect
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi_aws  # noqa: F401  (registers its modules, which map a type token to its class)
import pulumi_kubernetes  # noqa: F401
import pulumi_random  # noqa: F401
from pulumi import _types
from pulumi.runtime import rpc

_SIGNATURE = "4dabf18193072939515e22adb298388d"  # marks a special value in a state
_MARKED_SENSITIVE = "1b47061264138c4ac30d75fd1eb44270"

_OUR_IMPORTS = ("from components import settings", "from components.platform import build")


def flat_program(resources: Sequence[Mapping[str, Any]]) -> str:
    """The program's text."""
    taken: Counter[tuple[str, str]] = Counter()
    modules, calls = set(), []
    for resource in resources:
        if resource.get("custom"):
            name = resource["urn"].rsplit("::", 1)[-1]
            taken[resource["type"], name] += 1
            # Without its parent's type in the URN a name may come twice.
            repeated = taken[resource["type"], name]
            module, call = _registration(resource, name if repeated == 1 else f"{name}-{repeated}")
            modules.add(module)
            calls.append(call)
    imports = [f"import {module}" for module in ("pulumi", *sorted(modules))]
    return "\n".join([*imports, "", *calls, ""])


def empty_program(resources: Sequence[Mapping[str, Any]]) -> str:
    """A program that imports all that the platform's program imports, and registers nothing."""
    used = sorted({_class(each["type"]) for each in resources if each.get("custom")}, key=str)
    modules = sorted({f"import {module}" for module, _ in used})
    # The SDKs load a module when it is first used, so an import alone would load nothing.
    uses = [f"{module}.{cls.__name__}" for module, cls in used]
    return "\n".join([*_OUR_IMPORTS, *modules, "", *uses, ""])


def _registration(resource: Mapping[str, Any], name: str) -> tuple[str, str]:
    module, cls = _class(resource["type"])
    arguments = _arguments(cls, resource.get("inputs") or {})
    literals = "".join(f", {key}={_literal(value)}" for key, value in arguments)
    return module, f"{module}.{cls.__name__}({name!r}{literals})"


def _class(token: str) -> tuple[str, type]:
    package, module, _ = token.split(":")
    known = rpc.get_resource_module(package, module, "")
    if known is None:
        raise LookupError(f"No SDK module for {token}: import its package in {__name__}")
    info = known.mod_info  # type: ignore[attr-defined]
    path = info["fqn"]
    return path, getattr(importlib.import_module(path), info["classes"][token])


def _arguments(cls: type, inputs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The state's inputs by the names of the class's arguments, without what the provider filled in."""
    accepted = inspect.signature(cls._internal_init).parameters  # type: ignore[attr-defined]
    filled_in = set(inputs.get("__defaults", ()))
    names = {pulumi_name: name for name, pulumi_name, _ in _types._py_properties(cls)}
    for key, value in inputs.items():
        name = names.get(key, key)
        if name in accepted and key not in filled_in and key != "tagsAll":
            yield name, value


def _literal(value: Any) -> str:
    match value:
        case dict() if value.get(_SIGNATURE) == _MARKED_SENSITIVE:
            return f"pulumi.Output.secret({_literal(json.loads(value['plaintext']))})"
        case dict() if _SIGNATURE in value:  # an asset: its text stands for it
            return f"pulumi.StringAsset({value.get('text', '')!r})"
        case dict():
            return "{" + ", ".join(f"{key!r}: {_literal(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_literal, value)) + "]"
        case _:
            return repr(value)
