"""Runs a program against the emulated AWS without an engine, and returns what it registered."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import pulumi
from pulumi.runtime import mocks, rpc
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack

from components.resource_types import type_of
from sandbox.cloud import Cloud, Store

SECRET_MARK = "4dabf18193072939515e22adb298388d"  # how the SDK marks a special value
STACK_REFERENCE = "pulumi:pulumi:StackReference"


@dataclass(frozen=True, slots=True)
class Registered:
    """One resource as the program registered it and as the emulated AWS answered."""

    type: str
    name: str
    urn: str
    id: str
    parent: str
    protect: bool
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    secret_inputs: frozenset[str]
    request: Any

    @property
    def properties(self) -> dict[str, Any]:
        """Outputs over inputs: the resource as it stands."""
        return {**self.inputs, **self.outputs, "id": self.id}


@dataclass(frozen=True, slots=True)
class Change:
    """What one run did to a resource that stood already, and because of which inputs."""

    verb: Literal["update", "replace"]
    type: str
    name: str
    keys: frozenset[str]


@dataclass(slots=True)
class State:
    """What a stack's earlier runs left: type and name to id, inputs and outputs. Give it to the next run."""

    resources: dict[tuple[str, str], tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=dict)


@dataclass(slots=True)
class Deployment:
    """Everything that one run of a program registered.

    references: stacks that it read. changes, created, gone: against the state that the run was given.
    """

    changes: list[Change] = field(default_factory=list)
    created: set[tuple[str, str]] = field(default_factory=set)
    gone: set[tuple[str, str]] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    resources: list[Registered] = field(default_factory=list)
    component_outputs: dict[str, set[str]] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def of(self, resource_class: Any) -> list[Registered]:
        """The resources of an SDK class."""
        return [r for r in self.resources if r.type == type_of(resource_class)]

    def one(self, resource_class: Any, name: str | None = None) -> Registered:
        """The only resource of an SDK class, or the one of that logical name."""
        found = [r for r in self.of(resource_class) if name is None or r.name == name]
        assert len(found) == 1, f"{type_of(resource_class)} {name}: {[r.name for r in found]}"
        return found[0]

    def custom(self) -> Iterator[Registered]:
        """All but components."""
        return (r for r in self.resources if not r.type.startswith("trading:"))

    def components(self) -> Iterator[Registered]:
        """The components of this project."""
        return (r for r in self.resources if r.type.startswith("trading:"))


class _Emulation(mocks.Mocks):
    def __init__(
        self,
        cloud: Cloud,
        config: Mapping[str, str],
        upstream: Mapping[str, Any],
        preview: bool,
        state: State,
        deployment: Deployment,
    ) -> None:
        self.cloud, self.upstream, self.preview = cloud, upstream, preview
        self.state, self.changes, self.references = state, deployment.changes, deployment.references
        self.ignored: dict[tuple[str, str], frozenset[str]] = {}
        self.region = config.get("aws:region", "eu-central-1")
        self.default_tags = json.loads(config.get("aws:defaultTags", "{}")).get("tags", {})

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ == STACK_REFERENCE:
            outputs = self.upstream.get(args.name)
            self.references.add(args.name)
            assert outputs is not None, f"the program reads stack {args.name}, which the test did not provide"
            return args.name, {"name": args.name, "outputs": dict(outputs), "secretOutputNames": []}
        if args.typ.startswith("trading:"):
            return "", {}
        id_, outputs = self._apply(args.typ, args.name, plain(args.inputs))
        files = {key: value for key, value in args.inputs.items() if isinstance(value, pulumi.Archive)}
        return id_, {**_without_unknowns(outputs), **files}

    def _apply(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        where: Any = {"region": self.region, "default_tags": self.default_tags, "name": name}
        stood = self.state.resources.get((type_, name))
        if stood is None:
            id_, outputs = self.cloud.create(type_, inputs, preview=self.preview, **where)
        else:
            id_, old_inputs, old_outputs = stood
            ignored = self.ignored.get((type_, name), frozenset())
            inputs = {k: v for k, v in inputs.items() if k not in ignored}
            inputs |= {k: v for k, v in old_inputs.items() if k in ignored}
            checked, failures = self.cloud.check(type_, inputs, old=old_inputs, **where)
            assert not failures, failures
            diff = self.cloud.diff(type_, id_, old_inputs, old_outputs, checked)
            inputs, outputs = checked, old_outputs
            if diff.changes:
                verb: Literal["update", "replace"] = "replace" if diff.replaces else "update"
                self.changes.append(Change(verb, type_, name, frozenset(diff.changes)))
                if diff.replaces and type_.startswith("random:"):
                    id_, outputs = self.cloud.create(type_, checked, **where)  # its value is what a replacement renews
                else:
                    outputs = self.cloud.update(type_, id_, old_inputs, checked, old_outputs, region=self.region)
        if stood is None:
            inputs, _ = self.cloud.check(type_, inputs, old=outputs, **where)
        self.state.resources[type_, name] = id_, inputs, outputs
        return id_, outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        return self.cloud.invoke(args.token, plain(args.args), self.region), None


class _Recorder(mocks.MockMonitor):
    def __init__(self, emulation: _Emulation, deployment: Deployment) -> None:
        super().__init__(emulation)
        self.emulation, self.deployment = emulation, deployment

    def RegisterResource(self, request: Any) -> resource_pb2.RegisterResourceResponse:
        self.emulation.ignored[request.type, request.name] = frozenset(request.ignoreChanges)
        response: resource_pb2.RegisterResourceResponse = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type == "pulumi:pulumi:Stack":
            return response
        inputs = rpc.deserialize_properties(request.object)
        assert not any(r.urn == response.urn for r in self.deployment.resources), f"two of {response.urn}"
        self.deployment.resources.append(
            Registered(
                type=request.type,
                name=request.name,
                urn=response.urn,
                id=response.id,
                parent=request.parent,
                protect=request.protect,
                inputs=plain(inputs),
                outputs=plain(self.resources[response.urn].state),
                secret_inputs=frozenset(key for key, value in inputs.items() if _is_secret(value)),
                request=request,
            )
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs = rpc.deserialize_properties(request.outputs)
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self.deployment.exports.update(plain(outputs))
        else:
            self.deployment.component_outputs[request.urn] = set(outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class _Log(logging.Handler):
    def __init__(self, deployment: Deployment) -> None:
        super().__init__(logging.WARNING)
        self.deployment = deployment

    def emit(self, record: logging.LogRecord) -> None:
        self.deployment.log.append(record.getMessage())


def deploy(
    program: Callable[[], None],
    *,
    config: Mapping[str, str],
    stack: str = "primary",
    project: str = "trading",
    upstream: Mapping[str, Mapping[str, Any]] | None = None,
    cloud: Cloud | None = None,
    preview: bool = False,
    state: State | None = None,
) -> Deployment:
    """Run `program` as stack `stack` and return what it registered.

    upstream: what other stacks publish, by full name. cloud: an emulated AWS to share between stacks. preview:
    leave unknown what AWS computes, as a first preview does. state: of earlier runs of the same stack. A lookup
    that the emulation cannot answer fails.
    """
    deployment = Deployment()
    state = state if state is not None else State()
    stood = set(state.resources)
    emulation = _Emulation(cloud or Cloud(Store()), config, upstream or {}, preview, state, deployment)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    monitor = _Recorder(emulation, deployment)
    logger = logging.Logger("program")
    logger.addHandler(_Log(deployment))
    mocks.set_mocks(
        emulation,
        project=project,
        stack=stack,
        preview=preview,
        monitor=monitor,
        logger=logger,
        organization="organization",
    )
    set_root_resource(cast(Any, None))  # run_in_stack makes the root itself, and collects the exports in it
    set_all_config(dict(config))
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()
    try:
        loop.run_until_complete(run_in_stack(program))
    finally:
        # After a failure the rest of the program is still under way. It ends here, or the garbage collector ends it
        # in the middle of a later test.
        while left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        SETTINGS.rpc_manager.clear()
        SETTINGS.outputs.clear()
        loop.close()
        asyncio.set_event_loop(asyncio.new_event_loop())
    registered = {(r.type, r.name) for r in deployment.custom()}
    deployment.created = {key for key in state.resources if key in registered} - stood
    deployment.gone = stood - registered
    for key in deployment.gone:
        del state.resources[key]  # only forgotten here: in which order to delete is the engine's to know
    return deployment


def plain(value: Any) -> Any:
    """A value without secret marks; an asset becomes the fingerprint of its text."""
    if isinstance(value, dict):
        if SECRET_MARK in value and "value" in value:
            return plain(value["value"])
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)  # the wire knows doubles only
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, pulumi.AssetArchive):
        return {name: plain(asset) for name, asset in value.assets.items()}
    if isinstance(value, pulumi.StringAsset):
        return hashlib.sha256(value.text.encode()).hexdigest()
    return value


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and SECRET_MARK in value


def _without_unknowns(outputs: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in outputs.items() if value != rpc.UNKNOWN}
