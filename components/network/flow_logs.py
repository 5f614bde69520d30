"""A record of every connection that was accepted or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.iam import allow, assumed_by, document
from components.regions import PARTITION

RETENTION_DAYS: Final = 365
"""A year, so that an intrusion found late can still be followed back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowLogsArgs:
    """vpc_id: what to record; kms_key_arn: a key that admits CloudWatch Logs of this region."""

    vpc_id: pulumi.Input[str]
    account_id: str
    region: str
    kms_key_arn: pulumi.Input[str]
    prefix: str


class FlowLogs(pulumi.ComponentResource):
    """The VPC's flow log, in an encrypted log group, written by a role that can do nothing else."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:network:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group_name = f"/{args.prefix}/vpc-flow-logs"
        group = aws.cloudwatch.LogGroup(
            f"{name}-group",
            name=group_name,
            retention_in_days=RETENTION_DAYS,
            kms_key_id=args.kms_key_arn,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=f"{args.prefix}-{args.region}-flow-logs",
            assume_role_policy=assumed_by("vpc-flow-logs.amazonaws.com", on_behalf_of=args.account_id),
            opts=child,
        )
        arn = f"arn:{PARTITION}:logs:{args.region}:{args.account_id}:log-group:{group_name}:*"
        write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=document(allow("WriteThisGroup", write, [arn])),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags={"Name": args.prefix},
            # The flow log checks its right to write when it is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({})
