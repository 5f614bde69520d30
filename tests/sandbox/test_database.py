"""Replicas, promotion, positions, and what RDS refuses."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cloud.databases import LAG, RATE
from sandbox.cloud.databases import promote as promote_by_hand
from tests.sandbox.conftest import AWAY, HOME, World

DB = "aws:rds/instance:Instance"


def refusal(world: World, **inputs: Any) -> str:
    return world.refused(lambda: world.database(**inputs))


def test_an_endpoint_looks_like_one(world: World) -> None:
    db = world.database()
    assert db["endpoint"].startswith("orders.c")
    assert db["endpoint"].endswith(".eu-central-1.rds.amazonaws.com:5432")
    assert db["hostedZoneId"] == "Z1RLNUO7B9Q6NB"
    assert db["id"] == db["resourceId"]


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"identifier": "orders--x"}, "not a valid identifier"),
        ({"passwordWo": "with/slash-in-it"}, "not a valid password"),
        ({"passwordWo": "short"}, "shorter than 8"),
        ({"multiAz": True, "availabilityZone": "eu-central-1a"}, "not valid for Multi-AZ"),
        ({"allocatedStorage": 100, "iops": 4000}, "You can't specify Iops"),
        ({"performanceInsightsEnabled": True, "performanceInsightsRetentionPeriod": 30}, "31 x n"),
        ({"databaseInsightsMode": "advanced", "performanceInsightsEnabled": True}, "at least 465 days"),
        ({"monitoringInterval": 30}, "MonitoringRoleARN value is required"),
        ({"parameterGroupName": "nowhere"}, "DBParameterGroup not found: nowhere"),
        ({"username": None}, '"username": required field is not set'),
        ({"kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/x"}, "NotFoundException"),
    ],
)  # fmt: skip
def test_rds_refuses_a_wrong_instance(world: World, inputs: dict[str, Any], text: str) -> None:
    assert text in refusal(world, **inputs)


def test_a_static_parameter_cannot_be_applied_at_once(world: World) -> None:
    def group(method: str) -> dict[str, Any]:
        parameters = [{"name": "max_connections", "value": "500", "applyMethod": method}]
        return world.make("rds", "ParameterGroup", name="pg", family="postgres17", parameters=parameters)

    assert "cannot use immediate apply method for static parameter" in world.refused(lambda: group("immediate"))
    assert group("pending-reboot")["arn"] == "arn:aws:rds:eu-central-1:123456789012:pg:pg"


def test_an_identifier_is_taken_once(world: World) -> None:
    world.database()
    assert "DBInstanceAlreadyExists" in refusal(world)


@pytest.mark.parametrize(
    ("source", "replica", "text"),
    [
        ({"backupRetentionPeriod": 0}, {}, "Automated backups are not enabled"),
        ({"manageMasterUserPassword": True, "passwordWo": None}, {}, "managed by RDS in Secrets Manager"),
        ({"storageEncrypted": True}, {}, "Cannot create a cross region unencrypted read replica"),
        ({}, {"username": "app"}, '"username": cannot be specified for a replica'),
        ({}, {"databaseInsightsMode": "advanced"}, "DatabaseInsightsMode isn't supported"),
    ],
)
def test_rds_refuses_a_wrong_replica(world: World, source: dict[str, Any], replica: dict[str, Any], text: str) -> None:
    primary = world.database(**source)
    assert text in world.refused(lambda: world.replica(primary, **replica))


def test_a_replica_of_nothing_is_refused(world: World) -> None:
    nothing = {"arn": "arn:aws:rds:eu-central-1:123456789012:db:gone"}
    assert "DBInstanceNotFound" in world.refused(lambda: world.replica(nothing))


def test_a_replica_inherits_and_its_source_lists_it(world: World) -> None:
    primary = world.database()
    replica = world.replica(primary, allocatedStorage=1000)
    assert (replica["engine"], replica["engineVersion"], replica["username"]) == ("postgres", "17.6", "app")
    assert replica["allocatedStorage"] == 400  # what was asked for is ignored at creation
    _, _, seen = world.cloud.read(DB, primary["id"], {}, {}, HOME)
    assert seen["replicas"] == [replica["arn"]]


def test_a_cross_region_replica_gets_its_parameter_group_after_creation(world: World) -> None:
    primary = world.database()
    world.make("rds", "ParameterGroup", AWAY, name="pg", family="postgres17")
    world.store.clear_operations()
    world.replica(primary, parameterGroupName="pg")
    seen = [(operation.operation, operation.region) for operation in world.store.operations()]
    assert seen == [
        ("DescribeDBInstances", HOME),
        ("CreateDBInstanceReadReplica", AWAY),
        ("ModifyDBInstance", AWAY),
        ("RebootDBInstance", AWAY),
    ]


def promote(world: World, replica: dict[str, Any], **more: Any) -> dict[str, Any]:
    old = {"identifier": "orders-dr", "replicateSourceDb": replica["replicateSourceDb"], "skipFinalSnapshot": True}
    new = {"identifier": "orders-dr", "skipFinalSnapshot": True, **more}
    return world.change("rds", "Instance", replica, old, **new)


def test_promotion_keeps_id_and_endpoint_and_needs_no_other_region(world: World) -> None:
    replica = world.replica(world.database())
    world.store.switch_off(HOME)
    world.store.clear_operations()
    promoted = promote(world, replica, username="app", passwordWo="another-good-one", passwordWoVersion=2)
    assert "replicateSourceDb" not in promoted
    assert (promoted["endpoint"], promoted["resourceId"]) == (replica["endpoint"], replica["id"])
    seen = [(operation.operation, operation.region) for operation in world.store.operations()]
    assert seen == [("PromoteReadReplica", AWAY), ("ModifyDBInstance", AWAY)]


def test_promotion_is_planned_as_an_update_while_inherited_values_are_repeated(world: World) -> None:
    replica = world.replica(world.database())
    old = {"identifier": "orders-dr", "replicateSourceDb": replica["replicateSourceDb"]}
    same = world.cloud.diff(DB, replica["id"], old, replica, {"identifier": "orders-dr", "username": "app"})
    other = world.cloud.diff(DB, replica["id"], old, replica, {"identifier": "orders-dr", "username": "root"})
    assert (same.changes, same.replaces) == ({"replicateSourceDb": "delete"}, [])
    assert other.replaces == ["username"]


def test_a_replica_that_backs_up_cannot_be_promoted(world: World) -> None:
    replica = world.replica(world.database())
    world.store.write(AWAY, DB, replica["id"], {"status": "backing-up"})
    assert "is backing up and cannot be promoted" in world.refused(lambda: promote(world, replica))


def test_a_standalone_instance_cannot_become_a_replica_in_place(world: World) -> None:
    primary = world.database()
    text = world.refused(lambda: world.change("rds", "Instance", primary, {}, replicateSourceDb=primary["arn"]))
    assert text == "cannot elect new source database for replication"


def test_after_a_promotion_outside_pulumi_a_refresh_with_the_old_role_is_an_error(world: World) -> None:
    replica = world.replica(world.database())
    inputs = {"identifier": "orders-dr", "replicateSourceDb": replica["replicateSourceDb"]}
    promote_by_hand(world.store, AWAY, replica["id"])
    _, seen, state = world.cloud.read(DB, replica["id"], inputs, replica, AWAY)
    assert seen == {"identifier": "orders-dr"}
    assert not world.cloud.diff(DB, replica["id"], seen, state, {"identifier": "orders-dr"}).changes
    text = world.refused(lambda: world.change("rds", "Instance", state | {"id": replica["id"]}, seen, **inputs))
    assert text == "cannot elect new source database for replication"
    early = world.refused(lambda: promote(world, replica))  # role flipped, but not refreshed
    assert "DB Instance is not a read replica" in early


def test_a_replica_trails_its_source_and_what_it_missed_is_lost(world: World) -> None:
    primary, replica = world.database(), None
    world.clock.now += 100
    replica = world.replica(primary)
    world.clock.now += 60
    world.store.switch_off(HOME)
    world.clock.now += 3600
    before = world.cloud.database_positions()
    assert before[primary["arn"]].lsn - before[replica["arn"]].lsn == int(LAG * RATE)
    promote(world, replica)
    at = world.cloud.database_positions()[replica["arn"]]
    assert (at.lsn, at.source) == (before[replica["arn"]].lsn, "")
    world.clock.now += 1
    assert world.cloud.database_positions()[replica["arn"]].lsn == at.lsn + RATE


def test_deleting_the_source_terminates_a_cross_region_replica(world: World) -> None:
    primary = world.database()
    replica = world.replica(primary)
    world.drop("rds", "Instance", primary)
    [record] = world.store.resources(type=DB)
    assert record.properties["_replication"] == "terminated"
    world.clock.now += 10
    first = world.cloud.database_positions()[replica["arn"]].lsn
    world.clock.now += 10
    assert world.cloud.database_positions()[replica["arn"]].lsn == first


def test_the_final_snapshot_rules_differ_for_primary_and_replica(world: World) -> None:
    primary = world.database(skipFinalSnapshot=False)
    replica = world.replica(primary, skipFinalSnapshot=False, finalSnapshotIdentifier="last")
    assert "can't be specified when deleting a read replica" in world.refused(
        lambda: world.drop("rds", "Instance", replica)
    )
    assert "final_snapshot_identifier is required" in world.refused(lambda: world.drop("rds", "Instance", primary))


def test_a_final_snapshot_stays_and_its_name_is_taken(world: World) -> None:
    for refused in (False, True):
        db = world.database(skipFinalSnapshot=False, finalSnapshotIdentifier="last")
        if refused:
            assert "DBSnapshotAlreadyExists" in world.refused(lambda db=db: world.drop("rds", "Instance", db))  # type: ignore[misc]
        else:
            world.drop("rds", "Instance", db)
    assert [kept.id for kept in world.store.retained("db snapshot")] == ["last"]


def test_a_protected_instance_is_not_deleted(world: World) -> None:
    db = world.database(deletionProtection=True)
    assert "Cannot delete protected DB Instance" in world.refused(lambda: world.drop("rds", "Instance", db))


def test_a_subnet_group_covers_two_zones(world: World) -> None:
    net = world.network()
    text = world.refused(lambda: world.make("rds", "SubnetGroup", name="one", subnetIds=net["subnets"][:1]))
    assert "DBSubnetGroupDoesNotCoverEnoughAZs" in text
