"""The provider protocol, without an engine."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.cloud import Cloud, CloudError, Store
from sandbox.providers.kubernetes import Kubernetes
from sandbox.providers.server import Provider
from sandbox.providers.settings import configure_aws
from sandbox.providers.wire import pack, unpack

URN = "urn:pulumi:primary::trading::trading:index:Edge$aws:lb/targetGroup:TargetGroup::app"


class AbortedError(Exception):
    """What gRPC ends a refused call with."""


class Context:
    """The part of a gRPC context that the server uses."""

    def abort(self, _code: Any, details: str) -> None:
        raise AbortedError(details)


@pytest.fixture
def provider() -> Provider:
    store = Store()
    made = Provider("aws", Cloud(store), functools.partial(configure_aws, store))
    config = {
        "region": "eu-west-1",
        "defaultTags": '{"tags": {"env": "test"}}',
        "allowedAccountIds": '["123456789012"]',
    }
    made.Configure(provider_pb2.ConfigureRequest(args=pack(config)), Context())
    return made


def check(provider: Provider, **inputs: Any) -> dict[str, Any]:
    return unpack(provider.Check(provider_pb2.CheckRequest(urn=URN, news=pack(inputs)), Context()).inputs)


def test_check_notes_what_it_filled_in(provider: Provider) -> None:
    inputs = check(provider, targetType="lambda")
    assert {"name", "region", "tagsAll"} <= set(inputs["__defaults"])
    assert "targetType" not in inputs["__defaults"]
    assert inputs["tagsAll"] == {"env": "test"}


@pytest.mark.parametrize(("named", "first"), [({"name": "app"}, True), ({}, False)])
def test_a_name_of_the_programs_own_makes_room_before_a_replacement(
    provider: Provider, named: dict[str, Any], first: bool
) -> None:
    old = check(provider, **named, port=80)
    request = provider_pb2.DiffRequest(
        id="arn", urn=URN, olds=pack(old), old_inputs=pack(old), news=pack({**old, "port": 81})
    )
    answer = provider.Diff(request, Context())
    assert list(answer.replaces) == ["port"]
    assert answer.deleteBeforeReplace is first


def test_a_refusal_reaches_the_engine_with_its_text(provider: Provider) -> None:
    request = provider_pb2.CreateRequest(urn=URN, properties=pack({"name": "app"}))
    with pytest.raises(
        AbortedError, match=r"operation error Elastic Load Balancing v2: CreateTargetGroup.*'port' must be"
    ):
        provider.Create(request, Context())


def test_another_account_than_the_allowed_is_refused() -> None:
    with pytest.raises(CloudError, match="AWS account ID not allowed: 123456789012"):
        configure_aws(Store(), {"region": "eu-west-1", "allowedAccountIds": '["999999999999"]'})


def test_a_provider_in_a_region_that_is_off_cannot_even_start() -> None:
    store = Store()
    store.switch_off("eu-west-1")
    with pytest.raises(CloudError, match="GetCallerIdentity.*i/o timeout"):
        configure_aws(store, {"region": "eu-west-1"})


def test_whole_numbers_stay_whole_over_the_wire() -> None:
    assert unpack(pack({"port": 5432, "ratio": 0.5, "deep": [{"n": 1}]})) == {
        "port": 5432,
        "ratio": 0.5,
        "deep": [{"n": 1}],
    }


def test_kubernetes_knows_the_kinds_of_the_sdk_and_needs_a_cluster() -> None:
    cluster = Kubernetes(Store())
    inputs, _ = cluster.check("kubernetes:core/v1:Namespace", {}, name="trading")
    assert inputs["metadata"]["name"].startswith("trading-")
    with pytest.raises(CloudError, match="does not emulate the resource type kubernetes:core/v1:Nonsense"):
        cluster.check("kubernetes:core/v1:Nonsense", {}, name="x")
    with pytest.raises(CloudError, match="cluster is unreachable"):
        cluster.create("kubernetes:core/v1:Namespace", inputs)
