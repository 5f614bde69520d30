"""The targets of one mode of the application tier: pods by address, or instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from components.network.flows import APP_PORT

Compute = Literal["eks", "asg"]
TargetType = Literal["ip", "instance"]

READY_PATH: Final = "/health/ready"

DEREGISTRATION_SECONDS: Final = 20
"""Time for open requests when a target leaves; whatever stops a target must wait longer than this."""


@dataclass(frozen=True, slots=True)
class _Kind:
    type: TargetType
    suffix: str
    priority: int  # of the rule that attaches it: while one mode follows the other both are there


_KINDS: Final[dict[Compute, _Kind]] = {"eks": _Kind("ip", "pods", 1), "asg": _Kind("instance", "instances", 2)}

NOBODY: Final = "192.0.2.1/32"
"""An address that no client has: reserved for documentation (RFC 5737)."""


def target_kind(compute: Compute) -> str:
    """What the targets of a mode are called: pods or instances."""
    return _KINDS[compute].suffix


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetGroupArgs:
    """compute: whose targets; prefix: of its name, which AWS limits to 32 characters; vpc_id: where they are.

    redirect_listener_arn: the load balancer's listener for plain HTTP.
    """

    compute: Compute
    prefix: str
    vpc_id: pulumi.Input[str]
    redirect_listener_arn: pulumi.Input[str]


class TargetGroup(pulumi.ComponentResource):
    """A target group over TLS with fast health checks, one for each mode of the application tier.

    AWS replaces a target group for its target type, so each mode has one under a name of its own, and clients are
    moved from one to the other once the new one is healthy. A load balancer checks no target of a group that none
    of its rules leads to (the reason Target.NotInUse of
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html), so a rule
    that no request matches attaches the group first: whatever waits for its targets must depend on `attached`.
    The rule goes with its group. An empty group that stayed would make Route 53 take the site for dead wherever an
    alias evaluates target health
    (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-failover-alias.html).

    The load balancer encrypts to its targets and does not verify their certificates; who may answer there is up to
    the security groups (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html).

    Weighted random with anomaly mitigation takes load off a target that answers with errors while its health checks
    pass; it judges from three targets on. There is no slow start: that algorithm excludes it, so a target must be
    warm before it reports ready
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html).
    """

    arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    type: TargetType
    attached: pulumi.Resource

    def __init__(self, name: str, args: TargetGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:edge:TargetGroup", name, None, opts)
        kind = _KINDS[args.compute]
        group = aws.lb.TargetGroup(
            f"{name}-group",
            name=f"{args.prefix}-{kind.suffix}",
            vpc_id=args.vpc_id,
            target_type=kind.type,
            port=APP_PORT,
            protocol="HTTPS",
            deregistration_delay=DEREGISTRATION_SECONDS,
            load_balancing_algorithm_type="weighted_random",
            load_balancing_anomaly_mitigation="on",
            # A zone whose targets are gone still answers through the other's.
            load_balancing_cross_zone_enabled="use_load_balancer_configuration",
            # AWS's own defaults take 150 seconds to trust a target and 60 to give one up.
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                path=READY_PATH,
                protocol="HTTPS",
                interval=5,
                timeout=2,
                healthy_threshold=2,
                unhealthy_threshold=2,
                matcher="200",
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.attached = aws.lb.ListenerRule(
            f"{name}-attached",
            listener_arn=args.redirect_listener_arn,
            priority=kind.priority,
            conditions=[
                aws.lb.ListenerRuleConditionArgs(source_ip=aws.lb.ListenerRuleConditionSourceIpArgs(values=[NOBODY]))
            ],
            actions=[aws.lb.ListenerRuleActionArgs(type="forward", target_group_arn=group.arn)],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = group.arn
        self.arn_suffix = group.arn_suffix
        self.type = kind.type
        self.register_outputs({"arn": self.arn, "arn_suffix": self.arn_suffix})
