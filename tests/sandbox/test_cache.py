"""ElastiCache as the emulated AWS refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import World

PASSWORD = "correct-horse-battery"


def user(world: World, name: str = "app", **more: Any) -> dict[str, Any]:
    inputs = {"userId": f"u-{name}", "userName": name, "engine": "valkey", "accessString": "on ~* +@all", **more}
    if not inputs.get("noPasswordRequired"):
        inputs.setdefault("passwords", [PASSWORD])
    return world.make("elasticache", "User", **inputs)


def cache(world: World, *, zones: int = 2, family: str = "valkey8", **more: Any) -> dict[str, Any]:
    subnets = world.network()["subnets"][:zones]
    world.make("elasticache", "SubnetGroup", name="data", subnetIds=subnets)
    world.make("elasticache", "ParameterGroup", name="own", family=family)
    world.make("elasticache", "UserGroup", userGroupId="users", engine="valkey", userIds=[user(world)["id"]])
    inputs = {
        "replicationGroupId": "cache", "description": "d", "engine": "valkey", "engineVersion": "8.2",
        "numCacheClusters": 2, "automaticFailoverEnabled": True, "multiAzEnabled": True, "subnetGroupName": "data",
        "parameterGroupName": "own", "transitEncryptionEnabled": True, "userGroupIds": ["users"], **more,
    }  # fmt: skip
    return world.make("elasticache", "ReplicationGroup", **inputs)


def test_a_cache_names_its_nodes_and_an_endpoint_with_tls(world: World) -> None:
    made = cache(world)
    assert made["memberClusters"] == ["cache-001", "cache-002"]
    assert made["primaryEndpointAddress"].startswith("master.cache.")


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"numCacheClusters": 1}, "must be at least 2"),
        ({"automaticFailoverEnabled": False}, "must be true if multi_az_enabled is true"),
        ({"transitEncryptionEnabled": False}, "only supported when encryption-in-transit is enabled"),
        ({"authToken": "a" * 20}, "cannot be used together"),
        ({"zones": 1}, "at least two Availability Zones"),
        ({"family": "valkey7"}, "Expected a parameter group of family valkey8"),
        ({"userGroupIds": ["users", "users"]}, "Only one user group"),
        ({"snapshotWindow": "22:00-22:30"}, "at least 60 minutes"),
        (
            {"logDeliveryConfigurations": [{"destinationType": "cloudwatch-logs", "destination": "nowhere"}]},
            "The log group nowhere does not exist",
        ),
    ],
)
def test_elasticache_refuses_a_wrong_replication_group(world: World, more: dict[str, Any], text: str) -> None:
    assert text in world.refused(lambda: cache(world, **more))


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"passwords": ["short"]}, "between 16 and 128"),
        ({"passwords": ["with,comma,in,the,middle"]}, "between 16 and 128"),
        ({"passwords": [PASSWORD, PASSWORD + "1", PASSWORD + "2"]}, "at most two passwords"),
        ({"noPasswordRequired": True, "passwords": [PASSWORD]}, "cannot be set together"),
    ],
)
def test_elasticache_refuses_a_wrong_user(world: World, more: dict[str, Any], text: str) -> None:
    assert text in world.refused(lambda: user(world, **more))


def test_a_user_group_of_valkey_takes_nobody_without_a_password(world: World) -> None:
    anybody = user(world, "anybody", noPasswordRequired=True)
    make: dict[str, Any] = {"userGroupId": "users", "engine": "valkey", "userIds": [anybody["id"]]}
    assert "does not authenticate" in world.refused(lambda: world.make("elasticache", "UserGroup", **make))


def test_a_user_group_of_redis_wants_a_default_user_and_one_of_valkey_does_not(world: World) -> None:
    app = user(world)
    text = world.refused(
        lambda: world.make("elasticache", "UserGroup", userGroupId="r", engine="redis", userIds=[app["id"]])
    )
    assert "DefaultUserRequired" in text
    world.make("elasticache", "UserGroup", userGroupId="v", engine="valkey", userIds=[app["id"]])


def test_passwords_stay_out_of_the_store(world: World) -> None:
    made = user(world)
    [kept] = world.store.resources(type="aws:elasticache/user:User")
    assert PASSWORD not in str(kept.properties)
    assert made["authenticationMode"] == {"type": "password", "passwordCount": 1}
