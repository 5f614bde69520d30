"""The web application firewall of one site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.edge import wafv2
from components.edge.waf_rules import rendered, rules, visibility

LOG_GROUP_PREFIX: Final = "aws-waf-logs-"
"""WAF writes to no log group without it, and its error speaks of an invalid ARN instead
(https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html)."""

LOG_RETENTION_DAYS: Final = 365

LOGGED_ACTIONS: Final = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
"""What is logged: every request that a rule stopped or would have. The load balancer's access log has all of them;
the rest here would be a gigabyte every minute at 10,000 a second."""

REDACTED_HEADERS: Final = ("authorization", "cookie")


@dataclass(frozen=True, slots=True, kw_only=True)
class WafArgs:
    """prefix: of names; load_balancer_arn: what it stands before; logs_key_arn: a key that admits CloudWatch Logs."""

    prefix: str
    load_balancer_arn: pulumi.Input[str]
    target_tps: int
    logs_key_arn: pulumi.Input[str]
    shield_advanced: bool


class Waf(pulumi.ComponentResource):
    """A web ACL with its log, on one load balancer; with Shield Advanced where the account subscribes to it.

    Everything that no rule blocks is let in: who may do what is the application's to know. No log policy is made
    here, since WAF writes its own. docs/owasp.md says which attack meets which rule.
    """

    web_acl_arn: pulumi.Output[str]
    association: pulumi.Resource

    def __init__(self, name: str, args: WafArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:edge:Waf", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        acl = wafv2.WebAcl(
            f"{name}-acl",
            {
                "name": args.prefix,
                "description": "Before the load balancer of the application tier",
                "scope": "REGIONAL",
                "defaultAction": {"allow": {}},
                "rules": rendered(rules(target_tps=args.target_tps)),
                "visibilityConfig": visibility(args.prefix),
            },
            child,
        )
        self.association = wafv2.WebAclAssociation(
            f"{name}-association",
            {"resourceArn": args.load_balancer_arn, "webAclArn": acl.arn},
            child,
        )
        group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"{LOG_GROUP_PREFIX}{args.prefix}",
            retention_in_days=LOG_RETENTION_DAYS,
            kms_key_id=args.logs_key_arn,
            opts=child,
        )
        wafv2.WebAclLoggingConfiguration(
            f"{name}-logging",
            {
                "resourceArn": acl.arn,
                "logDestinationConfigs": [group.arn],
                "redactedFields": [{"singleHeader": {"name": header}} for header in REDACTED_HEADERS],
                "loggingFilter": {
                    "defaultBehavior": "DROP",
                    "filters": [
                        {
                            "behavior": "KEEP",
                            "requirement": "MEETS_ANY",
                            "conditions": [{"actionCondition": {"action": action}} for action in LOGGED_ACTIONS],
                        }
                    ],
                },
            },
            child,
        )
        if args.shield_advanced:
            aws.shield.Protection(f"{name}-shield", name=args.prefix, resource_arn=args.load_balancer_arn, opts=child)
        self.web_acl_arn = acl.arn
        self.register_outputs({"web_acl_arn": self.web_acl_arn})
