"""Every state of the platform, alone and together, and what waits for failback."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from policies import profiles, waivers
from policies.audit import audit
from policies.graph import Graph, Node
from policies.judge import judge
from policies.rules import ESTATE_RULES, RULES, STACK_RULES
from policies.tokens import DATABASE
from tests.conftest import Journey
from tests.policies.graphs import recorded

TODAY = date(2026, 11, 23)
WAIVERS = waivers.load({rule.id for rule in RULES})
HOMES = {
    "bootstrap": "eu-west-3",
    "primary_active": "eu-central-1",
    "dr_standby": "eu-west-1",
    "dr_active": "eu-west-1",
    "primary_standby": "eu-central-1",
}


def graph(journey: Journey, *states: str) -> Graph:
    return Graph(node for s in states for node in recorded(getattr(journey, s), HOMES[s]).nodes)


@pytest.mark.parametrize("state", HOMES)
def test_a_state_alone_breaks_no_rule(journey: Journey, state: str) -> None:
    assert judge(graph(journey, state), STACK_RULES, waivers=WAIVERS, today=TODAY).failed == set()


@pytest.mark.parametrize("states", [("primary_active", "dr_standby"), ("dr_active", "primary_standby")])
def test_both_sites_together_break_no_rule_and_no_waiver_is_idle(journey: Journey, states: tuple[str, ...]) -> None:
    judgement, late = audit(*(graph(journey, s) for s in ("bootstrap", *states)), known=WAIVERS, today=TODAY)
    assert judgement.failed == set()
    assert late == []


def test_after_a_failover_exactly_the_degraded_rules_wait(journey: Journey) -> None:
    failed_over = graph(journey, "primary_active", "dr_active")
    degraded = profiles.load(f"degraded:{TODAY}")
    assert judge(failed_over, ESTATE_RULES, today=TODAY).failed == set(degraded.rules)
    waiting = judge(failed_over, RULES, waivers=WAIVERS, profile=degraded, today=TODAY)
    assert waiting.failed <= set(degraded.rules)
    assert waiting.findings
    assert not waiting.stops
    assert all(str(degraded.due) in finding.message for finding in waiting.findings)


def test_what_waited_too_long_stops(journey: Journey) -> None:
    failed_over = graph(journey, "primary_active", "dr_active")
    degraded = profiles.load(f"degraded:{TODAY}")
    later = judge(failed_over, RULES, waivers=WAIVERS, profile=degraded, today=degraded.due + timedelta(days=1))
    assert later.stops


def test_profiles_ease_rules_that_exist() -> None:
    for name in ("degraded", "teardown"):
        assert set(profiles.load(f"{name}:{TODAY}").rules) <= {rule.id for rule in RULES}


@pytest.mark.parametrize("spec", ["degraded", "unknown:2026-11-23", "degraded:soon"])
def test_a_wrong_profile_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"profile|isoformat"):
        profiles.load(spec)


def test_a_refreshed_writer_may_know_its_replica_abroad(journey: Journey) -> None:
    follower = journey.dr_standby.exports["databaseArn"]

    def refreshed(node: Node) -> Node:
        return replace(node, props={**node.props, "replicas": [follower]}) if node.type == DATABASE else node

    seen = Graph(refreshed(node) for node in graph(journey, "primary_active").nodes)
    assert judge(seen, STACK_RULES, waivers=WAIVERS, today=TODAY).failed == set()
