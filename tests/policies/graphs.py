"""The harness's records as graphs."""

from __future__ import annotations

from typing import Any

from pulumi.output import Unknown
from pulumi.runtime.rpc import UNKNOWN as ON_THE_WIRE

from policies.graph import Graph, Node, clean
from tests.harness import Deployment, Registered


def recorded(deployment: Deployment, region: str | None = None) -> Graph:
    """The graph of what a deployment registered; components are part of it, stack references are not."""
    home = region or deployment.exports.get("region")
    kept = [r for r in deployment.resources if r.type != "pulumi:pulumi:StackReference"]
    known = {r.urn for r in kept}
    return Graph(_node(r, known, home if isinstance(home, str) else None) for r in kept)


def _node(resource: Registered, known: set[str], home: str | None) -> Node:
    relations = {
        key: [urn for urn in value.urns if urn in known] for key, value in resource.request.propertyDependencies.items()
    }
    return Node(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        props=clean(_wire({**resource.inputs, **resource.outputs, "id": resource.id})),
        relations=relations,
        parent=resource.parent,
        protect=resource.protect,
        provider_region=home,
    )


def _wire(value: Any) -> Any:
    """An unknown as the engine would send it."""
    if isinstance(value, dict):
        return {key: _wire(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_wire(inner) for inner in value]
    return ON_THE_WIRE if isinstance(value, Unknown) else value
