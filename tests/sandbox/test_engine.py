"""What holds for every type: previews, drift, outages, secrets, tags, limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloud import Cloud, CloudError, Store
from sandbox.cloud.paths import UNKNOWN
from tests.sandbox.conftest import AWAY, HOME, World

TOPIC = "aws:sns/topic:Topic"
GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_a_preview_knows_what_the_program_says_and_nothing_that_aws_will_say(world: World) -> None:
    made, planned = world.cloud.create(TOPIC, {"name": "t"}, region=HOME, preview=True)
    assert (made, planned["name"], planned["arn"]) == ("", "t", UNKNOWN)
    assert world.store.resources() == []
    assert world.store.operations() == []


def test_a_preview_and_a_create_have_the_same_outputs(world: World) -> None:
    _, planned = world.cloud.create(TOPIC, {"name": "t"}, region=HOME, preview=True)
    _, made = world.cloud.create(TOPIC, {"name": "t"}, region=HOME)
    assert planned.keys() >= {key for key, value in made.items() if value not in ("", [])}


def test_check_fills_in_region_defaults_tags_and_a_name(world: World) -> None:
    tags = {"env": "test", "Name": "default"}
    inputs, failures = world.cloud.check(
        GROUP, {"tags": {"Name": "mine"}}, region=HOME, name="flow", default_tags=tags, seed=b"x"
    )
    assert failures == []
    assert inputs["region"] == HOME
    assert inputs["retentionInDays"] == 0
    assert inputs["tagsAll"] == {"env": "test", "Name": "mine"}
    assert inputs["name"].startswith("flow-")
    again, _ = world.cloud.check(GROUP, {}, region=HOME, name="flow", seed=b"x")
    kept, _ = world.cloud.check(GROUP, {}, region=HOME, name="flow", old={"name": "old-name"})
    assert (again["name"], kept["name"]) == (inputs["name"], "old-name")


def test_check_names_what_is_missing_misspelt_or_too_long(world: World) -> None:
    _, failures = world.cloud.check("aws:rds/subnetGroup:SubnetGroup", {"subnets": []}, region=HOME)
    assert {key for key, _ in failures} == {"subnets", "subnetIds"}
    _, failures = world.cloud.check("aws:lb/targetGroup:TargetGroup", {}, region=HOME, name="a" * 30)
    assert failures[0][0] == "name"


def test_drift_is_found_by_a_read_and_undone_by_an_update(world: World) -> None:
    inputs: dict[str, Any] = {"name": "app", "retentionInDays": 30}
    made = world.make("cloudwatch", "LogGroup", **inputs)
    world.store.write(HOME, GROUP, "app", {"retentionInDays": 1})
    _, seen, state = world.cloud.read(GROUP, "app", inputs, made, HOME)
    assert seen["retentionInDays"] == 1
    diff = world.cloud.diff(GROUP, "app", seen, state, inputs)
    assert (diff.changes, diff.replaces) == ({"retentionInDays": "update"}, [])
    world.cloud.update(GROUP, "app", seen, inputs, state, region=HOME)
    assert world.cloud.read(GROUP, "app", inputs, state, HOME)[1] == inputs


def test_what_was_deleted_behind_pulumis_back_is_gone(world: World) -> None:
    made = world.make("cloudwatch", "LogGroup", name="app")
    world.store.remove(HOME, GROUP, "app")
    assert world.cloud.read(GROUP, "app", {"name": "app"}, made, HOME) == ("", {}, {})
    world.drop("cloudwatch", "LogGroup", made)  # as the provider, which takes a missing one for deleted


def test_every_verb_fails_in_a_region_that_is_off_and_says_so_in_the_log(world: World) -> None:
    made = world.make("cloudwatch", "LogGroup", name="app")
    world.store.switch_off(HOME)
    world.store.clear_operations()
    for action in (
        lambda: world.make("cloudwatch", "LogGroup", name="other"),
        lambda: world.cloud.read(GROUP, "app", {}, made, HOME),
        lambda: world.change("cloudwatch", "LogGroup", made, {}, retentionInDays=1),
        lambda: world.drop("cloudwatch", "LogGroup", made),
        lambda: world.cloud.invoke("aws:index/getCallerIdentity:getCallerIdentity", {}, HOME),
    ):
        text = world.refused(action)
        assert "StatusCode: 0" in text
        assert "dial tcp: i/o timeout" in text
    assert len(world.store.operations()) == 5
    assert all("i/o timeout" in operation.error for operation in world.store.operations())
    world.make("cloudwatch", "LogGroup", AWAY, name="app")  # the other region does not notice
    world.store.switch_on(HOME)
    world.drop("cloudwatch", "LogGroup", made)


def test_global_services_hang_on_us_east_1(world: World) -> None:
    world.store.switch_off(HOME)
    world.make("route53", "Zone", name="example.com")
    world.store.switch_off("us-east-1")
    assert "i/o timeout" in world.refused(lambda: world.make("route53", "Zone", name="example.org"))
    assert {operation.region for operation in world.store.operations()} == {"aws-global"}


def test_a_replica_needs_the_source_region_once_and_never_again(world: World) -> None:
    primary = world.database()
    world.store.switch_off(HOME)
    assert "i/o timeout" in world.refused(lambda: world.replica(primary))
    world.store.switch_on(HOME)
    replica = world.replica(primary)
    world.store.switch_off(HOME)
    assert world.cloud.read("aws:rds/instance:Instance", replica["id"], {}, replica, AWAY)[0]


def test_secrets_never_reach_the_store(tmp_path: Path) -> None:
    file = tmp_path / "cloud.sqlite"
    cloud = Cloud(Store(file))
    key = "topsecret-topsecret"
    inputs = {"identifier": "d", "engine": "postgres", "engineVersion": "17.6", "instanceClass": "db.m7g.large",
              "allocatedStorage": 20, "username": "app"}  # fmt: skip
    _, first = cloud.create(
        "aws:rds/instance:Instance", {**inputs, "passwordWo": key, "passwordWoVersion": 1}, region=HOME
    )
    _, second = cloud.create("aws:rds/instance:Instance", {**inputs, "identifier": "e", "password": key}, region=HOME)
    secret, _ = cloud.create("aws:secretsmanager/secret:Secret", {"name": "s"}, region=HOME)
    _, version = cloud.create(
        "aws:secretsmanager/secretVersion:SecretVersion", {"secretId": secret, "secretStringWo": key}, region=HOME
    )
    assert "passwordWo" not in first
    assert second["password"] == key  # in Pulumi's state it is a secret
    assert "secretStringWo" not in version
    cloud.store.close()
    assert all(key.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_write_only_value_counts_only_with_its_version(world: World) -> None:
    db = world.database()
    token = "aws:rds/instance:Instance"
    old = {"passwordWo": "correct-horse-battery", "passwordWoVersion": 1}
    assert not world.cloud.diff(token, db["id"], old, db, {**old, "passwordWo": "changed-and-ignored"}).changes
    assert world.cloud.diff(token, db["id"], old, db, {**old, "passwordWoVersion": 2}).changes == {
        "passwordWoVersion": "update"
    }


def test_limits_are_botocores(world: World) -> None:
    text = world.refused(lambda: world.make("kms", "Key", keyUsage="ENCRYPT"))
    assert "Value 'ENCRYPT' at 'keyUsage'" in text
    assert "GENERATE_VERIFY_MAC" in text
    text = world.refused(lambda: world.make("iam", "Role", name="not a name", assumeRolePolicy='{"Statement": []}'))
    assert r"[\w+=,.@-]+" in text


def test_the_store_is_shared_by_all_who_open_it(tmp_path: Path) -> None:
    file = tmp_path / "home" / "cloud.sqlite"
    here, there = Store(file), Store(file)
    Cloud(here).create(TOPIC, {"name": "t"}, region=HOME)
    assert [record.properties["name"] for record in there.resources(HOME, TOPIC)] == ["t"]
    assert [operation.operation for operation in there.operations()] == ["CreateTopic"]


def test_a_refused_call_changes_nothing_and_is_logged(world: World) -> None:
    world.make("sns", "Topic", name="t")
    before = world.store.resources()
    with pytest.raises(CloudError):
        world.make("sns", "TopicPolicy", arn="arn:aws:sns:eu-central-1:123456789012:t", policy="not json")
    assert world.store.resources() == before
    assert "InvalidParameter" in world.store.operations()[-1].error


def test_documents_that_differ_in_white_space_are_the_same(world: World) -> None:
    policy = {"Version": "2012-10-17", "Statement": []}
    text = json.dumps(policy)
    role = world.make("iam", "Role", name="r", assumeRolePolicy=text)
    spaced = {"assumeRolePolicy": json.dumps(policy, indent=2)}
    assert not world.cloud.diff("aws:iam/role:Role", "r", {"assumeRolePolicy": text}, role, spaced).changes
