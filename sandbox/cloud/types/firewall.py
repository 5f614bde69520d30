"""AWS WAF and Shield Advanced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.cloud.call import Call
from sandbox.cloud.spec import Calls, Ref, Refusal, TypeSpec, aws
from sandbox.cloud.types.edge import LOAD_BALANCER, ZONE
from sandbox.cloud.types.monitoring import LOG_GROUP

WEB_ACL = aws("wafv2", "WebAcl")
WINDOWS = (60, 120, 300, 600)
MAX_CAPACITY = 5_000

MANAGED_CAPACITY: Mapping[str, int] = {
    "AWSManagedRulesAdminProtectionRuleSet": 100,
    "AWSManagedRulesAmazonIpReputationList": 25,
    "AWSManagedRulesAnonymousIpList": 50,
    "AWSManagedRulesAntiDDoSRuleSet": 50,
    "AWSManagedRulesBotControlRuleSet": 50,
    "AWSManagedRulesCommonRuleSet": 700,
    "AWSManagedRulesKnownBadInputsRuleSet": 200,
    "AWSManagedRulesLinuxRuleSet": 200,
    "AWSManagedRulesSQLiRuleSet": 200,
    "AWSManagedRulesUnixRuleSet": 100,
}
"""AWS's own groups and their published capacity
(https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html)."""


def _refuse(call: Call, field: str, parameter: object, reason: str) -> Exception:
    return call.refusal(
        "WAFInvalidParameterException", f"Error reason: {reason}, field: {field}, parameter: {parameter}"
    )


def _scope(call: Call) -> None:
    if call.inputs.get("scope") == "CLOUDFRONT" and call.region != "us-east-1":
        raise _refuse(call, "SCOPE_VALUE", "CLOUDFRONT", "The scope is not valid.")


def _rules(call: Call) -> None:
    priorities = [rule["priority"] for rule in call.inputs.get("rules") or []]
    if len(set(priorities)) < len(priorities):
        raise _refuse(call, "RULE", priorities, "A priority is used by more than one rule")
    for rule in call.inputs.get("rules") or []:
        is_group = "managedRuleGroupStatement" in rule["statement"]
        if is_group != bool(rule.get("overrideAction")) or is_group == bool(rule.get("action")):
            wanted = "OverrideAction" if is_group else "Action"
            raise _refuse(call, "RULE", rule["name"], f"A reference in your rule statement is not valid: set {wanted}")
        for kind, statement in _statements(rule["statement"]):
            _statement(call, kind, statement)
    if _capacity(call) > MAX_CAPACITY:
        raise call.refusal(
            "WAFLimitsExceededException",
            "AWS WAF couldn't perform the operation because you exceeded your resource limit.",
        )


def _statement(call: Call, kind: str, statement: Mapping[str, Any]) -> None:
    if kind == "rateBasedStatement" and statement.get("evaluationWindowSec", 300) not in WINDOWS:
        raise _refuse(
            call, "RATE_BASED_STATEMENT", statement["evaluationWindowSec"], "The evaluation window is not valid."
        )
    group = statement.get("name") if kind == "managedRuleGroupStatement" else None
    if group is not None and group not in MANAGED_CAPACITY:
        raise call.refusal(
            "WAFNonexistentItemException",
            "AWS WAF couldn't perform the operation because your resource doesn't exist.",
        )
    if group == "AWSManagedRulesAntiDDoSRuleSet" and not statement.get("managedRuleGroupConfigs"):
        raise _refuse(call, "MANAGED_RULE_SET", group, "You must provide the rule group's configuration")


def _statements(statement: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every statement within one, itself included: its kind and what it says."""
    for kind, inner in statement.items():
        if inner:
            yield kind, inner
            for below in (inner.get("scopeDownStatement"), inner.get("statement"), *inner.get("statements", ())):
                yield from _statements(below or {})


def _capacity(call: Call) -> int:
    """The documented costs of the kinds that are used here; text transformations are left out."""
    return sum(
        _cost(kind, statement)
        for rule in call.inputs.get("rules") or []
        for kind, statement in _statements(rule["statement"])
    )


def _cost(kind: str, statement: Mapping[str, Any]) -> int:
    if kind == "managedRuleGroupStatement":
        return MANAGED_CAPACITY.get(statement["name"], 0)
    every_header = 10 if statement.get("fieldToMatch", {}).get("headers") else 0
    return {"andStatement": 0, "orStatement": 0, "notStatement": 0, "sizeConstraintStatement": 1}.get(
        kind, 2
    ) + every_header


def _log_destination(call: Call) -> None:
    """One destination, of the right name and region; the message is AWS's and speaks of neither."""
    destinations = call.inputs["logDestinationConfigs"]
    if len(destinations) != 1:
        raise call.refusal("WAFLimitsExceededException", "You may only specify one log destination")
    parts = destinations[0].split(":", 6)
    name = parts[6] if len(parts) == 7 else destinations[0].rsplit(":", 1)[-1]
    if not name.split("/")[-1].startswith("aws-waf-logs-") or parts[3] not in (call.region, ""):
        raise _refuse(
            call,
            "LOG_DESTINATION",
            destinations[0],
            "The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or "
            "slashes.",
        )


SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=WEB_ACL,
        service="wafv2",
        calls=Calls("CreateWebACL", "GetWebACL", "UpdateWebACL", "DeleteWebACL"),
        id="{uuid}",
        replace_on=("name", "namePrefix", "scope"),
        requires={},
        outputs={
            "arn": "arn:{partition}:wafv2:{region}:{account}:regional/webacl/{name}/{id}",
            "capacity": _capacity,
            "lockToken": "{uuid}",
        },
        renewed=("capacity", "lockToken"),
        empty=("applicationIntegrationUrl",),
        autoname="name",
        name_length=128,
        members={"tags": "", "ruleJson": ""},
        unique=("name", "scope"),
        taken=Refusal(
            "WAFDuplicateItemException",
            "AWS WAF couldn't perform the operation because some resource in your request is a duplicate of an "
            "existing one.",
        ),
        not_found=Refusal(
            "WAFNonexistentItemException",
            "AWS WAF couldn't perform the operation because your resource doesn't exist.",
        ),
        in_use=Refusal(
            "WAFAssociatedItemException",
            "AWS WAF couldn't perform the operation because your resource is being used by another resource or it's "
            "associated with another resource.",
        ),
        on_create=(_scope, _rules),
        on_update=(_rules,),
    ),
    TypeSpec(
        token=aws("wafv2", "WebAclAssociation"),
        service="wafv2",
        calls=Calls("AssociateWebACL", "GetWebACLForResource", "", "DisassociateWebACL"),
        id="{webAclArn},{resourceArn}",
        replace_on=("resourceArn", "webAclArn"),
        requires={"webAclArn": Ref(WEB_ACL, "arn", blocks=True), "resourceArn": Ref(LOAD_BALANCER)},
    ),
    TypeSpec(
        token=aws("wafv2", "WebAclLoggingConfiguration"),
        service="wafv2",
        calls=Calls(
            "PutLoggingConfiguration",
            "GetLoggingConfiguration",
            "PutLoggingConfiguration",
            "DeleteLoggingConfiguration",
        ),
        id="{resourceArn}",
        replace_on=("resourceArn",),
        requires={
            "resourceArn": Ref(WEB_ACL, "arn"),
            "logDestinationConfigs": Ref(LOG_GROUP, "arn", outside=("arn:aws:s3:", "arn:aws:firehose:")),
        },
        on_create=(_log_destination,),
        on_update=(_log_destination,),
    ),
    TypeSpec(
        token=aws("shield", "Protection"),
        service="shield",
        scope="global",
        calls=Calls("CreateProtection", "DescribeProtection", "", "DeleteProtection"),
        id="{uuid}",
        replace_on=("name", "resourceArn"),
        requires={
            "resourceArn": (
                Ref(LOAD_BALANCER, anywhere=True),
                Ref(ZONE, "arn"),
                Ref(aws("ec2", "Eip"), "arn", anywhere=True),
            )
        },
        outputs={"arn": "arn:{partition}:shield::{account}:protection/{id}"},
        autoname="name",
        name_length=128,
        members={"tags": ""},
        unique=("resourceArn",),
        taken=Refusal("ResourceAlreadyExistsException", "The referenced protection already exists."),
        not_found=Refusal("ResourceNotFoundException", "The referenced protection does not exist."),
    ),
)
