"""Unknowns fail closed, and an exported state tells what the record tells, but no secret."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from components.resource_types import type_of
from policies.graph import SPECIAL_MARK, UNKNOWN, Graph, Node, clean, from_state
from policies.rule import at_least

VPC = type_of(aws.ec2.Vpc)


def test_unknown_is_nothing_that_a_rule_asks_for() -> None:
    assert not UNKNOWN
    assert UNKNOWN != UNKNOWN  # noqa: PLR0124
    assert UNKNOWN not in ("ENABLED", None)
    assert not at_least(UNKNOWN, 0)
    assert list(UNKNOWN) == []
    assert not UNKNOWN >= 1
    assert UNKNOWN.get("deeper") is UNKNOWN


def test_reading_an_unknown_never_raises() -> None:
    props = unknown_checking_proxy({"a": UNKNOWN_STRING_VALUE, "b": [{"c": UNKNOWN_STRING_VALUE}], "d": 7.0})
    node = Node(VPC, "x", "urn:pulumi:s::p::t::x", clean(props))
    assert node.get("a") is UNKNOWN
    assert node.items("b")[0]["c"] is UNKNOWN
    assert node.get("a.deeper") is UNKNOWN
    assert node.get("d") == 7
    assert node.get("absent.deeper") is None
    assert not node.has("a")


def _state(**props: Any) -> Graph:
    urn = f"urn:pulumi:primary::trading::{VPC}::network-vpc"
    return from_state({"deployment": {"resources": [{"urn": urn, "type": VPC, "id": "vpc-1", "inputs": props}]}})


def test_a_state_is_read_without_its_secrets() -> None:
    mark = {SPECIAL_MARK: "1b47061264138c4ac30d75fd1eb44270"}
    [node] = _state(
        cidrBlock="10.0.0.0/16", one={**mark, "ciphertext": "x"}, other={**mark, "plaintext": '"hunter2"'}
    ).nodes
    assert (node.name, node.stack, node.get("cidrBlock")) == ("network-vpc", "primary", "10.0.0.0/16")
    assert node.is_unknown("one")
    assert node.is_unknown("other")
    assert "hunter2" not in repr(node.props)
