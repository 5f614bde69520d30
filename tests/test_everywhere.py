"""What holds for every component, in every state of the platform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch

import pulumi_aws as aws
import pytest

from components import settings
from components.keys import Purpose, key_policy
from components.platform import build
from components.resource_types import type_of
from tests.configuration import configuration
from tests.conftest import Journey
from tests.harness import Deployment, Registered, deploy
from tests.sites import DR, PRIMARY, Sites

STATEFUL = (
    aws.rds.Instance,
    aws.kms.Key,
    aws.secretsmanager.Secret,
    aws.lb.LoadBalancer,
    aws.elasticache.ReplicationGroup,
    aws.s3.Bucket,
    aws.dynamodb.Table,
    aws.route53.Zone,
)
BORDERS = {"eu-central-1": "primary", "eu-west-1": "dr"}


@pytest.fixture(params=["bootstrap", "primary_active", "dr_standby", "dr_active", "primary_standby"])
def deployment(journey: Journey, request: pytest.FixtureRequest) -> Deployment:
    found: Deployment = getattr(journey, request.param)
    return found


def test_every_resource_of_a_component_is_its_child(deployment: Deployment) -> None:
    components = {r.name for r in deployment.components()}
    top_level = {"pulumi:pulumi:StackReference", "pulumi:providers:aws"}
    for resource in deployment.custom():
        if resource.type in top_level or "bootstrap" in resource.urn.split("::")[1]:
            continue
        parent = resource.parent.split("::")[-1]
        assert parent in components, f"{resource.name} hangs on {parent}"
        assert resource.name.startswith(parent), f"{resource.name} is not named after {parent}"


def test_every_component_registered_its_outputs(deployment: Deployment) -> None:
    registered = {urn.split("::")[-1] for urn in deployment.component_outputs}
    assert {r.name for r in deployment.components()} == registered


def test_every_component_token_names_its_place_and_class(deployment: Deployment) -> None:
    for component in deployment.components():
        assert re.fullmatch(r"trading:(index|network|database|edge|failover|bootstrap):[A-Z][A-Za-z]+", component.type)


def test_nothing_is_retained_on_delete(deployment: Deployment) -> None:
    assert [r.name for r in deployment.resources if r.request.retainOnDelete] == []


def test_what_holds_state_is_protected(deployment: Deployment) -> None:
    tokens = {type_of(c) for c in STATEFUL}
    assert [r.name for r in deployment.custom() if r.type in tokens and not r.protect] == []


def test_protection_off_lifts_every_protection() -> None:
    primary = Sites().primary(protection="off")
    assert [r.name for r in primary.custom() if r.protect] == []
    assert primary.one(aws.rds.Instance).inputs["deletionProtection"] is False
    assert primary.one(aws.lb.LoadBalancer).inputs["enableDeletionProtection"] is False
    assert {r.inputs["recoveryWindowInDays"] for r in primary.of(aws.secretsmanager.Secret)} == {0}
    assert primary.one(aws.s3.Bucket).inputs["forceDestroy"] is True


def test_names_carry_no_index(deployment: Deployment) -> None:
    assert [r.name for r in deployment.custom() if re.search(r"-\d$", r.name)] == []


def test_zones_are_named_by_id_and_names_are_never_guessed(deployment: Deployment) -> None:
    for subnet in deployment.of(aws.ec2.Subnet):
        assert "availabilityZone" not in subnet.inputs
        assert re.fullmatch(r"[a-z]+\d-az\d", subnet.inputs["availabilityZoneId"])


def test_every_log_group_is_encrypted_and_ends(deployment: Deployment) -> None:
    for group in deployment.of(aws.cloudwatch.LogGroup):
        assert group.inputs["kmsKeyId"], group.name
        assert group.inputs["retentionInDays"] > 0, group.name


def test_every_topic_is_encrypted(deployment: Deployment) -> None:
    for topic in deployment.of(aws.sns.Topic):
        assert topic.inputs["kmsMasterKeyId"].startswith(f"arn:aws:kms:{topic.inputs['region']}:"), topic.name


def test_a_site_owns_nothing_in_its_peers_region_but_the_secrets_copy_key(journey: Journey) -> None:
    for site in journey.sites():
        own = site.exports["region"]
        abroad = {r.name for r in _regional(site) if r.inputs.get("region", own) in set(BORDERS) - {own}}
        expected = {"login-copy-keys-secrets"} if site.exports["site"] == "primary" else set()
        assert abroad == expected


def _regional(deployment: Deployment) -> Iterator[Registered]:
    return (r for r in deployment.custom() if r.type.startswith("aws:"))


def test_dependencies_between_the_stacks_have_one_direction(journey: Journey) -> None:
    """A cycle needs each stack to read the other at once, or to hold the other's resources."""
    reads = {(site.exports["site"], site.exports["role"]): site.references for site in journey.sites()}
    assert reads == {
        ("primary", "active"): set(),
        ("dr", "standby"): {PRIMARY},
        ("dr", "active"): set(),
        ("primary", "standby"): {DR},
    }


def test_preview_registers_what_up_registers(journey: Journey) -> None:
    """A resource that is registered only once some output is known is made inside an apply."""
    sites = Sites()
    up = {(r.type, r.name) for r in sites.primary().resources}
    values = configuration("primary", hostedZoneId=sites.zone_id)
    preview = deploy(lambda: build(settings.load()), config=values, preview=True)
    assert {(r.type, r.name) for r in preview.resources} == up


def test_a_third_zone_moves_nothing() -> None:
    sites = Sites()
    sites.primary()
    third = sites.primary(zones=["euc1-az2", "euc1-az3", "euc1-az1"])
    assert third.gone == set()
    assert [c for c in third.changes if c.verb == "replace"] == []
    assert {name for _, name in third.created if "subnet" in _} == {
        "network-app-euc1-az1",
        "network-public-euc1-az1",
        "network-data-euc1-az1",
    }


def test_a_second_run_changes_nothing() -> None:
    sites = Sites()
    primary = sites.primary()
    standby = sites.standby(primary)
    for again in (sites.primary(), sites.standby(primary)):
        assert (again.changes, again.created, again.gone) == ([], set(), set())
    flipped = sites.promoted(standby)
    again = sites.promoted(standby)
    assert flipped.changes
    assert (again.changes, again.created, again.gone) == ([], set(), set())


@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_key_lets_its_service_in_and_its_account_administer(purpose: Purpose) -> None:
    policy = json.loads(key_policy(purpose, account_id="123456789012", region="eu-west-1"))
    first, *others = policy["Statement"]
    assert first["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert others, "a key that no service may use is of no use"
    for statement in others:
        assert "kms:*" not in statement["Action"]
        assert statement["Principal"] != {"AWS": "*"}
    text = json.dumps(others)
    admitted = {
        Purpose.DATABASE: "rds.eu-west-1.amazonaws.com",
        Purpose.SECRETS: "secretsmanager.eu-west-1.amazonaws.com",
        Purpose.CACHE: "elasticache.eu-west-1.amazonaws.com",
        Purpose.LOGS: "logs.eu-west-1.amazonaws.com",
        Purpose.NOTIFICATIONS: "events.rds.amazonaws.com",
        Purpose.VOLUMES: "AWSServiceRoleForAutoScaling",
    }
    assert admitted[purpose] in text


@pytest.mark.parametrize("purpose", list(Purpose))
def test_nobody_decrypts_but_through_the_keys_service(purpose: Purpose) -> None:
    policy = json.loads(key_policy(purpose, account_id="123456789012", region="eu-west-1"))
    for statement in policy["Statement"]:
        uses = [action for action in statement["Action"] if fnmatch("kms:Decrypt", action)]
        is_service = "Service" in statement["Principal"] or "aws-service-role" in str(statement["Principal"])
        assert not uses or is_service or "kms:ViaService" in statement["Condition"]["StringEquals"]


def test_alarms_and_database_events_may_use_the_key_of_the_topic_they_publish_to() -> None:
    policy = json.loads(key_policy(Purpose.NOTIFICATIONS, account_id="123456789012", region="eu-west-1"))
    [publishers] = [s for s in policy["Statement"] if "Service" in s["Principal"]]
    assert set(publishers["Principal"]["Service"]) == {"cloudwatch.amazonaws.com", "events.rds.amazonaws.com"}
    assert {"kms:Decrypt", "kms:GenerateDataKey*"} <= set(publishers["Action"])


def test_only_services_of_this_account_publish_to_a_topic(deployment: Deployment) -> None:
    for policy in deployment.of(aws.sns.TopicPolicy):
        publish = [s for s in json.loads(policy.inputs["policy"])["Statement"] if s["Effect"] == "Allow"]
        assert [s["Condition"] for s in publish] == [{"StringEquals": {"aws:SourceAccount": "123456789012"}}]


def test_keys_rotate(deployment: Deployment) -> None:
    for key in deployment.of(aws.kms.Key):
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 30
