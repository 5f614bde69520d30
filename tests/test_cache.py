"""The cache: what survives a zone, who may log in, and what is said when it is full."""

from __future__ import annotations

import json
import re
from typing import Any

import pulumi_aws as aws
import pulumi_random as random
import pytest

from components.cache_login import password_generations
from components.naming import cache_secret_name
from components.network.flows import REDIS_PORT
from components.resource_types import type_of
from tests.conftest import Journey
from tests.harness import Deployment
from tests.sites import Sites

LEGAL_PASSWORD = r"[A-Za-z0-9!&#$^<>-]{16,128}"


@pytest.fixture(params=["primary_active", "dr_standby", "dr_active", "primary_standby"])
def site(journey: Journey, request: pytest.FixtureRequest) -> Deployment:
    found: Deployment = getattr(journey, request.param)
    return found


def group(site: Deployment) -> dict[str, Any]:
    return dict(site.one(aws.elasticache.ReplicationGroup).inputs)


def users(site: Deployment) -> dict[str, dict[str, Any]]:
    return {r.inputs["userName"]: dict(r.inputs) for r in site.of(aws.elasticache.User)}


def test_a_node_in_every_zone_and_a_failover_that_needs_nobody(site: Deployment) -> None:
    cache = group(site)
    assert cache["multiAzEnabled"] is True
    assert cache["automaticFailoverEnabled"] is True
    [subnets] = site.of(aws.elasticache.SubnetGroup)
    zones = {r.id: r.inputs["availabilityZoneId"] for r in site.of(aws.ec2.Subnet)}
    assert len({zones[subnet] for subnet in subnets.inputs["subnetIds"]}) == cache["numCacheClusters"] >= 2


def test_a_third_zone_gets_a_node_in_place() -> None:
    sites = Sites()
    sites.primary()
    third = sites.primary(zones=["euc1-az2", "euc1-az3", "euc1-az1"])
    [change] = [c for c in third.changes if c.type == type_of(aws.elasticache.ReplicationGroup)]
    assert (change.verb, "numCacheClusters" in change.keys) == ("update", True)


def test_nothing_is_readable_on_the_wire_or_on_disk(site: Deployment) -> None:
    cache = group(site)
    assert (cache["transitEncryptionEnabled"], cache["transitEncryptionMode"]) == (True, "required")
    assert cache["atRestEncryptionEnabled"] is True
    assert cache["kmsKeyId"] == site.one(aws.kms.Key, "keys-cache").outputs["arn"]
    assert cache["port"] == REDIS_PORT


def test_only_the_application_logs_in_and_only_with_a_password(site: Deployment) -> None:
    assert set(users(site)) == {"trading", "default"}
    nobody, app = users(site)["default"], users(site)["trading"]
    assert nobody["accessString"] == "off -@all"
    assert app["accessString"].startswith("on ")
    assert {"-@admin", "-@dangerous"} <= set(app["accessString"].split())
    members = site.one(aws.elasticache.UserGroup).inputs
    assert set(members["userIds"]) == {nobody["userId"], app["userId"]}
    assert group(site)["userGroupIds"] == [members["userGroupId"]]
    assert {members["engine"], nobody["engine"], app["engine"], group(site)["engine"]} == {"valkey"}
    assert "authToken" not in group(site)


def test_passwords_are_legal_secret_and_never_exported(site: Deployment) -> None:
    for user in site.of(aws.elasticache.User):
        assert user.secret_inputs >= {"passwords"}
        assert all(re.fullmatch(LEGAL_PASSWORD, password) for password in user.inputs["passwords"])
    for password in site.of(random.RandomPassword):
        text = password.outputs["result"]
        assert text not in json.dumps(site.exports)
        for resource in site.custom():
            clear = {k: v for k, v in resource.inputs.items() if k not in resource.secret_inputs}
            assert text not in str(clear), resource.name


def test_the_secret_is_told_the_current_password_write_only_once_the_cache_takes_it(site: Deployment) -> None:
    secret = site.one(aws.secretsmanager.Secret, "cache-login-secret")
    assert secret.inputs["name"] == cache_secret_name()
    version = site.one(aws.secretsmanager.SecretVersion, "cache-login-version")
    assert "secretString" not in version.inputs
    told = json.loads(version.inputs["secretStringWo"])
    assert told["username"] == "trading"
    assert told["password"] == site.one(random.RandomPassword, "cache-login-odd").outputs["result"]
    assert site.one(aws.elasticache.User, "cache-login-app").urn in version.request.dependencies


@pytest.mark.parametrize("version", range(1, 6))
def test_a_rotation_renews_the_older_password_and_keeps_the_one_in_use(version: int) -> None:
    before, after = password_generations(version), password_generations(version + 1)
    kept = {slot for slot in before if before[slot] == after[slot]}
    assert {before[slot] for slot in kept} == {version}
    assert set(after.values()) == {version, version + 1}


def test_a_rotation_changes_one_password_the_user_and_the_secret() -> None:
    sites = Sites()
    first = sites.primary()
    rotated = sites.primary(cache={"passwordVersion": 2})
    old = first.one(random.RandomPassword, "cache-login-odd").outputs["result"]
    app = rotated.one(aws.elasticache.User, "cache-login-app")
    assert old in app.inputs["passwords"], "clients go on with what they know"
    told = json.loads(rotated.one(aws.secretsmanager.SecretVersion, "cache-login-version").inputs["secretStringWo"])
    assert told["password"] != old
    assert told["password"] in app.inputs["passwords"]
    assert {c.name for c in rotated.changes} == {"cache-login-even", "cache-login-app", "cache-login-version"}


def test_a_full_cache_drops_sessions_and_never_queues(site: Deployment) -> None:
    parameters = site.one(aws.elasticache.ParameterGroup).inputs
    values = {p["name"]: p["value"] for p in parameters["parameters"]}
    assert values["maxmemory-policy"] == "volatile-lru"
    assert parameters["family"] == "valkey8"
    assert group(site)["parameterGroupName"] == parameters["name"]


def test_slow_and_engine_logs_go_to_groups_that_stand_already(site: Deployment) -> None:
    groups = {r.inputs["name"] for r in site.of(aws.cloudwatch.LogGroup)}
    deliveries = group(site)["logDeliveryConfigurations"]
    assert {d["logType"] for d in deliveries} == {"slow-log", "engine-log"}
    assert {d["destination"] for d in deliveries} <= groups


def test_snapshots_and_maintenance_keep_out_of_trading_hours(site: Deployment) -> None:
    cache = group(site)
    assert cache["snapshotRetentionLimit"] >= 7
    assert (cache["snapshotWindow"], cache["maintenanceWindow"]) == ("22:45-23:45", "sun:06:00-sun:07:00")
    assert cache["applyImmediately"] is False


def test_whatever_deletes_the_cache_leaves_a_snapshot(site: Deployment) -> None:
    assert re.fullmatch(r"trading-(primary|dr)-final-[0-9a-f]{8}", group(site)["finalSnapshotIdentifier"])


def test_every_node_has_its_alarms(site: Deployment) -> None:
    watched: dict[str, set[str]] = {}
    for alarm in site.of(aws.cloudwatch.MetricAlarm):
        if alarm.inputs.get("namespace") == "AWS/ElastiCache":
            watched.setdefault(alarm.inputs["dimensions"]["CacheClusterId"], set()).add(alarm.inputs["metricName"])
    assert watched.keys() == set(site.one(aws.elasticache.ReplicationGroup).outputs["memberClusters"])
    assert all(
        metrics
        == {
            "EngineCPUUtilization",
            "DatabaseMemoryUsagePercentage",
            "Evictions",
            "CurrConnections",
            "ReplicationLag",
        }
        for metrics in watched.values()
    )


def test_both_sites_have_the_same_cache_of_their_own(journey: Journey) -> None:
    own = {"replicationGroupId", "region", "kmsKeyId", "subnetGroupName", "securityGroupIds", "userGroupIds"}
    own |= {"parameterGroupName", "finalSnapshotIdentifier", "logDeliveryConfigurations", "tagsAll", "tags"}
    primary, dr = (
        {k: v for k, v in group(d).items() if k not in own} for d in (journey.primary_active, journey.dr_standby)
    )
    assert primary == dr
