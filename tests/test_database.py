"""The database in its three lives: fresh, replica, promoted."""

from __future__ import annotations

import re
from typing import Any

import pulumi_aws as aws
import pulumi_random as random
import pytest

from components.database.master_login import LEGAL_SPECIALS
from components.database.origin import TooSmallToFollow
from components.database.parameters import STATIC, parameters
from components.exports import MissingOutput, SiteExports
from components.resource_types import type_of
from components.settings import MINIMUM_RETENTION_DAYS
from components.sizing import size_database
from tests.conftest import Journey
from tests.sites import DR, PRIMARY, Sites

NEVER_IN_A_FLIP = re.compile(r"aws:(route53|acm|kms|iam|ec2|vpc)/")


def instance(deployment: Any) -> dict[str, Any]:
    found: dict[str, Any] = dict(deployment.one(aws.rds.Instance).inputs)
    return found


def test_a_fresh_database_has_a_login_and_no_source(journey: Journey) -> None:
    db = instance(journey.primary_active)
    assert db["username"] == "trading_admin"
    assert db["engine"] == "postgres"
    assert db["engineLifecycleSupport"] == "open-source-rds-extended-support-disabled"
    assert "replicateSourceDb" not in db
    assert (db["skipFinalSnapshot"], db["finalSnapshotIdentifier"][:25]) == (False, "trading-primary-g1-final-")


def test_a_replica_has_a_source_by_arn_and_inherits_the_rest(journey: Journey) -> None:
    db = instance(journey.dr_standby)
    assert db["replicateSourceDb"] == journey.primary_active.exports["databaseArn"]
    assert ":eu-central-1:" in db["replicateSourceDb"]
    inherited = {"username", "password", "passwordWo", "passwordWoVersion", "dbName", "engine"}
    inherited |= {"databaseInsightsMode", "engineLifecycleSupport"}
    assert inherited & db.keys() == set()
    assert (db["skipFinalSnapshot"], db.get("finalSnapshotIdentifier")) == (True, None)
    assert ":eu-west-1:" in db["kmsKeyId"], "a key of the replica's own region"


@pytest.mark.parametrize("state", ["primary_active", "dr_standby", "dr_active", "primary_standby"])
def test_every_database_is_ready_for_a_disaster_before_it_comes(journey: Journey, state: str) -> None:
    db = instance(getattr(journey, state))
    assert db["multiAz"] is True
    assert db["backupRetentionPeriod"] >= MINIMUM_RETENTION_DAYS
    assert db["storageEncrypted"] is True
    assert db["kmsKeyId"].startswith("arn:aws:kms:")
    assert db["publiclyAccessible"] is False
    assert db["deletionProtection"] is True
    assert db["deleteAutomatedBackups"] is False
    assert db["autoMinorVersionUpgrade"] is False
    assert db["allocatedStorage"] >= 400
    assert db["maxAllocatedStorage"] > db["allocatedStorage"]
    assert db["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    retention = db["performanceInsightsRetentionPeriod"]
    assert retention in (7, 731) or (retention % 31 == 0 and 1 <= retention // 31 <= 23)
    if db.get("databaseInsightsMode") == "advanced":
        assert retention >= 465


def test_promotion_changes_the_source_and_the_snapshot_and_nothing_else(journey: Journey) -> None:
    [change] = journey.dr_active.changes
    assert (change.verb, change.type) == ("update", type_of(aws.rds.Instance))
    assert change.keys == {"replicateSourceDb", "skipFinalSnapshot", "finalSnapshotIdentifier"}
    assert journey.dr_active.created == set()
    # A writer has no lag of its own to watch.
    assert {name for _, name in journey.dr_active.gone} == {"alarms-trading-dr-g1-replica-lag"}


def test_promotion_touches_no_control_plane_that_may_be_down(journey: Journey) -> None:
    flip = journey.dr_active
    touched = {c.type for c in flip.changes} | {type_ for type_, _ in flip.created | flip.gone}
    assert [type_ for type_ in touched if NEVER_IN_A_FLIP.match(type_)] == []


def test_the_urn_of_a_database_is_the_same_in_both_roles(journey: Journey) -> None:
    before, after = (d.one(aws.rds.Instance).urn for d in (journey.dr_standby, journey.dr_active))
    assert before == after


def test_promotion_and_reads_call_nothing_in_the_dead_region() -> None:
    sites = Sites()
    standby = sites.standby(sites.primary())
    sites.cloud.store.switch_off("eu-central-1")
    sites.cloud.store.clear_operations()
    sites.promoted(standby)
    operations = sites.cloud.store.operations()
    assert [(o.region, o.operation) for o in operations if "rds" in o.type] == [("eu-west-1", "PromoteReadReplica")]
    assert [o for o in operations if o.region == "eu-central-1"] == []


def test_a_primary_that_returns_is_a_new_generation_with_a_name_of_its_own(journey: Journey) -> None:
    old, new = (d.one(aws.rds.Instance) for d in (journey.primary_active, journey.primary_standby))
    assert (old.inputs["identifier"], new.inputs["identifier"]) == ("trading-primary-g1", "trading-primary-g2")
    assert old.urn != new.urn
    assert new.inputs["replicateSourceDb"] == journey.dr_active.exports["databaseArn"]


def test_the_login_stays_with_the_primary_site_in_either_role(journey: Journey) -> None:
    for primary in (journey.primary_active, journey.primary_standby):
        assert primary.one(aws.secretsmanager.Secret, "login-secret")
    for dr in (journey.dr_standby, journey.dr_active):
        assert "login-secret" not in {r.name for r in dr.of(aws.secretsmanager.Secret)}


def test_the_password_is_secret_legal_and_handed_over_write_only(journey: Journey) -> None:
    primary = journey.primary_active
    password = primary.one(random.RandomPassword, "login-password").outputs["result"]
    assert len(password) == 40
    assert set('/"@ ') & set(LEGAL_SPECIALS) == set()
    assert re.fullmatch(rf"[A-Za-z0-9{re.escape(LEGAL_SPECIALS)}]+", password)
    assert "passwordWo" in primary.one(aws.rds.Instance).secret_inputs
    assert "secretStringWo" in primary.one(aws.secretsmanager.SecretVersion, "login-version").secret_inputs
    for resource in primary.custom():
        if resource.type != type_of(random.RandomPassword):
            assert password not in str(resource.outputs), resource.name
            clear = {k: v for k, v in resource.inputs.items() if k not in resource.secret_inputs}
            assert password not in str(clear), resource.name
    assert password not in str(primary.exports)


def test_the_secret_names_no_host_and_is_copied_under_a_key_of_the_peer_region(journey: Journey) -> None:
    primary = journey.primary_active
    text = primary.one(aws.secretsmanager.SecretVersion, "login-version").inputs["secretStringWo"]
    assert "host" not in text
    [copy] = primary.one(aws.secretsmanager.Secret, "login-secret").inputs["replicas"]
    assert copy["region"] == "eu-west-1"
    assert ":eu-west-1:" in copy["kmsKeyId"]


def test_raising_the_version_rotates_the_password_everywhere() -> None:
    sites = Sites()
    sites.primary()
    rotated = sites.primary(database={"masterPasswordVersion": 2})
    verbs = {change.name: change.verb for change in rotated.changes}
    assert verbs == {
        "login-password": "replace",
        "login-version": "replace",
        "database-g1-instance": "update",
    }


@pytest.mark.parametrize("audience", ["trading", "reporting"])
def test_every_parameter_has_the_apply_method_that_rds_takes(audience: Any) -> None:
    found = parameters(size_database(10_000), allocated_storage_gib=1000, audience=audience)
    assert {p.name for p in found if p.apply_method == "pending-reboot"} == {p.name for p in found} & STATIC
    assert {"max_connections", "shared_preload_libraries", "max_wal_senders"} <= STATIC
    assert [p.name for p in found] == sorted(p.name for p in found)


def test_a_replica_allows_no_less_than_its_writer(journey: Journey) -> None:
    must_not_be_less = {
        "max_connections",
        "max_worker_processes",
        "max_wal_senders",
        "max_prepared_transactions",
        "max_locks_per_transaction",
    }

    def limits(deployment: Any) -> dict[str, int]:
        group = deployment.one(aws.rds.ParameterGroup).inputs["parameters"]
        return {p["name"]: int(p["value"]) for p in group if p["name"] in must_not_be_less}

    assert limits(journey.primary_active).keys() == must_not_be_less
    assert limits(journey.primary_active) == limits(journey.dr_standby)


def test_a_report_delays_no_replay_that_trading_depends_on() -> None:
    def of(audience: Any) -> dict[str, str]:
        found = parameters(size_database(10_000), allocated_storage_gib=1000, audience=audience)
        return {p.name: p.value for p in found}

    assert int(of("trading")["max_standby_streaming_delay"]) <= 1_000
    assert int(of("reporting")["max_standby_streaming_delay"]) > 60_000
    assert of("trading")["hot_standby_feedback"] == of("reporting")["hot_standby_feedback"] == "0"


def test_a_smaller_replica_is_refused_with_the_arithmetic() -> None:
    sites = Sites()
    primary = sites.primary(targetTps=20_000)
    with pytest.raises(TooSmallToFollow, match="1324 connections and its source allows 2460"):
        sites.standby(primary)


def test_a_second_replica_for_reports_survives_the_flip_untouched() -> None:
    sites = Sites()
    reporting = {"reportingReplica": True}
    standby = sites.standby(sites.primary(), database=reporting)
    names = {r.inputs["identifier"]: r.inputs for r in standby.of(aws.rds.Instance)}
    assert set(names) == {"trading-dr-g1", "trading-dr-g1-reporting"}
    assert names["trading-dr-g1-reporting"]["replicateSourceDb"].endswith("db:trading-primary-g1")
    flip = sites.promoted(standby, database=reporting)
    assert [change.name for change in flip.changes] == ["database-g1-instance"]


def test_log_groups_are_there_before_rds_makes_unencrypted_ones(journey: Journey) -> None:
    primary = journey.primary_active
    groups = {r.inputs["name"]: r for r in primary.of(aws.cloudwatch.LogGroup)}
    depends = set(primary.one(aws.rds.Instance).request.dependencies)
    for export in primary.one(aws.rds.Instance).inputs["enabledCloudwatchLogsExports"]:
        group = groups[f"/aws/rds/instance/trading-primary-g1/{export}"]
        assert group.urn in depends
        assert group.inputs["kmsKeyId"]
        assert group.inputs["retentionInDays"] > 0


def test_a_replica_may_take_hours_to_create(journey: Journey) -> None:
    timeouts = journey.dr_standby.one(aws.rds.Instance).request.customTimeouts
    assert timeouts.create == "6h"


def test_a_missing_output_names_the_output_and_the_stack() -> None:
    sites = Sites()
    exports = dict(sites.primary().exports)
    del exports["databaseArn"]
    with pytest.raises(MissingOutput, match=rf"stack {PRIMARY} has no output databaseArn"):
        sites.up("dr", upstream={PRIMARY: exports})


def test_two_standbys_cannot_follow_each_other(journey: Journey) -> None:
    with pytest.raises(MissingOutput, match=rf"stack {DR} has role standby, so there is nothing to follow"):
        Sites().up(
            "primary",
            upstream={DR: journey.dr_standby.exports},
            role="standby",
            peerStack="dr",
            database={"generation": 2},
        )


def test_an_active_site_reads_no_other_stack(journey: Journey) -> None:
    assert journey.primary_active.references == journey.dr_active.references == set()


def test_what_is_published_carries_no_secret_and_is_what_the_cache_takes(journey: Journey) -> None:
    published = set(SiteExports.output_names().values())
    for site in journey.sites():
        assert published <= site.exports.keys()
    peer = journey.dr_standby.exports["peer"]
    assert peer == {key: journey.primary_active.exports[key] for key in published}
    SiteExports.from_cache(peer)


def test_a_stale_cache_warns_with_the_command_and_a_fresh_one_is_silent() -> None:
    sites = Sites()
    primary = sites.primary()
    first = sites.standby(primary)
    assert ["make peer" in line for line in first.log] == [True]
    fresh = sites.standby(primary, peer=first.exports["peer"])
    assert fresh.log == []
    stale = sites.standby(primary, peer={**first.exports["peer"], "databaseEngineVersion": "18.4"})
    [line] = stale.log
    assert "databaseEngineVersion" in line
    assert "databaseArn" not in line
