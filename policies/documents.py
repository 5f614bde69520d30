"""IAM policy documents, read for judging."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policies.graph import Graph, Node
from policies.tokens import BUCKET_POLICY, IAM_GROUP_POLICY, IAM_POLICY, KEY, ROLE, ROLE_POLICY, TOPIC_POLICY

IDENTITY_TYPES = (ROLE_POLICY, IAM_POLICY, IAM_GROUP_POLICY)
RESOURCE_TYPES = (KEY, BUCKET_POLICY, TOPIC_POLICY)
Statement = Mapping[str, Any]


def statements(text: object) -> list[Statement]:
    """A document's statements; none of a text that is unknown or no JSON (which a rule of its own refuses)."""
    try:
        found = json.loads(text)["Statement"] if isinstance(text, str) else []
    except (ValueError, KeyError, TypeError):
        return []
    return [s for s in as_list(found) if isinstance(s, Mapping)]


def as_list(value: Any) -> list[Any]:
    """IAM takes one value or a list of them."""
    return [] if value is None else value if isinstance(value, list) else [value]


def documents(graph: Graph) -> Iterator[tuple[Node, object]]:
    """Every document in the graph with its owner, trust policies included."""
    for node in graph.of(*IDENTITY_TYPES, *RESOURCE_TYPES):
        yield node, node.get("policy")
    for role in graph.of(ROLE):
        yield role, role.get("assumeRolePolicy")
        for inline in role.items("inlinePolicies"):
            if inline.get("policy"):
                yield role, inline.get("policy")


def granted(graph: Graph) -> Iterator[tuple[Node, Statement]]:
    """Every Allow statement of an identity's policies."""
    for node in graph.of(*IDENTITY_TYPES):
        yield from ((node, s) for s in statements(node.get("policy")) if s.get("Effect") == "Allow")
    for role in graph.of(ROLE):
        for inline in role.items("inlinePolicies"):
            yield from ((role, s) for s in statements(inline.get("policy")) if s.get("Effect") == "Allow")


def actions(statement: Statement) -> list[str]:
    """The actions of a statement, in lower case; NotAction counts as every action."""
    return ["*"] if "NotAction" in statement else [str(a).lower() for a in as_list(statement.get("Action"))]


def resources(statement: Statement) -> list[str]:
    """The resources of a statement; NotResource counts as every resource."""
    return ["*"] if "NotResource" in statement else [str(r) for r in as_list(statement.get("Resource"))]


def is_anybody(statement: Statement) -> bool:
    """Whether the statement's principal is everyone."""
    principal = statement.get("Principal")
    if principal == "*" or "NotPrincipal" in statement:
        return True
    return isinstance(principal, Mapping) and any("*" in as_list(who) for who in principal.values())


def allows_anybody(text: object) -> bool:
    """Whether a resource's policy lets anybody in without a condition."""
    return any(s.get("Effect") == "Allow" and is_anybody(s) and not s.get("Condition") for s in statements(text))


def refuses_plain_http(text: object) -> bool:
    """Whether a resource's policy denies everyone without TLS."""
    return any(
        s.get("Effect") == "Deny"
        and is_anybody(s)
        and str(s.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")).lower() == "false"
        for s in statements(text)
    )
