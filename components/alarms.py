"""CloudWatch alarms: components offer theirs as data, one component makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import pulumi
import pulumi_aws as aws

Comparison = Literal["GreaterThanThreshold", "LessThanThreshold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric, by its dimensions. period: seconds."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"] = "Average"
    period: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A CloudWatch Metrics Insights query over all metrics that match. period: seconds."""

    sql: str
    period: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSpec:
    """One alarm. key: its name within the platform, for life."""

    key: str
    description: str
    source: Metric | Query
    comparison: Comparison
    threshold: float
    evaluation_periods: int = 3
    missing_data: Literal["missing", "breaching", "notBreaching", "ignore"] = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsArgs:
    """specs: the alarms; topic_arn: whom to tell; prefix: of their names; region: where their metrics are."""

    specs: tuple[AlarmSpec, ...]
    topic_arn: pulumi.Input[str]
    prefix: str
    region: str


class Alarms(pulumi.ComponentResource):
    """CloudWatch alarms that tell one topic when they fire and when they are over."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("trading:index:Alarms", name, None, opts)
        for spec in args.specs:
            aws.cloudwatch.MetricAlarm(
                f"{name}-{spec.key}",
                region=args.region,
                name=f"{args.prefix}-{spec.key}",
                alarm_description=spec.description,
                **_source(spec.source),
                evaluation_periods=spec.evaluation_periods,
                comparison_operator=spec.comparison,
                threshold=spec.threshold,
                treat_missing_data=spec.missing_data,
                alarm_actions=[args.topic_arn],
                ok_actions=[args.topic_arn],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def _source(source: Metric | Query) -> dict[str, Any]:
    match source:
        case Metric():
            return {
                "namespace": source.namespace,
                "metric_name": source.name,
                "dimensions": source.dimensions,
                "statistic": source.statistic,
                "period": source.period,
            }
        case Query():
            query = aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id="query", expression=source.sql, period=source.period, return_data=True
            )
            return {"metric_queries": [query]}
        case _:
            assert_never(source)
