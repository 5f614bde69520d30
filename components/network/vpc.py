"""The network of one region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from itertools import combinations
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

from components.alarms import AlarmSpec, Query
from components.network.endpoints import Endpoints, EndpointsArgs
from components.network.flow_logs import FlowLogs, FlowLogsArgs
from components.network.flows import ANYWHERE, Party, acl_entries
from components.network.plan import Tier, plan_subnets
from components.network.security_groups import SecurityGroups, SecurityGroupsArgs

LATENCY_BUDGET_MS: Final = 1.0
"""Round trip between the application and the database that the platform promises as a median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingVpcArgs:
    """zones: zone IDs, in order; cidr: a /16; logs_key_arn: a key that admits CloudWatch Logs."""

    cidr: IPv4Network
    zones: tuple[str, ...]
    region: str
    account_id: str
    compute: Literal["eks", "asg"]
    logs_key_arn: pulumi.Input[str]
    prefix: str


class TradingVpc(pulumi.ComponentResource):
    """A VPC whose zones do not depend on each other: three tiers, and in each zone its own subnets, NAT and routes.

    Creates: the VPC with emptied defaults; subnets, route tables and one network ACL per tier; an internet gateway
    and a NAT gateway per zone; security groups; endpoints; a flow log; a subscription to the latency between zones.
    Decides: what may talk to what (flows.py) and where everything stands (plan.py).
    """

    vpc_id: pulumi.Output[str]
    subnet_ids: Mapping[Tier, Mapping[str, pulumi.Output[str]]]
    public_routes: Mapping[str, aws.ec2.Route]
    """By zone: what makes a public subnet public. Whatever faces the internet waits for them."""
    security_groups: SecurityGroups

    def __init__(self, name: str, args: TradingVpcArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:network:TradingVpc", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        prefix = args.prefix

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": prefix},
            opts=child,
        )
        # What AWS makes with every VPC lets everything through; adopted without rules, it lets nothing.
        aws.ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, opts=child)
        aws.ec2.DefaultNetworkAcl(
            f"{name}-default",
            default_network_acl_id=vpc.default_network_acl_id,
            # A subnet hangs on this one from its birth until its tier's takes it over; what was seen in between is
            # no drift.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["subnetIds"]),
        )

        subnets = {
            (plan.tier, plan.zone): aws.ec2.Subnet(
                f"{name}-{plan.tier}-{plan.zone}",
                vpc_id=vpc.id,
                availability_zone_id=plan.zone,
                cidr_block=str(plan.cidr),
                map_public_ip_on_launch=False,
                tags={"Name": f"{prefix}-{plan.tier}-{plan.zone}", "Tier": plan.tier},
                opts=child,
            )
            for plan in plan_subnets(args.cidr, args.zones)
        }
        self.vpc_id = vpc.id
        self.subnet_ids = {tier: {zone: subnets[tier, zone].id for zone in args.zones} for tier in Tier}

        gateway = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=vpc.id, tags={"Name": prefix}, opts=child)
        tables = {}
        for (tier, zone), subnet in subnets.items():
            table = aws.ec2.RouteTable(
                f"{name}-{tier}-{zone}", vpc_id=vpc.id, tags={"Name": f"{prefix}-{tier}-{zone}"}, opts=child
            )
            aws.ec2.RouteTableAssociation(
                f"{name}-{tier}-{zone}", subnet_id=subnet.id, route_table_id=table.id, opts=child
            )
            tables[tier, zone] = table
        self.public_routes = {
            zone: aws.ec2.Route(
                f"{name}-{Tier.PUBLIC}-{zone}-internet",
                route_table_id=tables[Tier.PUBLIC, zone].id,
                destination_cidr_block=ANYWHERE,
                gateway_id=gateway.id,
                opts=child,
            )
            for zone in args.zones
        }
        for zone in args.zones:
            address = aws.ec2.Eip(f"{name}-nat-{zone}", domain="vpc", tags={"Name": f"{prefix}-nat-{zone}"}, opts=child)
            nat = aws.ec2.NatGateway(
                f"{name}-nat-{zone}",
                subnet_id=subnets[Tier.PUBLIC, zone].id,
                allocation_id=address.id,
                tags={"Name": f"{prefix}-{zone}"},
                # A NAT gateway forwards nothing until its own subnet has a way out.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self.public_routes[zone]]),
            )
            aws.ec2.Route(
                f"{name}-{Tier.APP}-{zone}-internet",
                route_table_id=tables[Tier.APP, zone].id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=nat.id,
                opts=child,
            )

        acls = {
            tier: aws.ec2.NetworkAcl(
                f"{name}-{tier}",
                vpc_id=vpc.id,
                subnet_ids=list(self.subnet_ids[tier].values()),
                tags={"Name": f"{prefix}-{tier}"},
                opts=child,
            )
            for tier in Tier
        }
        for entry in acl_entries(args.cidr):
            aws.ec2.NetworkAclRule(
                f"{name}-{entry.key}",
                network_acl_id=acls[entry.tier].id,
                egress=entry.egress,
                rule_number=entry.number,
                rule_action="allow",
                protocol="-1" if entry.ports is None else "tcp",
                from_port=entry.ports[0] if entry.ports else 0,
                to_port=entry.ports[1] if entry.ports else 0,
                cidr_block=entry.cidr,
                opts=child,
            )

        self.security_groups = SecurityGroups(
            f"{name}-groups", SecurityGroupsArgs(vpc_id=vpc.id, prefix=prefix), opts=child
        )
        Endpoints(
            f"{name}-endpoints",
            EndpointsArgs(
                vpc_id=vpc.id,
                region=args.region,
                compute=args.compute,
                subnet_ids=list(self.subnet_ids[Tier.APP].values()),
                route_table_ids=[tables[Tier.APP, zone].id for zone in args.zones],
                security_group_id=self.security_groups[Party.ENDPOINTS],
                prefix=prefix,
            ),
            opts=child,
        )
        FlowLogs(
            f"{name}-flow-logs",
            FlowLogsArgs(
                vpc_id=vpc.id,
                account_id=args.account_id,
                region=args.region,
                kms_key_arn=args.logs_key_arn,
                prefix=prefix,
            ),
            opts=child,
        )
        for first, second in combinations(args.zones, 2):
            aws.ec2.VpcNetworkPerformanceMetricSubscription(
                f"{name}-latency-{first}-{second}",
                source=first,
                destination=second,
                metric="aggregate-latency",
                statistic="p50",
                opts=child,
            )
        self.register_outputs({"vpc_id": self.vpc_id, "subnet_ids": self.subnet_ids})

    def alarms(self) -> tuple[AlarmSpec, ...]:
        """The zones must be close enough for the latency that the platform promises."""
        return (
            AlarmSpec(
                key="zone-latency",
                description=f"Median round trip between the zones is above {LATENCY_BUDGET_MS} ms, the whole budget",
                # By query, over every pair of zones that is subscribed to: AWS documents the metric's name but not
                # its dimensions, and an alarm on the wrong ones would stay silent.
                source=Query(
                    sql='SELECT MAX(AggregateAWSNetworkPerformance) FROM "AWS/EC2/InfrastructurePerformance"',
                    period=300,
                ),
                comparison="GreaterThanThreshold",
                threshold=LATENCY_BUDGET_MS,
            ),
        )
