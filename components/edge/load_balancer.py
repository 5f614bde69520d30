"""The load balancer of one site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.alarms import AlarmSpec, Metric
from components.edge.access_logs import ACCESS_PREFIX, CONNECTION_PREFIX
from components.network.flows import HTTP, HTTPS

IDLE_SECONDS: Final = 60
"""How long a silent connection stays open. A target must keep its side open for longer: one that closes first
makes the load balancer answer 502 to whatever was just on its way."""

CLIENT_KEEP_ALIVE_SECONDS: Final = 300
"""How long a client may use one connection. Neither a zonal shift nor a failover in DNS moves a connection that is
open, so AWS's default of an hour would hold clients to a lost zone
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerArgs:
    """subnet_ids: of the public tier, two zones or more.

    public_routes: AWS refuses a load balancer that faces the internet before its subnets can reach it.
    log_bucket: of the load balancer's region; logs_ready: it tries to write as soon as it is told to.
    """

    load_balancer_name: str
    subnet_ids: Sequence[pulumi.Input[str]]
    public_routes: Sequence[pulumi.Resource]
    security_group_id: pulumi.Input[str]
    log_bucket: pulumi.Input[str]
    logs_ready: Sequence[pulumi.Resource]
    probe_name: str
    zone_id: str
    protect: bool


class LoadBalancer(pulumi.ComponentResource):
    """An internet-facing Application Load Balancer, HTTP only to redirect, and the site's own DNS name.

    It opens for HTTPS by a component of its own, once there is somebody to answer (https_listener.py). It repeats no
    request that has reached a target: an order must not be placed twice. What it does repeat, and what not, stands in
    docs/edge.md.
    """

    arn: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    redirect_listener_arn: pulumi.Output[str]
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
            enable_http2=True,
            enable_tls_version_and_cipher_suite_headers=True,
            # The client's address is the last entry, the only one that this load balancer vouches for.
            xff_header_processing_mode="append",
            enable_xff_client_port=True,
            idle_timeout=IDLE_SECONDS,
            client_keep_alive=CLIENT_KEEP_ALIVE_SECONDS,
            # Without the firewall's verdict a request is refused: see the decision on the web ACL.
            enable_waf_fail_open=False,
            enable_zonal_shift=True,
            enable_deletion_protection=args.protect,
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(bucket=args.log_bucket, prefix=ACCESS_PREFIX, enabled=True),
            connection_logs=aws.lb.LoadBalancerConnectionLogsArgs(
                bucket=args.log_bucket, prefix=CONNECTION_PREFIX, enabled=True
            ),
            tags={"Name": args.load_balancer_name},
            opts=pulumi.ResourceOptions(
                parent=self, protect=args.protect, depends_on=[*args.public_routes, *args.logs_ready]
            ),
        )
        to_https = aws.lb.ListenerDefaultActionRedirectArgs(port=str(HTTPS), protocol="HTTPS", status_code="HTTP_301")
        redirect = aws.lb.Listener(
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
        self.arn = balancer.arn
        self.dns_name = balancer.dns_name
        self.redirect_listener_arn = redirect.arn
        self.arn_suffix = balancer.arn_suffix
        self.register_outputs({"dns_name": self.dns_name, "arn": self.arn})

    def alarms(self) -> tuple[AlarmSpec, ...]:
        """What the load balancer sees and no target can report."""

        def metric(name: str) -> Metric:
            return Metric(
                namespace="AWS/ApplicationELB",
                name=name,
                dimensions={"LoadBalancer": self.arn_suffix},
                statistic="Sum",
            )

        def alarm(key: str, metric_name: str, description: str, threshold: int) -> AlarmSpec:
            return AlarmSpec(
                key=f"edge-{key}",
                description=description,
                source=metric(metric_name),
                comparison="GreaterThanThreshold",
                threshold=threshold,
                # These metrics are only there while there is something to count.
                missing_data="notBreaching",
            )

        return (
            alarm("errors", "HTTPCode_ELB_5XX_Count", "Clients get errors that no target sent", 100),
            alarm("rejected", "RejectedConnectionCount", "The load balancer turns clients away: it is full", 0),
            alarm("targets", "TargetConnectionErrorCount", "Targets take no connections", 100),
            alarm("tls", "TargetTLSNegotiationErrorCount", "TLS to the targets fails", 0),
        )
