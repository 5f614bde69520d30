"""The fence as something that Route 53 can watch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws as aws

from components.iam import allow, assumed_by, document
from components.naming import FENCE_KEY, FENCE_TABLE, PLATFORM
from components.regions import PARTITION

METRIC_NAMESPACE: Final = "Trading/Fence"
METRIC_NAME: Final = "MayWrite"
PERIOD_SECONDS: Final = 60
LOG_RETENTION_DAYS: Final = 365

_SOURCE: Final = Path(__file__).with_name("fence_publisher.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceWatchArgs:
    """sites: whom the fence may name; logs_key_arn: a key that admits CloudWatch Logs of this region."""

    sites: tuple[str, ...]
    account_id: str
    region: str
    logs_key_arn: pulumi.Input[str]


class FenceWatch(pulumi.ComponentResource):
    """Publishes the fence as a metric every minute, with an alarm per site that Route 53's checks can follow.

    It stands in the DR region: when the primary's region is gone, the primary must still be seen as fenced.
    """

    alarm_names: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: FenceWatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:failover:FenceWatch", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        function_name = f"{PLATFORM}-fence-publisher"
        arn = f"arn:{PARTITION}:{{service}}:{args.region}:{args.account_id}:{{resource}}"
        group_name = f"/aws/lambda/{function_name}"
        table_arn = arn.format(service="dynamodb", resource=f"table/{FENCE_TABLE}")
        streams_arn = arn.format(service="logs", resource=f"log-group:{group_name}:*")
        function_arn = arn.format(service="lambda", resource=f"function:{function_name}")

        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=group_name,
            retention_in_days=LOG_RETENTION_DAYS,
            kms_key_id=args.logs_key_arn,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-publisher",
            name=function_name,
            assume_role_policy=assumed_by("lambda.amazonaws.com", on_behalf_of=None),
            opts=child,
        )
        metric_only = {"StringEquals": {"cloudwatch:namespace": METRIC_NAMESPACE}}
        permissions = aws.iam.RolePolicy(
            f"{name}-publisher",
            role=role.name,
            policy=document(
                allow("ReadTheFence", ["dynamodb:GetItem"], [table_arn]),
                allow("PublishIt", ["cloudwatch:PutMetricData"], condition=metric_only),
                allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [streams_arn]),
            ),
            opts=child,
        )
        function = aws.lambda_.Function(
            f"{name}-publisher",
            name=function_name,
            description="Publishes which site the fence lets write",
            runtime="python3.13",
            architectures=["arm64"],
            handler="fence_publisher.handler",
            code=pulumi.AssetArchive({_SOURCE.name: pulumi.StringAsset(_SOURCE.read_text())}),
            role=role.arn,
            timeout=10,
            memory_size=128,
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={
                    "FENCE_TABLE": FENCE_TABLE,
                    "FENCE_KEY": FENCE_KEY,
                    "SITES": ",".join(args.sites),
                    "METRIC_NAMESPACE": METRIC_NAMESPACE,
                    "METRIC_NAME": METRIC_NAME,
                }
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs, permissions]),
        )
        invoker = aws.iam.Role(
            f"{name}-schedule",
            name=f"{function_name}-schedule",
            assume_role_policy=assumed_by("scheduler.amazonaws.com", on_behalf_of=args.account_id),
            opts=child,
        )
        may_invoke = aws.iam.RolePolicy(
            f"{name}-schedule",
            role=invoker.name,
            policy=document(allow("Invoke", ["lambda:InvokeFunction"], [function_arn])),
            opts=child,
        )
        aws.scheduler.Schedule(
            f"{name}-every-minute",
            name=function_name,
            schedule_expression="rate(1 minutes)",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            target=aws.scheduler.ScheduleTargetArgs(
                arn=function.arn,
                role_arn=invoker.arn,
                # The next minute brings the next reading; an old one is worth nothing.
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_event_age_in_seconds=60, maximum_retry_attempts=0
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[may_invoke]),
        )
        # Plain metric, plain statistic, one data point: Route 53 follows the metric's stream, not the alarm, and
        # refuses mathematics and M-of-N.
        self.alarm_names = {
            site: aws.cloudwatch.MetricAlarm(
                f"{name}-{site}",
                name=f"{PLATFORM}-fence-excludes-{site}",
                alarm_description=f"The fence does not let site {site} write",
                namespace=METRIC_NAMESPACE,
                metric_name=METRIC_NAME,
                dimensions={"Site": site},
                statistic="Minimum",
                period=PERIOD_SECONDS,
                evaluation_periods=1,
                comparison_operator="LessThanThreshold",
                threshold=1,
                treat_missing_data="missing",
                opts=child,
            ).name
            for site in args.sites
        }
        self.register_outputs({"alarm_names": self.alarm_names})
