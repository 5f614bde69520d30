"""The load balancer of one site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.network.flows import APP_PORT, HTTP, HTTPS

TLS_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.3, and 1.2 with forward secrecy and authenticated encryption only
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html)."""

READY_PATH: Final = "/health/ready"
DEREGISTRATION_SECONDS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerArgs:
    """subnet_ids: of the public tier, two zones or more; certificate_arn: an issued certificate of the region.

    public_routes: AWS refuses a load balancer that faces the internet before its subnets can reach it.
    """

    load_balancer_name: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    public_routes: Sequence[pulumi.Resource]
    security_group_id: pulumi.Input[str]
    certificate_arn: pulumi.Input[str]
    probe_name: str
    zone_id: str
    protect: bool


class LoadBalancer(pulumi.ComponentResource):
    """An internet-facing Application Load Balancer: HTTPS to targets over TLS, HTTP only to redirect, and the
    site's own DNS name."""

    dns_name: pulumi.Output[str]
    target_group_arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    probe_record: aws.route53.Record

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:edge:LoadBalancer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        balancer = aws.lb.LoadBalancer(
            f"{name}-alb",
            name=args.load_balancer_name,
            load_balancer_type="application",
            internal=False,
            subnets=args.subnet_ids,
            security_groups=[args.security_group_id],
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",
            enable_zonal_shift=True,
            enable_deletion_protection=args.protect,
            tags={"Name": args.load_balancer_name},
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, depends_on=args.public_routes),
        )
        targets = aws.lb.TargetGroup(
            f"{name}-pods",
            name=f"{args.load_balancer_name}-pods",
            vpc_id=args.vpc_id,
            target_type="ip",
            port=APP_PORT,
            protocol="HTTPS",
            deregistration_delay=DEREGISTRATION_SECONDS,
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
            opts=child,
        )
        aws.lb.Listener(
            f"{name}-https",
            load_balancer_arn=balancer.arn,
            port=HTTPS,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=args.certificate_arn,
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="forward", target_group_arn=targets.arn)],
            opts=child,
        )
        to_https = aws.lb.ListenerDefaultActionRedirectArgs(port=str(HTTPS), protocol="HTTPS", status_code="HTTP_301")
        aws.lb.Listener(
            f"{name}-http",
            load_balancer_arn=balancer.arn,
            port=HTTP,
            protocol="HTTP",
            default_actions=[aws.lb.ListenerDefaultActionArgs(type="redirect", redirect=to_https)],
            opts=child,
        )
        self.probe_record = aws.route53.Record(
            f"{name}-probe",
            zone_id=args.zone_id,
            name=args.probe_name,
            type="A",
            aliases=[
                aws.route53.RecordAliasArgs(
                    name=balancer.dns_name,
                    zone_id=balancer.zone_id,
                    # The health checks on the failover records judge; a probe name always answers.
                    evaluate_target_health=False,
                )
            ],
            opts=child,
        )
        self.dns_name = balancer.dns_name
        self.target_group_arn = targets.arn
        self.arn_suffix = balancer.arn_suffix
        self.register_outputs({"dns_name": self.dns_name, "target_group_arn": self.target_group_arn})
