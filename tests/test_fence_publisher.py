"""The function that turns the fence into a metric, against AWS's API in process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from components.failover import fence_publisher

REGION = "eu-west-1"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "FENCE_TABLE": "trading-fence",
        "FENCE_KEY": "writer",
        "SITES": "primary,dr",
        "METRIC_NAMESPACE": "Trading/Fence",
        "METRIC_NAME": "MayWrite",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def fence(site: str) -> None:
    table = boto3.client("dynamodb")
    table.create_table(
        TableName="trading-fence",
        KeySchema=[{"AttributeName": "record", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "record", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"record": {"S": "writer"}, "site": {"S": site}, "epoch": {"N": "7"}}
    table.put_item(TableName="trading-fence", Item=item)


def published(site: str) -> list[float]:
    now = datetime.now(UTC)
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="Trading/Fence",
        MetricName="MayWrite",
        Dimensions=[{"Name": "Site", "Value": site}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Minimum"],
    )
    return [point["Minimum"] for point in found["Datapoints"]]


@mock_aws
@pytest.mark.parametrize(("named", "expected"), [("primary", (1.0, 0.0)), ("dr", (0.0, 1.0))])
def test_each_minute_says_who_may_write_and_who_may_not(aws: None, named: str, expected: tuple[float, float]) -> None:
    fence(named)
    fence_publisher.handler({}, None)
    assert (published("primary"), published("dr")) == ([expected[0]], [expected[1]])


@mock_aws
def test_a_fence_that_names_a_stranger_publishes_nothing(aws: None) -> None:
    fence("staging")
    with pytest.raises(ValueError, match="names 'staging'"):
        fence_publisher.handler({}, None)
    assert published("primary") == published("dr") == []


@mock_aws
def test_a_fence_that_cannot_be_read_publishes_nothing(aws: None) -> None:
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        fence_publisher.handler({}, None)
    assert published("primary") == published("dr") == []
