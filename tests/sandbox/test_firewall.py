"""WAF and Shield as the emulated AWS refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import World

SEEN = {"cloudwatchMetricsEnabled": True, "metricName": "m", "sampledRequestsEnabled": True}
NONEXISTENT = "your resource doesn't exist"


def rule(statement: dict[str, Any], **more: Any) -> dict[str, Any]:
    kind: dict[str, Any] = (
        {"overrideAction": {"none": {}}} if "managedRuleGroupStatement" in statement else {"action": {"block": {}}}
    )
    return {"name": "r", "priority": 0, "statement": statement, "visibilityConfig": SEEN} | kind | more


def managed(name: str, **more: Any) -> dict[str, Any]:
    return {"managedRuleGroupStatement": {"vendorName": "AWS", "name": name, **more}}


def rate(limit: int, **more: Any) -> dict[str, Any]:
    return {"rateBasedStatement": {"limit": limit, "aggregateKeyType": "IP", **more}}


COMMON = managed("AWSManagedRulesCommonRuleSet")


def acl(world: World, *rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    inputs = {"name": "edge", "scope": "REGIONAL", "defaultAction": {"allow": {}}, "visibilityConfig": SEEN, **more}
    return world.make("wafv2", "WebAcl", rules=list(rules), **inputs)


def test_a_web_acl_costs_what_its_rules_cost(world: World) -> None:
    made = acl(world, rule(COMMON), rule(rate(100), priority=1))
    assert made["capacity"] == 702
    assert made["arn"].startswith("arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/edge/")


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ([rule(managed("AWSManagedRulesTypoRuleSet"))], NONEXISTENT),
        ([rule(COMMON), rule(COMMON)], "used by more than one rule"),
        ([rule(COMMON) | {"action": {"block": {}}}], "set OverrideAction"),
        ([rule(rate(100)) | {"overrideAction": {"none": {}}}], "set Action"),
        ([rule(rate(5))], "Member must have value greater than or equal to 10"),
        ([rule(rate(100, evaluationWindowSec=90))], "The evaluation window is not valid"),
        ([rule(rate(100, aggregateKeyType="HOST"))], "enum value set"),
        ([rule(managed("AWSManagedRulesAntiDDoSRuleSet"))], "rule group's configuration"),
        ([rule(COMMON, name=str(n), priority=n) for n in range(8)], "exceeded your resource limit"),
    ],
)
def test_waf_refuses_a_wrong_web_acl(world: World, rules: list[dict[str, Any]], text: str) -> None:
    assert text in world.refused(lambda: acl(world, *rules))


def test_a_statement_is_checked_however_deep_it_is(world: World) -> None:
    deep = {"andStatement": {"statements": [{"notStatement": {"statement": rate(100, evaluationWindowSec=1)}}]}}
    assert "The evaluation window is not valid" in world.refused(lambda: acl(world, rule(deep)))


def test_a_web_acl_for_cloudfront_belongs_to_us_east_1(world: World) -> None:
    assert "SCOPE_VALUE" in world.refused(lambda: acl(world, scope="CLOUDFRONT"))


def test_a_web_acl_in_use_stays(world: World) -> None:
    net = world.network()
    world.make("ec2", "InternetGateway", vpcId=net["vpc"]["id"])
    edge = world.make("lb", "LoadBalancer", name="edge", subnets=net["subnets"])
    made = acl(world)
    world.make("wafv2", "WebAclAssociation", webAclArn=made["arn"], resourceArn=edge["arn"])
    assert "WAFAssociatedItemException" in world.refused(lambda: world.drop("wafv2", "WebAcl", made))


@pytest.mark.parametrize(
    ("name", "legal"), [("aws-waf-logs-edge", True), ("waf-logs-edge", False), ("/aws/aws-waf-logs", False)]
)
def test_waf_logs_to_a_group_of_one_name_only(world: World, name: str, legal: bool) -> None:
    made, group = acl(world), world.make("cloudwatch", "LogGroup", name=name)
    configuration = {"resourceArn": made["arn"], "logDestinationConfigs": [group["arn"]]}
    if legal:
        world.make("wafv2", "WebAclLoggingConfiguration", **configuration)
    else:
        text = world.refused(lambda: world.make("wafv2", "WebAclLoggingConfiguration", **configuration))
        assert "The ARN isn't valid" in text, "AWS's own words, which do not say what is wrong"


def test_shield_protects_a_resource_once_and_its_control_plane_is_in_us_east_1(world: World) -> None:
    net = world.network()
    world.make("ec2", "InternetGateway", vpcId=net["vpc"]["id"])
    edge = world.make("lb", "LoadBalancer", name="edge", subnets=net["subnets"])
    world.make("shield", "Protection", name="edge", resourceArn=edge["arn"])
    again = world.refused(lambda: world.make("shield", "Protection", name="more", resourceArn=edge["arn"]))
    assert "already exists" in again
    world.store.switch_off("us-east-1")
    assert "i/o timeout" in world.refused(lambda: world.make("shield", "Protection", name="x", resourceArn="arn:x"))
