"""The generic engine: check, diff, create, read, update, delete and invoke for every type that has a table row."""

# An id is called id, and a type is called type, as in AWS and Pulumi.
# ruff: noqa: A002

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sandbox.cloud import invokes
from sandbox.cloud.call import ACCOUNT, Call
from sandbox.cloud.databases import Position, positions
from sandbox.cloud.errors import CloudError
from sandbox.cloud.limits import violations
from sandbox.cloud.paths import UNKNOWN, covers, has_unknown, values
from sandbox.cloud.schema import Shape, shape
from sandbox.cloud.spec import GLOBAL, Ref, TypeSpec
from sandbox.cloud.store import Record, Store
from sandbox.cloud.types import SPECS

Kind = Literal["add", "update", "delete"]
Properties = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Diff:
    """What an update would change, and which of it forces a replacement."""

    changes: dict[str, Kind] = field(default_factory=dict)
    replaces: list[str] = field(default_factory=list)


class Cloud:
    """The emulated AWS over a store."""

    def __init__(self, store: Store, *, specs: Mapping[str, TypeSpec] = SPECS) -> None:
        self.store = store
        self.specs = specs
        self._referrers: dict[str, list[tuple[TypeSpec, str, Ref]]] = {}
        for spec in specs.values():
            for path, refs in spec.requires.items():
                for ref in (refs,) if isinstance(refs, Ref) else refs:
                    if ref.blocks:
                        self._referrers.setdefault(ref.to, []).append((spec, path, ref))

    def spec(self, token: str) -> TypeSpec:
        """A type's row; an error that names the type where there is none."""
        if token not in self.specs:
            raise CloudError(f"the sandbox does not emulate the resource type {token}")
        return self.specs[token]

    # Before anything is called

    def check(
        self,
        token: str,
        inputs: Mapping[str, Any],
        *,
        region: str,
        name: str = "",
        old: Mapping[str, Any] | None = None,
        default_tags: Mapping[str, Any] | None = None,
        seed: bytes | None = None,
    ) -> tuple[Properties, list[tuple[str, str]]]:
        """The inputs with what the provider fills in, and what is wrong with them as (property, reason)."""
        spec, declared = self.spec(token), shape(token)
        known = declared.inputs | {"tagsAll"}
        failures = [(key, "this property is not supported") for key in inputs if key not in known]
        failures += [
            (
                key,
                f'Missing required argument. The argument "{key}" is required, but no definition was found.',
            )
            for key in sorted(declared.required - inputs.keys())
        ]
        filled = {key: value for key, value in inputs.items() if value is not None}
        if spec.scope == "regional" and "region" in declared.inputs:
            filled.setdefault("region", region)
        for key, value in spec.defaults.items():
            filled.setdefault(key, value)
        tags = {**(default_tags or {}), **filled["tags"]} if isinstance(filled.get("tags"), Mapping) else default_tags
        if "tagsAll" in declared.outputs and tags:
            filled["tagsAll"] = UNKNOWN if filled.get("tags") == UNKNOWN else dict(tags)
        auto = spec.autoname
        if auto and auto not in filled and f"{auto}Prefix" not in filled and name:
            filled[auto] = (old or {}).get(auto) or _unique_name(name, seed)
            if len(filled[auto]) > spec.name_length:
                failures.append((auto, f"name '{name}' plus 8 random chars is longer than {spec.name_length}"))
        return filled, failures

    def diff(
        self,
        token: str,
        id: str,
        old_inputs: Mapping[str, Any],
        old_state: Mapping[str, Any],
        new_inputs: Mapping[str, Any],
    ) -> Diff:
        """What differs from the state. A write-only value never does, only its version."""
        spec = self.spec(token)
        result = Diff()
        for key in sorted(old_inputs.keys() | new_inputs.keys()):
            if key in spec.write_only:
                continue
            kind = _change(spec, key, old_inputs, old_state, new_inputs)
            if kind:
                result.changes[key] = kind
                if key in spec.replace_on or (key == "region" and spec.scope == "regional"):
                    result.replaces.append(key)
        return result

    def named_explicitly(self, token: str, inputs: Mapping[str, Any], filled: list[str]) -> bool:
        """Whether the program itself gave the name that can be taken only once."""
        auto = self.spec(token).autoname
        return bool(auto) and auto in inputs and auto not in filled

    # The four verbs

    def create(
        self,
        token: str,
        inputs: Mapping[str, Any],
        *,
        region: str,
        preview: bool = False,
        account: str = ACCOUNT,
        default_tags: Mapping[str, Any] | None = None,
        name: str = "",
    ) -> tuple[str, Properties]:
        """Create a resource: its id and outputs. In a preview there is no id and what AWS computes is unknown."""
        spec = self.spec(token)
        wanted, failures = self.check(token, inputs, region=region, default_tags=default_tags, name=name)
        if failures:
            raise CloudError("; ".join(f"{key}: {reason}" for key, reason in failures))
        if preview:
            return "", self._planned(spec, wanted)
        call = self._call(spec, region, wanted, account=account)
        with self._running(call, spec.calls.create):
            self._admit(call)
            call.id = str(call.render(spec.id))
            call.state = _visible(spec, wanted)
            self._compute(call)
            for rule in spec.after_create:
                rule(call)
            self._save(call)
        return call.id, self._shown(call)

    def read(
        self, token: str, id: str, inputs: Mapping[str, Any], state: Mapping[str, Any], region: str
    ) -> tuple[str, Properties, Properties]:
        """The resource as it is: id, inputs, state. An empty id says that it is gone."""
        spec = self.spec(token)
        if spec.scope == "local":
            return id, dict(inputs), dict(state)
        call = self._call(spec, region, {**state, **inputs}, id=id)
        with self._running(call, spec.calls.read):
            record = self._record(call)
        if record is None:
            return "", {}, {}
        call.inputs, call.state = dict(inputs), dict(record.properties)
        shown = self._shown(call, before=state)
        return id, _refreshed_inputs(spec, shape(token), inputs, shown), shown

    def update(
        self,
        token: str,
        id: str,
        old_inputs: Mapping[str, Any],
        new_inputs: Mapping[str, Any],
        state: Mapping[str, Any],
        *,
        region: str,
        preview: bool = False,
        account: str = ACCOUNT,
    ) -> Properties:
        """Change a resource in place: its new state."""
        spec = self.spec(token)
        removed = {k for k in old_inputs.keys() - new_inputs.keys() if k not in spec.computed}
        if preview or spec.scope == "local":
            kept = {k: v for k, v in state.items() if k not in removed}
            planned = {**kept, **_visible(spec, new_inputs)}
            return planned | ({key: UNKNOWN for key in spec.renewed if key in planned} if preview else {})
        call = self._call(spec, region, new_inputs, id=id, account=account, old=dict(old_inputs))
        with self._running(call, spec.calls.update or spec.calls.create):
            record = self._record(call)
            if record is None:
                raise self._missing(call, spec, id)
            call.state = {k: v for k, v in record.properties.items() if k not in removed}
            self._admit(call)
            wanted = {k: v for k, v in new_inputs.items() if k not in old_inputs or call.changed(k)}
            call.state |= _visible(spec, wanted)
            for key in spec.renewed:
                call.state.pop(key, None)
            self._compute(call)
            for rule in spec.after_update:
                rule(call)
            self._save(call)
        return self._shown(call, before=state)

    def delete(self, token: str, id: str, state: Mapping[str, Any], region: str, *, account: str = ACCOUNT) -> None:
        """Delete a resource, unless something of its own or something else that needs it forbids it."""
        spec = self.spec(token)
        if spec.scope == "local":
            return
        call = self._call(spec, region, state, id=id, account=account)
        with self._running(call, spec.calls.delete):
            record = self._record(call)
            if record is None:
                return
            call.state = {**state, **record.properties}
            for rule in spec.on_delete:
                rule(call)
            self._refuse_in_use(call, record)
            self.store.remove(call.region, token, id)
            for rule in spec.after_delete:
                rule(call)

    def invoke(self, token: str, args: Mapping[str, Any], region: str) -> Properties:
        """Answer a lookup; an error where the sandbox knows none of that name."""
        return invokes.answer(self.store, token, args, region)

    def database_positions(self) -> dict[str, Position]:
        """Where each database stands, by ARN: the difference to its source is what a promotion loses."""
        return positions(self.store)

    # Inside

    def _call(
        self,
        spec: TypeSpec,
        region: str,
        inputs: Mapping[str, Any],
        *,
        id: str = "",
        account: str = ACCOUNT,
        old: Properties | None = None,
    ) -> Call:
        where = GLOBAL if spec.scope == "global" else inputs.get("region") or region
        return Call(self.store, self.specs, spec, where, account, id, dict(inputs), old or {}, {})

    @contextmanager
    def _running(self, call: Call, operation: str) -> Iterator[None]:
        """One transaction around the store, with the operation log kept whatever the outcome."""
        try:
            if call.spec.scope == "local":
                yield
                return
            with self.store.transaction():
                call.api(operation)
                yield
        except CloudError as error:
            call.failed(str(error))
            raise
        finally:
            for entry in call.operations:
                self.store.log(replace(entry, id=entry.id or call.id))

    def _record(self, call: Call) -> Record | None:
        return self.store.get(call.region, call.spec.token, call.id)

    def _admit(self, call: Call) -> None:
        """Everything that may refuse a create or an update."""
        spec = call.spec
        if spec.scope != "local":
            for name, problem in violations(spec.service, spec.calls.create, call.inputs, spec.members):
                if call.changed(name):
                    raise call.refusal("ValidationException", problem)
        for path, refs in spec.requires.items():
            for value in values(call.inputs, path):
                if value not in values(call.old, path):
                    self._require(call, (refs,) if isinstance(refs, Ref) else refs, value)
        self._refuse_taken(call)
        for rule in spec.on_update if call.id else spec.on_create:
            rule(call)

    def _refuse_taken(self, call: Call) -> None:
        spec = call.spec
        mine = [list(values(call.inputs, path)) for path in spec.unique]
        for other in call.siblings() if any(mine) else ():
            if [list(values(other.properties, path)) for path in spec.unique] == mine and spec.taken:
                raise call.refusal(spec.taken.code, call.render(spec.taken.message))

    def _require(self, call: Call, refs: tuple[Ref, ...], value: Any) -> None:
        for ref in refs:
            if isinstance(value, str) and value.startswith(ref.outside or ("\0",)):
                return
            if call.find(ref.to, value, ref.attribute, anywhere=ref.anywhere):
                return
        raise self._missing(call, self.specs[refs[0].to], value)

    def _missing(self, call: Call, target: TypeSpec, value: Any) -> CloudError:
        if target.not_found is None:
            return call.refusal("ResourceNotFoundException", f"{target.token} {value} does not exist")
        return call.refusal(target.not_found.code, call.render(target.not_found.message, value=value))

    def _refuse_in_use(self, call: Call, record: Record) -> None:
        for spec, path, ref in self._referrers.get(call.spec.token, ()):
            wanted = record.id if ref.attribute == "id" else record.properties.get(ref.attribute)
            for other in self.store.resources(None if ref.anywhere else call.home(spec.token), spec.token):
                if "_implicit" not in other.properties and wanted in values(other.properties, path):
                    refusal = call.spec.in_use
                    if refusal is None:
                        raise RuntimeError(f"{call.spec.token} states no error for being in use")
                    message = call.render(refusal.message, user=other.id)
                    raise call.refusal(refusal.code, message)

    def _compute(self, call: Call) -> None:
        """Set every output that AWS would; leaving one out is a mistake in the table."""
        spec, declared = call.spec, shape(call.spec.token)
        for key, parts in spec.nested.items():
            given = call.state.get(key)
            if isinstance(given, Mapping) or given is None:
                call.state[key] = {**parts, **(given or {})}
        prefix = f"{spec.autoname}Prefix"
        if spec.autoname and spec.autoname not in call.state and call.state.get(prefix):
            call.state[spec.autoname] = call.render(f"{{{prefix}}}{{digits26}}")
        for key, value in spec.outputs.items():
            if key not in call.state:
                call.state[key] = call.render(value)
        if "tagsAll" in declared.outputs:
            call.state.setdefault("tagsAll", {})
        for key in (*spec.empty, *((prefix,) if prefix in declared.outputs else ())):
            blank = declared.blank(key)
            if blank is not None:
                call.state.setdefault(key, blank)
        allowed = {*spec.empty, *spec.live, *spec.write_only}
        left_out = sorted(declared.mandatory - call.state.keys() - allowed)
        if left_out:
            raise RuntimeError(f"{spec.token}: the table sets no output {', '.join(left_out)}")

    def _planned(self, spec: TypeSpec, inputs: Mapping[str, Any]) -> Properties:
        """A preview's outputs: what the program says is known, what AWS will say is not."""
        planned = _visible(spec, inputs)
        for key, parts in spec.nested.items():
            if isinstance(planned.get(key), Mapping):
                planned[key] = {**parts, **planned[key]}
        if "tagsAll" in shape(spec.token).outputs:
            planned.setdefault("tagsAll", {})
        for key in (*spec.outputs, *spec.live, *spec.empty, *spec.nested, *shape(spec.token).mandatory):
            planned.setdefault(key, UNKNOWN)
        return planned

    def _save(self, call: Call) -> None:
        """Write the record; of secrets and write-only values a fingerprint is all that is kept."""
        if call.spec.scope == "local":
            return
        kept = dict(call.state)
        for key in (*call.spec.secret, *call.spec.write_only):
            value = kept.pop(key, None) or call.inputs.get(key)
            if value is not None:
                kept[f"_sha256:{key}"] = fingerprint(value)
        self.store.put(call.region, call.spec.token, call.id, kept)

    def _shown(self, call: Call, before: Mapping[str, Any] | None = None) -> Properties:
        """What the provider hands to Pulumi: secrets from Pulumi's own state while they are still the right ones."""
        shown = {k: v for k, v in call.state.items() if not k.startswith("_") and k not in call.spec.write_only}
        for key, value in call.spec.live.items():
            shown[key] = call.render(value)
        for key in call.spec.secret:
            value = (before or {}).get(key)
            if key not in shown and value is not None and call.state.get(f"_sha256:{key}") == fingerprint(value):
                shown[key] = value
        return shown


def fingerprint(value: Any) -> str:
    """What the store keeps of a secret."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _unique_name(name: str, seed: bytes | None) -> str:
    """The name that Pulumi makes up. With the engine's seed, preview and update come to the same one."""
    source = random.Random(seed) if seed else random.SystemRandom()  # noqa: S311 - a name, not a secret
    return f"{name}-{source.getrandbits(28):07x}"


def _visible(spec: TypeSpec, inputs: Mapping[str, Any]) -> Properties:
    return {key: value for key, value in inputs.items() if key not in spec.write_only}


def _change(
    spec: TypeSpec,
    key: str,
    old_inputs: Mapping[str, Any],
    old_state: Mapping[str, Any],
    new_inputs: Mapping[str, Any],
) -> Kind | None:
    if key not in new_inputs:
        return None if key in spec.computed or old_inputs[key] in (None, "", [], {}) else "delete"
    new = new_inputs[key]
    if key in old_inputs and covers(old_inputs[key], new):
        return None
    if not has_unknown(new) and covers(old_state.get(key), new):
        return None  # the program now says what already is
    return "update" if key in old_inputs else "add"


def _refreshed_inputs(
    spec: TypeSpec, declared: Shape, inputs: Mapping[str, Any], state: Mapping[str, Any]
) -> Properties:
    """The inputs as AWS would confirm them: changed where they drifted. For an import, all that can be set."""
    if not inputs:
        return {k: v for k, v in state.items() if k in declared.inputs and v not in (None, "", [], {})}
    result = dict(inputs)
    for key in inputs.keys() & (declared.outputs.keys() - set(spec.write_only) - set(spec.secret)):
        if key not in state:
            if inputs[key] not in (None, "", [], {}):
                result.pop(key)
        elif not covers(state[key], inputs[key]):
            result[key] = state[key]
    return result
