"""The policy pack's rules: silent on what is right, loud on one change from it, and never blind to an unknown."""

from __future__ import annotations

from typing import Any

import pulumi_aws as aws
import pytest
from pulumi_policy import ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.policy import PolicyProviderResource, PolicyResourceOptions
from pulumi_policy.proxy import unknown_checking_proxy

from components.resource_types import type_of
from policies.rules import RULES
from policies.rules.database import database_keeps_backups, database_survives_a_zone
from tests.conftest import Journey
from tests.harness import Deployment

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
GOOD: dict[str, Any] = {"identifier": "trading-primary-g1", "multiAz": True, "backupRetentionPeriod": 14.0}


def violations(policy: ResourceValidationPolicy, type_: str, properties: dict[str, Any]) -> list[str]:
    found: list[str] = []

    def report(message: str, urn: str | None = None) -> None:
        found.append(message)

    args = ResourceValidationArgs(
        type_,
        unknown_checking_proxy(properties),
        "urn",
        "name",
        PolicyResourceOptions(False, [], False, [], [], None, []),  # type: ignore[arg-type]
        PolicyProviderResource("", {}, "", ""),
    )
    rules = policy.validate if isinstance(policy.validate, list) else [policy.validate]
    for rule in rules:
        rule(args, report)
    return found


@pytest.mark.parametrize(
    ("policy", "change"),
    [
        (database_keeps_backups, {"backupRetentionPeriod": 13.0}),
        (database_keeps_backups, {"backupRetentionPeriod": None}),
        (database_keeps_backups, {"backupRetentionPeriod": UNKNOWN}),
        (database_survives_a_zone, {"multiAz": False}),
        (database_survives_a_zone, {"multiAz": None}),
        (database_survives_a_zone, {"multiAz": UNKNOWN}),
        (database_survives_a_zone, {"multiAz": False, "identifier": UNKNOWN}),
    ],
)
def test_a_rule_fires_on_one_change_from_a_good_database(policy: ResourceValidationPolicy, change: Any) -> None:
    instance = type_of(aws.rds.Instance)
    assert violations(policy, instance, GOOD) == []
    assert len(violations(policy, instance, GOOD | change)) == 1


def test_a_reporting_replica_needs_no_standby() -> None:
    reporting = GOOD | {"multiAz": False, "identifier": "trading-dr-g1-reporting"}
    assert violations(database_survives_a_zone, type_of(aws.rds.Instance), reporting) == []


@pytest.mark.parametrize("state", ["bootstrap", "primary_active", "dr_standby", "dr_active", "primary_standby"])
def test_the_program_breaks_no_rule(journey: Journey, state: str) -> None:
    deployment: Deployment = getattr(journey, state)
    for rule in RULES:
        for resource in deployment.custom():
            assert violations(rule, resource.type, dict(resource.inputs)) == [], (rule.name, resource.name)
