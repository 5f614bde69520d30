"""A stack's resources as a graph, read once and asked by every rule.

Three sources give the same graph: what the engine hands to a policy pack, what the test harness recorded, and an
exported state. Relations come from property dependencies, which the engine knows even while every ARN is unknown,
and from literal identifiers where those are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    UnknownValueError,
)

SENTINELS: Final = frozenset(
    {
        UNKNOWN_ARCHIVE_VALUE,
        UNKNOWN_ARRAY_VALUE,
        UNKNOWN_ASSET_VALUE,
        UNKNOWN_BOOLEAN_VALUE,
        UNKNOWN_NUMBER_VALUE,
        UNKNOWN_OBJECT_VALUE,
        UNKNOWN_STRING_VALUE,
    }
)

SPECIAL_MARK: Final = "4dabf18193072939515e22adb298388d"
"""How state marks a special value (pulumi/sdk/v3/python/lib/pulumi/runtime/rpc.py, _special_sig_key)."""


class Unknown:
    """A value that nobody knows before `up`.

    It is not true, equals nothing, compares with nothing and holds nothing, so that a rule that asks for something
    good does not get it: unknown fails closed. Reading it raises nothing, because one raise would switch the rule
    off (pulumi_policy turns it into a note and exits 0).
    """

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0

    def __lt__(self, other: object) -> bool:
        return False

    __le__ = __gt__ = __ge__ = __lt__

    def __contains__(self, item: object) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __getitem__(self, key: object) -> Unknown:
        return self

    def get(self, key: object, default: object = None) -> Unknown:
        """Whatever an unknown holds is unknown."""
        return self

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()

IDENTIFIERS: Final = (
    "id",
    "arn",
    "name",
    "bucket",
    "certificateArn",
    "dnsName",
    "fqdn",
    "identifier",
    "keyId",
    "replicationGroupId",
)
"""Properties by which other resources name one."""


GLOBAL: Final = ("aws:iam/", "aws:route53/", "aws:globalaccelerator/")
"""Services without a region."""


@dataclass(frozen=True, eq=False)
class Node:
    """One resource. relations: by property, the URNs that it was computed from."""

    type: str
    name: str
    urn: str
    props: Mapping[str, Any]
    relations: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    provider_region: str | None = None

    def get(self, path: str) -> Any:
        """The value at a dotted path: None when absent, UNKNOWN when it or what holds it is unknown."""
        value: Any = self.props
        for key in path.split("."):
            if isinstance(value, Unknown):
                return UNKNOWN
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def items(self, path: str) -> list[Any]:
        """The list at a path; empty when absent or unknown, one element when it holds a single value."""
        value = self.get(path)
        if isinstance(value, list):
            return value
        return [] if value is None or isinstance(value, Unknown) else [value]

    def has(self, path: str) -> bool:
        """Whether something is there: a known value, or one that another resource will give."""
        value = self.get(path)
        if isinstance(value, Unknown):
            return bool(self.relations.get(path.split(".")[0]))
        return value not in (None, "", [], {})

    def is_unknown(self, path: str) -> bool:
        """Whether the value is left to `up`."""
        return isinstance(self.get(path), Unknown)

    @property
    def region(self) -> str | None:
        """Where it is; None for a global service, or when nothing says it."""
        if self.type.startswith(GLOBAL):
            return None
        region = self.get("region") or self.provider_region
        return region if isinstance(region, str) else None

    @property
    def stack(self) -> str:
        """The stack that owns it."""
        return self.urn.split("::")[0].removeprefix("urn:pulumi:")

    @cached_property
    def identities(self) -> frozenset[str]:
        """Every text by which another resource may name this one."""
        values = (self.props.get(key) for key in IDENTIFIERS)
        return frozenset(value.rstrip(".") for value in values if isinstance(value, str) and value)


class Graph:
    """Resources by type and URN, and what refers to what."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = sorted(nodes, key=lambda node: node.urn)
        self.by_urn = {node.urn: node for node in self.nodes}
        self._by_type: dict[str, list[Node]] = {}
        for node in self.nodes:
            self._by_type.setdefault(node.type, []).append(node)

    def of(self, *types: str) -> list[Node]:
        """The resources of these types, in the order of their URNs."""
        return [node for type_ in types for node in self._by_type.get(type_, ())]

    def targets(self, node: Node, path: str, *types: str) -> list[Node]:
        """The resources of these types that a property refers to, by dependency or by identifier."""
        urns = set(node.relations.get(path.split(".")[0], ()))
        literals = {text.rstrip(".") for text in strings(node.get(path))}
        return [
            other
            for other in self.of(*types)
            if other is not node and (other.urn in urns or literals & other.identities)
        ]

    def referrers(self, node: Node, path: str, *types: str) -> list[Node]:
        """The resources of these types whose property refers to this one."""
        return [other for other in self.of(*types) if node in self.targets(other, path, node.type)]

    def refers(self, node: Node, path: str, *types: str) -> bool:
        """Whether a property refers to a resource of these types, or names one that another stack owns."""
        return bool(self.targets(node, path, *types)) or (node.has(path) and not node.is_unknown(path))


def strings(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def clean(value: Any) -> Any:
    """A value as the graph keeps it: unknowns as UNKNOWN, whole numbers as int, secrets as what they hold."""
    if isinstance(value, str):
        return UNKNOWN if value in SENTINELS else value
    if isinstance(value, float) and value.is_integer():
        return int(value)  # the wire knows doubles only
    if isinstance(value, Mapping):
        if SPECIAL_MARK in value:
            return clean(value["value"]) if "value" in value else UNKNOWN
        return {key: _entry(value, key) for key in value}
    if isinstance(value, Sequence):
        return [_entry(value, index) for index in range(len(value))]
    return value


def _entry(holder: Any, key: Any) -> Any:
    try:
        return clean(holder[key])
    except UnknownValueError:
        return UNKNOWN


def _stated(props: Mapping[str, Any], inputs: Iterable[str]) -> dict[str, Any]:
    """Properties as a preview knows them, without what AWS will decide by itself.

    The engine lists the relations of every input, if only as an empty list. An unknown that is no input is a default
    still to come, and counts as absent; an unknown input stays unknown.
    """
    given = set(inputs)
    return {key: value if key in given else _known(value) for key, value in props.items()}


def _known(value: Any) -> Any:
    if isinstance(value, Unknown):
        return None
    if isinstance(value, Mapping):
        return {key: _known(inner) for key, inner in value.items()}
    return [_known(inner) for inner in value] if isinstance(value, list) else value


def from_policy(resources: Iterable[Any]) -> Graph:
    """The graph of what pulumi_policy hands to a stack policy (`PolicyResource`)."""
    return Graph(
        Node(
            type=resource.resource_type,
            name=resource.name,
            urn=resource.urn,
            props=_stated(clean(resource.props), resource.property_dependencies),
            relations={key: [r.urn for r in owners] for key, owners in resource.property_dependencies.items()},
            parent=resource.parent.urn if resource.parent else "",
            protect=bool(resource.opts.protect),
            provider_region=_region_of(resource.provider.props if resource.provider else {}),
        )
        for resource in resources
    )


def from_request(request: Any) -> Graph:
    """The graph of the engine's AnalyzeStackRequest, deserialised once for every rule."""
    from google.protobuf import json_format  # type: ignore[import-untyped]
    from pulumi_policy.deserialize import deserialize_properties

    def properties(struct: Any) -> Any:
        return clean(deserialize_properties(json_format.MessageToDict(struct)))

    return Graph(
        Node(
            type=resource.type,
            name=resource.name,
            urn=resource.urn,
            props=_stated(properties(resource.properties), resource.propertyDependencies),
            relations={key: list(value.urns) for key, value in resource.propertyDependencies.items()},
            parent=resource.parent,
            protect=resource.options.protect,
            provider_region=_region_of(properties(resource.provider.properties)),
        )
        for resource in request.resources
    )


def from_state(deployment: Mapping[str, Any]) -> Graph:
    """The graph of an exported state (`pulumi stack export`); encrypted values stay unknown."""
    resources = deployment["deployment"]["resources"]
    regions = {
        f"{r['urn']}::{r['id']}": _region_of(r.get("inputs", {}))
        for r in resources
        if r["type"].startswith("pulumi:providers:")
    }
    return Graph(
        Node(
            type=resource["type"],
            name=resource["urn"].split("::")[-1],
            urn=resource["urn"],
            props=clean({**resource.get("inputs", {}), **resource.get("outputs", {}), "id": resource.get("id")}),
            relations=resource.get("propertyDependencies") or {},
            parent=resource.get("parent", ""),
            protect=bool(resource.get("protect")),
            provider_region=regions.get(resource.get("provider", "")),
        )
        for resource in resources
        if not resource.get("delete")
    )


def _region_of(provider: Mapping[str, Any]) -> str | None:
    try:
        region = provider["region"] if "region" in list(provider) else None
    except UnknownValueError:
        return None
    return region if isinstance(region, str) else None
