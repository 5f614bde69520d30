"""The name that clients use, and the facts that decide where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.alarms import AlarmSpec, Metric
from components.network.flows import HTTPS

WRITABLE_PATH: Final = "/health/writable"
"""Answers 200 only while the site's database takes writes."""

CHECK_INTERVAL_SECONDS: Final = 10
CHECK_FAILURES: Final = 3
"""Detection in about 30 seconds. The interval cannot change later: AWS replaces the check, and the record points
at nothing meanwhile."""

CHECKER_REGIONS: Final = ("eu-west-1", "us-east-1", "us-west-1", "us-west-2")
"""Where Route 53 asks from: three at least, so that no single region's view decides."""

FAILOVER_ROLE: Final = {"primary": "PRIMARY", "dr": "SECONDARY"}
"""By site, for life: with both unhealthy Route 53 answers PRIMARY, an error page rather than two writers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailoverDnsArgs:
    """probe_names, fence_alarm_names: by site; fence_alarm_region: where those alarms are.

    own_probe_record: Route 53 refuses an alias to a record that is not there yet, and a name alone orders nothing.
    """

    failover_name: str
    zone_id: str
    probe_names: Mapping[str, str]
    fence_alarm_names: Mapping[str, pulumi.Input[str]]
    fence_alarm_region: str
    own_probe_record: aws.route53.Record


class FailoverDns(pulumi.ComponentResource):
    """The failover pair. A site's record is healthy only while its database takes writes and the fence names it.

    Owned by the DR site whatever its role, and built from names that configuration alone determines: moving the
    clients changes no record. A fence that nobody can read leaves the last known answer.
    """

    somebody_trades: pulumi.Output[str]
    both_trade: pulumi.Output[str]

    def __init__(self, name: str, args: FailoverDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:failover:FailoverDns", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        checks = {}
        for site, probe_name in args.probe_names.items():
            writable = aws.route53.HealthCheck(
                f"{name}-{site}-writable",
                reference_name=f"{site}-writable",
                type="HTTPS",
                fqdn=probe_name,
                port=HTTPS,
                resource_path=WRITABLE_PATH,
                enable_sni=True,
                request_interval=CHECK_INTERVAL_SECONDS,
                failure_threshold=CHECK_FAILURES,
                measure_latency=True,
                regions=list(CHECKER_REGIONS),
                tags={"Name": f"{site}: database takes writes"},
                opts=child,
            )
            fence = aws.route53.HealthCheck(
                f"{name}-{site}-fence",
                reference_name=f"{site}-fence",
                type="CLOUDWATCH_METRIC",
                cloudwatch_alarm_name=args.fence_alarm_names[site],
                cloudwatch_alarm_region=args.fence_alarm_region,
                insufficient_data_health_status="LastKnownStatus",
                tags={"Name": f"{site}: named by the fence"},
                opts=child,
            )
            checks[site] = aws.route53.HealthCheck(
                f"{name}-{site}-may-trade",
                reference_name=f"{site}-may-trade",
                type="CALCULATED",
                child_healthchecks=[writable.id, fence.id],
                child_health_threshold=2,
                tags={"Name": f"{site}: may trade"},
                opts=child,
            )
            aws.route53.Record(
                f"{name}-{site}",
                zone_id=args.zone_id,
                name=args.failover_name,
                type="A",
                set_identifier=site,
                failover_routing_policies=[aws.route53.RecordFailoverRoutingPolicyArgs(type=FAILOVER_ROLE[site])],
                health_check_id=checks[site].id,
                aliases=[
                    aws.route53.RecordAliasArgs(name=probe_name, zone_id=args.zone_id, evaluate_target_health=False)
                ],
                opts=pulumi.ResourceOptions(parent=self, depends_on=[args.own_probe_record]),
            )
        may_trade = [check.id for check in checks.values()]
        somebody = aws.route53.HealthCheck(
            f"{name}-somebody-trades",
            reference_name="somebody-trades",
            type="CALCULATED",
            child_healthchecks=may_trade,
            child_health_threshold=1,
            tags={"Name": "some site may trade"},
            opts=child,
        )
        both = aws.route53.HealthCheck(
            f"{name}-both-trade",
            reference_name="both-trade",
            type="CALCULATED",
            child_healthchecks=may_trade,
            child_health_threshold=len(may_trade),
            tags={"Name": "more than one site may trade"},
            opts=child,
        )
        self.somebody_trades = somebody.id
        self.both_trade = both.id
        self.register_outputs({"somebody_trades": somebody.id, "both_trade": both.id})

    def alarms(self) -> tuple[AlarmSpec, ...]:
        """Nobody trades, or two do: silent in every planned state, so that either is worth waking someone.

        Health checks have metrics in us-east-1 only; the alarms belong there.
        """

        def status(check: pulumi.Output[str]) -> Metric:
            return Metric(
                namespace="AWS/Route53",
                name="HealthCheckStatus",
                dimensions={"HealthCheckId": check},
                statistic="Minimum",
            )

        return (
            AlarmSpec(
                key="nobody-trades",
                description="No site may trade: clients get errors",
                source=status(self.somebody_trades),
                comparison="LessThanThreshold",
                threshold=1,
                evaluation_periods=1,
                missing_data="breaching",
            ),
            AlarmSpec(
                key="both-trade",
                description="Two sites take writes and the fence names both: the databases part ways",
                source=status(self.both_trade),
                comparison="GreaterThanThreshold",
                threshold=0,
                evaluation_periods=1,
            ),
        )
