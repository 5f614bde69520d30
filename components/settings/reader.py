"""From the engine's configuration to a checked model, or to one report of everything that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

import pulumi
from pulumi.runtime import config as engine
from pydantic import BaseModel, ValidationError
from pydantic.alias_generators import to_camel

Model = TypeVar("Model", bound=BaseModel)
Raw = Mapping[str, Any]

_PROVIDER_KEYS: Final = {"aws:region": "region", "aws:allowedAccountIds": "accountIds"}


class SettingsError(pulumi.RunError):
    """Configuration that cannot be built; the message names every wrong value, and what to set."""


def running_configuration() -> tuple[dict[str, str], frozenset[str]]:
    """The running stack's whole configuration, and which of its keys are secrets.

    pulumi.Config answers for one key at a time; only the whole map shows a misspelt one. The official language
    host hands it over in the environment, the Automation API in the runtime.
    """
    values = {**engine.get_config_env(), **engine.CONFIG.get()}
    return values, frozenset(key for key in values if engine.is_config_secret(key))


def read(
    model: type[Model],
    values: Mapping[str, str],
    *,
    namespace: str,
    stack: str,
    secrets: frozenset[str],
    surroundings: Callable[[Raw], object] = lambda raw: None,
) -> Model:
    """A model from configuration: full key to text, nested values in JSON. Raises SettingsError.

    The model's aliases are the keys of the namespace; "region" and "accountIds" come from the provider's own keys.
    surroundings makes the validation context. Secrets are refused unread: a model would carry them in the clear.
    """
    prefix = f"{namespace}:"
    wrong = [
        f"{key} is encrypted, and no setting is a secret. Remove it: pulumi config rm {key}"
        for key in sorted(secrets)
        if key.startswith(prefix)
    ]
    raw: dict[str, Any] = {"accountIds": "[]"}
    raw |= {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix) and k not in secrets}
    raw |= {name: values[key] for key, name in _PROVIDER_KEYS.items() if key in values}
    raw = {name: _decoded(text) for name, text in raw.items()}
    try:
        found = model.model_validate(raw, context=surroundings(raw))
    except ValidationError as error:
        wrong += _explain(error, model, prefix)
    if wrong:
        raise SettingsError(_report(stack, wrong))
    return found


def _decoded(text: str) -> Any:
    """Lists and objects arrive as JSON; anything else is the text that was set."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _explain(error: ValidationError, model: type[BaseModel], prefix: str) -> Iterable[str]:
    provider = {alias: key for key, alias in _PROVIDER_KEYS.items()}
    for found in error.errors(include_url=False):
        # A default that fails is named by its field, everything else by its alias, which is the key.
        first, *rest = (part if isinstance(part, int) else to_camel(part) for part in found["loc"])
        key = provider.get(str(first), f"{prefix}{first}")
        key += "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)
        meaning = _meaning(model, (first, *rest))
        if found["type"] == "extra_forbidden":
            yield f"{key} is not a setting. Remove it, or correct its name."
        elif found["type"] == "missing":
            yield f"{key} is not set. Set {meaning}."
        else:
            why = found["msg"].removeprefix("Value error, ")
            yield f"{key} = {json.dumps(found['input'], default=str)}: {why}. Set {meaning}."


def _meaning(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    """What a setting takes: its description, of the innermost field that has one."""
    meaning, fields = "a value of the right type", model.model_fields
    for part in path:
        field = next((f for f in fields.values() if f.alias == part), None)
        if field is None:
            break
        meaning = field.description or meaning
        nested = field.annotation
        fields = nested.model_fields if isinstance(nested, type) and issubclass(nested, BaseModel) else {}
    return meaning


def _report(stack: str, wrong: list[str]) -> str:
    count = "One setting" if len(wrong) == 1 else f"{len(wrong)} settings"
    lines = "\n".join(f"  - {line}" for line in wrong)
    return (
        f"{count} of stack {stack} cannot be built; nothing was registered.\n{lines}\n"
        f"Settings stand in Pulumi.{stack}.yaml; change one there, or with: pulumi config set --path <key> <value>"
    )
