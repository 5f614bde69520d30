"""Private paths to AWS services, so that the application tier works without the internet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import pulumi
import pulumi_aws as aws

GATEWAY_SERVICES: Final = ("dynamodb", "s3")

_COMMON: Final = (
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "elasticloadbalancing",
    "kms",
    "logs",
    "monitoring",
    "secretsmanager",
    "sns",
    "sts",
)

INTERFACE_SERVICES: Final[dict[Literal["eks", "asg"], tuple[str, ...]]] = {
    "eks": (*_COMMON, "eks", "eks-auth"),
    "asg": (*_COMMON, "ec2messages", "ssm", "ssmmessages"),
}
"""What nodes call: a private cluster's list from
https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html; Session Manager's for instances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointsArgs:
    """Gateway endpoints join the route tables; interface endpoints stand in the subnets, one address a zone."""

    vpc_id: pulumi.Input[str]
    region: str
    compute: Literal["eks", "asg"]
    subnet_ids: Sequence[pulumi.Input[str]]
    route_table_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    prefix: str


class Endpoints(pulumi.ComponentResource):
    """Gateway endpoints (S3, DynamoDB) and interface endpoints with private DNS."""

    def __init__(self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:network:Endpoints", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for service in GATEWAY_SERVICES:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=args.route_table_ids,
                tags={"Name": f"{args.prefix}-{service}"},
                opts=child,
            )
        for service in INTERFACE_SERVICES[args.compute]:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=args.subnet_ids,
                security_group_ids=[args.security_group_id],
                tags={"Name": f"{args.prefix}-{service}"},
                opts=child,
            )
        self.register_outputs({})
