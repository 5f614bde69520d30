"""Lambda function: once a minute, says as a metric which site the fence lets write.

Route 53 can watch neither DynamoDB nor a private address, but it can watch the alarm on a metric. One data point
per site, 1 for the site that the fence names and 0 for the other. A fence that cannot be read publishes nothing,
so that Route 53 keeps the last known answer instead of inventing one.

Environment: FENCE_TABLE, FENCE_KEY, SITES (comma-separated), METRIC_NAMESPACE, METRIC_NAME.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef


def data_points(names: str, sites: list[str], metric: str) -> list[MetricDatumTypeDef]:
    """One data point per site. Raises ValueError for a fence that names a site nobody knows."""
    if names not in sites:
        raise ValueError(f"the fence names {names!r}, which is none of {', '.join(sites)}")
    return [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": "Site", "Value": site}],
            "Value": float(site == names),
            "Unit": "None",
        }
        for site in sites
    ]


def handler(event: object, context: object) -> None:
    """Read the fence, strongly consistent, and publish it."""
    environment = os.environ
    table = boto3.client("dynamodb")
    found = table.get_item(
        TableName=environment["FENCE_TABLE"],
        Key={"record": {"S": environment["FENCE_KEY"]}},
        ConsistentRead=True,
    )
    points = data_points(found["Item"]["site"]["S"], environment["SITES"].split(","), environment["METRIC_NAME"])
    boto3.client("cloudwatch").put_metric_data(Namespace=environment["METRIC_NAMESPACE"], MetricData=points)
