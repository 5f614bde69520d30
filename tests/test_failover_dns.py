"""Which site Route 53 answers with, for every state that the two can be in."""

from __future__ import annotations

from itertools import product
from typing import Literal

import pulumi_aws as aws
import pytest

from components.failover.resolution import Facts, answer, is_healthy
from tests.conftest import Journey

State = Literal["writable", "read-only", "dead"]


class Dns:
    """The failover pair and its health checks as the DR site registered them."""

    def __init__(self, journey: Journey) -> None:
        dr = journey.dr_standby
        self.checks = {r.id: r.properties for r in dr.of(aws.route53.HealthCheck)}
        self.check_named = {r.name: r.id for r in dr.of(aws.route53.HealthCheck)}
        self.records = [r.properties for r in dr.of(aws.route53.Record) if r.inputs.get("failoverRoutingPolicies")]
        self.alarms = {r.inputs["name"]: r.inputs for r in dr.of(aws.cloudwatch.MetricAlarm)}

    def facts(self, primary: State, dr: State, fence: str | None, last_fence: str = "primary") -> Facts:
        states = {"primary.trading.example.com": primary, "dr.trading.example.com": dr}

        def answers(name: str, path: str) -> bool:
            assert path == "/health/writable"
            return states[name] == "writable"

        def excluded(alarm: str, named: str) -> bool:
            definition = self.alarms[alarm]
            value = float(definition["dimensions"]["Site"] == named)
            assert definition["comparisonOperator"] == "LessThanThreshold"
            return value < float(definition["threshold"])

        return Facts(
            answers=answers,
            in_alarm=lambda alarm: None if fence is None else excluded(alarm, fence),
            last_known=lambda alarm: not excluded(alarm, last_fence),
        )

    def answer(self, facts: Facts) -> str:
        return answer(self.records, self.checks, facts)


@pytest.fixture
def dns(journey: Journey) -> Dns:
    return Dns(journey)


@pytest.mark.parametrize(
    ("primary", "dr", "fence", "expected"),
    [
        # Steady state: primary trades, dr is a replica.
        ("writable", "read-only", "primary", "primary"),
        # The primary's database or whole region fails, nobody has decided yet: an error page, no split brain.
        ("read-only", "read-only", "primary", "primary"),
        ("dead", "read-only", "primary", "primary"),
        # dr was promoted by hand but the fence still names the primary: clients stay away.
        ("dead", "writable", "primary", "primary"),
        # Fenced, promotion under way.
        ("dead", "read-only", "dr", "primary"),
        # Failed over.
        ("dead", "writable", "dr", "dr"),
        # The primary returns, writable as it was left: the fence keeps clients on dr.
        ("writable", "writable", "dr", "dr"),
        ("read-only", "writable", "dr", "dr"),
        # Then dr fails too: Route 53 has nothing healthy left and answers primary, whose fence keeps it closed.
        ("writable", "dead", "dr", "primary"),
        # Both regions gone.
        ("dead", "dead", "primary", "primary"),
        ("dead", "dead", "dr", "primary"),
    ],
)
def test_the_answer_follows_the_facts(dns: Dns, primary: State, dr: State, fence: str, expected: str) -> None:
    assert dns.answer(dns.facts(primary, dr, fence)) == expected


@pytest.mark.parametrize("site", ["primary", "dr"])
def test_a_site_is_healthy_only_if_it_takes_writes_and_the_fence_names_it(dns: Dns, site: str) -> None:
    states: tuple[State, ...] = ("writable", "read-only", "dead")
    for primary, dr, fence in product(states, states, ("primary", "dr")):
        mine = primary if site == "primary" else dr
        healthy = is_healthy(dns.check_named[f"failover-{site}-may-trade"], dns.checks, dns.facts(primary, dr, fence))
        assert healthy == (mine == "writable" and fence == site), (primary, dr, fence)


def test_no_more_than_one_site_is_ever_healthy(dns: Dns) -> None:
    states: tuple[State, ...] = ("writable", "read-only", "dead")
    both = dns.check_named["failover-both-trade"]
    for primary, dr, fence in product(states, states, ("primary", "dr")):
        assert not is_healthy(both, dns.checks, dns.facts(primary, dr, fence))


@pytest.mark.parametrize("last", ["primary", "dr"])
def test_a_fence_that_nobody_can_read_moves_no_client(dns: Dns, last: str) -> None:
    assert dns.answer(dns.facts("writable", "writable", fence=None, last_fence=last)) == last


def test_the_pair_is_complete_and_names_only_what_configuration_determines(dns: Dns) -> None:
    pair = {r["failoverRoutingPolicies"][0]["type"]: r for r in dns.records}
    assert set(pair) == {"PRIMARY", "SECONDARY"}
    for kind, site in (("PRIMARY", "primary"), ("SECONDARY", "dr")):
        record = pair[kind]
        assert record["name"] == "api.trading.example.com"
        assert record["setIdentifier"] == site
        assert record["healthCheckId"] in dns.checks
        [alias] = record["aliases"]
        assert alias["name"] == f"{site}.trading.example.com"


def test_the_names_that_the_pair_points_to_are_there_before_it(journey: Journey) -> None:
    dr = journey.dr_standby
    probe = dr.one(aws.route53.Record, "edge-probe").urn
    for record in dr.of(aws.route53.Record):
        if record.inputs.get("failoverRoutingPolicies"):
            assert probe in record.request.dependencies


def test_no_check_asks_the_failover_name_itself(dns: Dns) -> None:
    asked = {check["fqdn"] for check in dns.checks.values() if check["type"] == "HTTPS"}
    assert asked == {"primary.trading.example.com", "dr.trading.example.com"}


def test_fence_alarms_are_of_the_kind_that_route_53_can_follow(journey: Journey, dns: Dns) -> None:
    for check in dns.checks.values():
        if check["type"] != "CLOUDWATCH_METRIC":
            continue
        alarm = dns.alarms[check["cloudwatchAlarmName"]]
        assert check["cloudwatchAlarmRegion"] == "eu-west-1"
        assert alarm["statistic"] in {"Average", "Minimum", "Maximum", "Sum", "SampleCount"}
        assert alarm["period"] >= 60, "no high-resolution metrics"
        assert "metricQueries" not in alarm, "no metric math"
        assert alarm.get("datapointsToAlarm") in (None, alarm["evaluationPeriods"]), "no M-of-N"


def test_health_check_alarms_live_where_the_metrics_are(journey: Journey) -> None:
    alarms = [
        r for r in journey.dr_standby.of(aws.cloudwatch.MetricAlarm) if r.inputs.get("namespace") == "AWS/Route53"
    ]
    assert {alarm.inputs["region"] for alarm in alarms} == {"us-east-1"}
    assert {alarm.name for alarm in alarms} == {"global-alarms-nobody-trades", "global-alarms-both-trade"}
    for alarm in alarms:
        assert all(":us-east-1:" in action for action in alarm.inputs["alarmActions"]), "an alarm tells its own region"


def test_only_the_dr_site_owns_the_failover_records(journey: Journey) -> None:
    for primary in (journey.primary_active, journey.primary_standby):
        assert primary.of(aws.route53.HealthCheck) == []
        assert [r.name for r in primary.of(aws.route53.Record) if r.inputs.get("failoverRoutingPolicies")] == []
