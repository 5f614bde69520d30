"""The harness's records as graphs."""

from __future__ import annotations

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
        props=clean({**resource.inputs, **resource.outputs, "id": resource.id}),
        relations=relations,
        parent=resource.parent,
        protect=resource.protect,
        provider_region=home,
    )
