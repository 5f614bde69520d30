"""The resource provider protocol over anything that behaves like `Cloud`."""

# Method names and signatures are those of the gRPC service; an id is called id as everywhere in Pulumi.
# ruff: noqa: A001, N802

from __future__ import annotations

import functools
import importlib.metadata
import os
from collections.abc import Callable, Mapping
from concurrent import futures
from contextlib import suppress
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.cloud import Cloud, CloudError, Store
from sandbox.providers.kubernetes import Kubernetes
from sandbox.providers.settings import Settings, configure_aws
from sandbox.providers.wire import pack, unpack

DEFAULTS = "__defaults"
"""The input in which the real provider notes which inputs it filled in itself."""

_KINDS = {"add": 0, "delete": 2, "update": 4}  # PropertyDiff.Kind; one more where it forces a replacement

Properties = Mapping[str, Any]
Method = TypeVar("Method", bound=Callable[..., Any])


def _answered(method: Method) -> Method:
    """A refusal ends the call with its text; anything else is a mistake of the sandbox and says so."""

    @functools.wraps(method)
    def wrapper(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except CloudError as error:
            context.abort(grpc.StatusCode.UNKNOWN, f"1 error occurred:\n\t* {error}\n\n")
        except Exception as error:
            context.abort(grpc.StatusCode.INTERNAL, f"the sandbox failed: {type(error).__name__}: {error}")

    return wrapper  # type: ignore[return-value]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One package's provider."""

    def __init__(self, package: str, backend: Cloud | Kubernetes, configure: Callable[[Properties], Settings]) -> None:
        self._package = package
        self._backend = backend
        self._configure = configure
        self._settings = Settings()

    # What the provider is

    def Handshake(self, request: Any, context: Any) -> Any:
        """Secrets, resources and outputs come as plain values: the engine keeps track of what is secret."""
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Any:
        """Nothing to do: the engine is never called back."""
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        """Nothing to do: no call here takes long."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """The version of the SDK whose types are emulated."""
        return plugin_pb2.PluginInfo(version=importlib.metadata.version(f"pulumi_{self._package}"))

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Any configuration is taken as it is."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """A configuration change never replaces what the provider made."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    @_answered
    def Configure(self, request: Any, context: Any) -> Any:
        """Take region, default tags and allowed accounts."""
        self._settings = self._configure(unpack(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    # Resources

    @_answered
    def Check(self, request: Any, context: Any) -> Any:
        """Fill in defaults, names and tags."""
        token, name = _of(request.urn)
        news, olds = unpack(request.news), unpack(request.olds)
        olds.pop(DEFAULTS, None)
        inputs, failures = self._backend.check(
            token,
            news,
            region=self._settings.region,
            name=name,
            old=olds,
            default_tags=self._settings.default_tags,
            seed=request.randomSeed or None,
        )
        filled = sorted(inputs.keys() - news.keys())
        if filled:
            inputs[DEFAULTS] = filled
        return provider_pb2.CheckResponse(
            inputs=pack(inputs),
            failures=[provider_pb2.CheckFailure(property=key, reason=reason) for key, reason in failures],
        )

    @_answered
    def Diff(self, request: Any, context: Any) -> Any:
        """Compare with the state, property by property."""
        token, _ = _of(request.urn)
        old_inputs, news = unpack(request.old_inputs), unpack(request.news)
        old_inputs.pop(DEFAULTS, None)
        filled = news.pop(DEFAULTS, [])
        diff = self._backend.diff(token, request.id, old_inputs, unpack(request.olds), news)
        for key in request.ignoreChanges:
            diff.changes.pop(key, None)
        replaces = [key for key in diff.replaces if key in diff.changes]
        detailed = {
            key: provider_pb2.PropertyDiff(kind=_kind(kind, key in replaces), inputDiff=True)
            for key, kind in diff.changes.items()
        }
        # A name of the program's own cannot be taken twice: the old resource has to go first.
        taken = bool(replaces) and self._backend.named_explicitly(token, news, filled)
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some if diff.changes else none,
            diffs=sorted(diff.changes),
            replaces=replaces,
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=taken and not _renamed(old_inputs, news, replaces),
        )

    @_answered
    def Create(self, request: Any, context: Any) -> Any:
        """Create, or say what a create would come to."""
        token, name = _of(request.urn)
        inputs = unpack(request.properties)
        inputs.pop(DEFAULTS, None)
        id, outputs = self._backend.create(
            token,
            inputs,
            region=self._settings.region,
            preview=request.preview,
            default_tags=self._settings.default_tags,
            name=name,
        )
        return provider_pb2.CreateResponse(id=id, properties=pack(outputs))

    @_answered
    def Read(self, request: Any, context: Any) -> Any:
        """What is there now; no id when it is gone."""
        token, _ = _of(request.urn)
        inputs, state = unpack(request.inputs), unpack(request.properties)
        filled = inputs.pop(DEFAULTS, None)
        region = state.get("region") or self._settings.region
        id, inputs, state = self._backend.read(token, request.id, inputs, state, region)
        if filled and id:
            inputs[DEFAULTS] = filled
        return provider_pb2.ReadResponse(id=id, inputs=pack(inputs), properties=pack(state))

    @_answered
    def Update(self, request: Any, context: Any) -> Any:
        """Change in place."""
        token, _ = _of(request.urn)
        olds, news = unpack(request.old_inputs), unpack(request.news)
        olds.pop(DEFAULTS, None)
        news.pop(DEFAULTS, None)
        region = news.get("region") or self._settings.region
        state = self._backend.update(
            token, request.id, olds, news, unpack(request.olds), region=region, preview=request.preview
        )
        return provider_pb2.UpdateResponse(properties=pack(state))

    @_answered
    def Delete(self, request: Any, context: Any) -> Any:
        """Delete."""
        token, _ = _of(request.urn)
        state = unpack(request.properties)
        self._backend.delete(token, request.id, state, state.get("region") or self._settings.region)
        return empty_pb2.Empty()

    @_answered
    def Invoke(self, request: Any, context: Any) -> Any:
        """Look something up."""
        args = unpack(request.args)
        found = self._backend.invoke(request.tok, args, args.get("region") or self._settings.region)
        return provider_pb2.InvokeResponse(**{"return": pack(found)})


def _of(urn: str) -> tuple[str, str]:
    """The type token and the name at a URN's end."""
    head, name = urn.split("::", 3)[2:]
    return head.split("$")[-1], name


def _kind(kind: str, replace: bool) -> Any:
    return _KINDS[kind] + replace


def _renamed(old: Properties, new: Properties, replaces: list[str]) -> bool:
    return any(
        key.lower().endswith(("name", "identifier", "bucket")) and old.get(key) != new.get(key) for key in replaces
    )


def serve(package: str, store: Store) -> int:
    """Serve until the engine ends the process."""
    if package == "kubernetes":
        cluster = Kubernetes(store)
        provider = Provider(package, cluster, cluster.configure)
    else:
        configure = functools.partial(configure_aws, store) if package == "aws" else lambda raw: Settings(raw=dict(raw))
        provider = Provider(package, Cloud(store), configure)
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)  # noqa: T201 - how the engine learns the port
    engine = os.getppid()
    with suppress(KeyboardInterrupt):
        while os.getppid() == engine:  # an engine that was killed ends nobody
            server.wait_for_termination(timeout=1)
    server.stop(grace=0)
    return 0
