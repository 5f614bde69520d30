"""The web ACL: its table, what it costs, what it lets through first, and what it logs."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi_aws as aws
import pytest
from pulumi._types import input_type_types, unwrap_type

from components.edge.waf_rules import INCLUDED_CAPACITY, Rule, rendered, rules
from components.failover.dns import CHECK_INTERVAL_SECONDS, WRITABLE_PATH
from components.resource_types import type_of
from components.sizing import rate_limit_per_client
from sandbox.cloud.types.firewall import MANAGED_CAPACITY
from tests.configuration import ROOT
from tests.conftest import Journey
from tests.harness import Deployment
from tests.sites import Sites

TABLE = {rule.name: rule for rule in rules(target_tps=10_000)}


@pytest.fixture(params=["primary_active", "dr_standby", "dr_active", "primary_standby"])
def site(journey: Journey, request: pytest.FixtureRequest) -> Deployment:
    found: Deployment = getattr(journey, request.param)
    return found


def group_of(rule: Rule) -> str | None:
    name = rule.statement.get("managedRuleGroupStatement", {}).get("name")
    return None if name is None else str(name)


def unknown_names(value: Any, declared: Any, path: str) -> Iterator[str]:
    """Names in plain data that the SDK's class for it does not have, and lists where it wants one thing or none."""
    declared = unwrap_type(declared)
    origin = typing.get_origin(declared)
    wants_list = origin is not None and issubclass(origin, Sequence)
    if wants_list != isinstance(value, list):
        yield f"{path} is {'a' if wants_list else 'no'} list"
    elif wants_list:
        [inner] = typing.get_args(declared)
        for index, item in enumerate(value):
            yield from unknown_names(item, inner, f"{path}[{index}]")
    elif isinstance(value, Mapping):
        known = input_type_types(declared)
        for name, item in value.items():
            if name in known:
                yield from unknown_names(item, known[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is unknown"


@pytest.mark.parametrize(
    ("resource", "arguments"),
    [
        (aws.wafv2.WebAcl, aws.wafv2.WebAclArgs),
        (aws.wafv2.WebAclAssociation, aws.wafv2.WebAclAssociationArgs),
        (aws.wafv2.WebAclLoggingConfiguration, aws.wafv2.WebAclLoggingConfigurationArgs),
    ],
)
def test_the_plain_data_has_the_names_and_shapes_of_the_sdk(site: Deployment, resource: Any, arguments: Any) -> None:
    assert list(unknown_names(site.one(resource).inputs, arguments, "")) == []


@pytest.mark.parametrize(
    ("kind", "statement", "finding"),
    [
        ("rateBasedStatement", {"limits": 1}, ".limits is unknown"),
        ("managedRuleGroupStatement", {"ruleActionOverrides": {}}, ".ruleActionOverrides is a list"),
        ("byteMatchStatement", [{}], " is no list"),
    ],
)
def test_the_comparison_with_the_sdk_finds_wrong_names_and_shapes(kind: str, statement: Any, finding: str) -> None:
    acl = {"rules": [{"name": "rule", "statement": {kind: statement}}]}
    assert list(unknown_names(acl, aws.wafv2.WebAclArgs, "")) == [f".rules[0].statement.{kind}{finding}"]


def test_it_is_registered_with_the_sdks_own_version(site: Deployment) -> None:
    versions = {site.one(cls).request.version for cls in (aws.wafv2.WebAcl, aws.lb.LoadBalancer)}
    assert len(versions) == 1, "another version would be another provider"


def test_every_site_has_its_load_balancer_behind_a_web_acl(site: Deployment) -> None:
    association = site.one(aws.wafv2.WebAclAssociation).inputs
    assert association["resourceArn"] == site.one(aws.lb.LoadBalancer).outputs["arn"]
    assert association["webAclArn"] == site.one(aws.wafv2.WebAcl).outputs["arn"]
    assert site.one(aws.wafv2.WebAcl).inputs["scope"] == "REGIONAL"


def test_the_managed_groups_that_were_asked_for_are_all_there() -> None:
    assert {group_of(rule) for rule in TABLE.values()} - {None} == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesAnonymousIpList",
        "AWSManagedRulesAntiDDoSRuleSet",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    }


def test_the_capacity_is_within_what_the_basic_price_covers(site: Deployment) -> None:
    stated = {name: rule.capacity for name, rule in TABLE.items()}
    for rule in TABLE.values():
        group = group_of(rule)
        assert group is None or rule.capacity == MANAGED_CAPACITY[group], rule.name
    assert sum(stated.values()) <= INCLUDED_CAPACITY
    assert site.one(aws.wafv2.WebAcl).outputs["capacity"] == sum(stated.values())


def test_a_rule_acts_itself_or_leaves_it_to_its_group() -> None:
    for rule, made in zip(TABLE.values(), rendered(list(TABLE.values())), strict=True):
        assert ("overrideAction" in made) == (group_of(rule) is not None)
        assert ("action" in made) == (group_of(rule) is None)
        assert made["visibilityConfig"]["cloudwatchMetricsEnabled"] is True


def test_health_checkers_pass_before_any_rule_that_could_take_the_site_for_dead() -> None:
    order = list(TABLE)
    assert order[:2] == ["health-flood", "route53-checkers"]
    [method, path, agent] = TABLE["route53-checkers"].statement["andStatement"]["statements"]
    assert TABLE["route53-checkers"].action == "allow"
    assert [s["byteMatchStatement"]["searchString"] for s in (method, path, agent)] == [
        "GET",
        WRITABLE_PATH,
        "Amazon-Route53-Health-Check-Service",
    ]
    assert [s["byteMatchStatement"]["positionalConstraint"] for s in (method, path, agent)] == [
        "EXACTLY",
        "EXACTLY",
        "STARTS_WITH",
    ]


def test_nothing_else_is_exempt() -> None:
    assert [rule.name for rule in TABLE.values() if rule.action == "allow"] == ["route53-checkers"]


def test_the_limit_before_the_exemption_stops_a_copier_and_never_a_checker() -> None:
    rate = TABLE["health-flood"].statement["rateBasedStatement"]
    per_check = rate["evaluationWindowSec"] / CHECK_INTERVAL_SECONDS
    assert rate["limit"] >= 10 * per_check
    assert rate["limit"] / rate["evaluationWindowSec"] < 2
    assert rate["scopeDownStatement"]["byteMatchStatement"]["searchString"] == WRITABLE_PATH


@pytest.mark.parametrize("target_tps", [1, 1_000, 10_000, 50_000, 100_000])
def test_a_clients_share_follows_the_target_rate_and_is_a_legal_limit(target_tps: int) -> None:
    limit = rate_limit_per_client(target_tps, window_seconds=60)
    assert 10 <= limit <= 2_000_000_000
    assert limit >= 60 * 10
    assert limit / 60 >= target_tps / 4
    [rule] = [r for r in rules(target_tps=target_tps) if r.name == "client-rate"]
    assert rule.statement["rateBasedStatement"]["limit"] == limit


def test_what_waf_cannot_read_is_not_let_in() -> None:
    for name, field in (("body-size", "body"), ("header-size", "headers")):
        limit = TABLE[name].statement["sizeConstraintStatement"]
        what = limit["fieldToMatch"][field]
        what = what[0] if isinstance(what, list) else what
        assert (TABLE[name].action, limit["size"], what["oversizeHandling"]) == ("block", 8192, "MATCH")


def test_clients_in_data_centres_are_counted_and_not_blocked() -> None:
    [override] = TABLE["anonymous-ip"].statement["managedRuleGroupStatement"]["ruleActionOverrides"]
    assert override == {"name": "HostingProviderIPList", "actionToUse": {"count": {}}}


def test_no_client_is_asked_to_solve_a_browsers_challenge() -> None:
    [config] = TABLE["anti-ddos"].statement["managedRuleGroupStatement"]["managedRuleGroupConfigs"]
    challenge = config["awsManagedRulesAntiDdosRuleSet"]["clientSideActionConfig"]["challenge"]
    assert challenge == {"usageOfAction": "DISABLED"}


def test_the_log_has_the_name_that_waf_insists_on_and_no_credentials(site: Deployment) -> None:
    logging = site.one(aws.wafv2.WebAclLoggingConfiguration).inputs
    group = site.one(aws.cloudwatch.LogGroup, "waf-logs")
    assert group.inputs["name"].startswith("aws-waf-logs-")
    assert logging["logDestinationConfigs"] == [group.outputs["arn"]]
    assert logging["resourceArn"] == site.one(aws.wafv2.WebAcl).outputs["arn"]
    hidden = {field["singleHeader"]["name"] for field in logging["redactedFields"]}
    assert hidden == {"authorization", "cookie"}


def test_the_log_keeps_what_was_stopped_and_drops_the_rest(site: Deployment) -> None:
    log_filter = site.one(aws.wafv2.WebAclLoggingConfiguration).inputs["loggingFilter"]
    [kept] = log_filter["filters"]
    actions = {condition["actionCondition"]["action"] for condition in kept["conditions"]}
    assert (log_filter["defaultBehavior"], kept["behavior"], kept["requirement"]) == ("DROP", "KEEP", "MEETS_ANY")
    assert {"BLOCK", "COUNT"} <= actions


def test_shield_advanced_is_there_when_it_is_asked_for(journey: Journey) -> None:
    assert journey.primary_active.of(aws.shield.Protection) == []
    sites = Sites()
    sites.primary()
    guarded = sites.primary(shieldAdvanced=True)
    protection = guarded.one(aws.shield.Protection)
    assert protection.inputs["resourceArn"] == guarded.one(aws.lb.LoadBalancer).outputs["arn"]
    assert {type_ for type_, _ in guarded.created} == {type_of(aws.shield.Protection)}


def test_the_owasp_page_has_every_item_and_names_every_rule_and_no_other() -> None:
    text = (ROOT / "docs" / "owasp.md").read_text()
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| A")]
    assert [row[1].strip()[:3] for row in rows] == [f"A{n:02}" for n in range(1, 11)]
    met = {rule.strip(" `") for row in rows for rule in row[2].split(",")}
    assert met - {"none"} <= TABLE.keys()
    assert [name for name in TABLE if f"`{name}`" not in text] == []
