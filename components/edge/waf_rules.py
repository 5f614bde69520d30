"""What the web ACL lets through and what it blocks: one table, in the order of evaluation.

Statements are plain data in the provider's names. Every rule says what it costs in web ACL capacity units; AWS's basic
price covers 1,500 of them (https://docs.aws.amazon.com/waf/latest/developerguide/aws-waf-capacity-units.html).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from components.failover.dns import WRITABLE_PATH
from components.sizing import rate_limit_per_client

Statement = Mapping[str, Any]

INCLUDED_CAPACITY: Final = 1_500

CHECKER_USER_AGENT: Final = "Amazon-Route53-Health-Check-Service"
"""How Route 53's checkers introduce themselves, followed by a reference and an address of AWS's."""

CHECKS_PER_CLIENT: Final = 100
"""Health requests a minute from one address. A checker sends six for each check that it serves."""

RATE_WINDOW_SECONDS: Final = 60

INSPECTED_BYTES: Final = 8_192
"""WAF reads no more than this of a body or of all headers behind a load balancer, so what is longer is not let in
unread (https://docs.aws.amazon.com/waf/latest/developerguide/waf-oversize-request-components.html). An order is a
few hundred bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. capacity: WCUs; action: None where a managed group's own rules act."""

    name: str
    why: str
    capacity: int
    statement: Statement
    action: Literal["allow", "block"] | None = None


def rules(*, target_tps: int) -> tuple[Rule, ...]:
    """The web ACL's rules, first to last.

    Route 53's checkers come first: a rule that blocked them would cause a failover. Their address ranges change, so
    path, method and user agent admit them, which anybody can copy: the limit before that rule leaves a copier with
    100 cheap read-only requests a minute (docs/adr/0010).
    """
    return (
        Rule(
            name="health-flood",
            why="The exemption below is no way around the limits",
            capacity=4,
            action="block",
            statement=_rate(CHECKS_PER_CLIENT, scope=_matches({"uriPath": {}}, "EXACTLY", WRITABLE_PATH)),
        ),
        Rule(
            name="route53-checkers",
            why="No rule may take a site for dead",
            capacity=6,
            action="allow",
            statement={
                "andStatement": {
                    "statements": [
                        _matches({"method": {}}, "EXACTLY", "GET"),
                        _matches({"uriPath": {}}, "EXACTLY", WRITABLE_PATH),
                        _matches({"singleHeader": {"name": "user-agent"}}, "STARTS_WITH", CHECKER_USER_AGENT),
                    ]
                }
            },
        ),
        Rule(
            name="anti-ddos",
            why="Requests that take part in a flood",
            capacity=50,
            statement=_group(
                "AWSManagedRulesAntiDDoSRuleSet",
                config={
                    "awsManagedRulesAntiDdosRuleSet": {
                        # Clients are programs: none of them solves a browser's challenge.
                        "clientSideActionConfig": {"challenge": {"usageOfAction": "DISABLED"}},
                        "sensitivityToBlock": "LOW",
                    }
                },
            ),
        ),
        Rule(
            name="ip-reputation",
            why="Addresses that attack others",
            capacity=25,
            statement=_group("AWSManagedRulesAmazonIpReputationList"),
        ),
        Rule(
            name="anonymous-ip",
            why="Tor, proxies and VPNs that hide who is there",
            capacity=50,
            # Trading systems run in data centres and clouds: their addresses are counted, not blocked.
            statement=_group("AWSManagedRulesAnonymousIpList", counted=["HostingProviderIPList"]),
        ),
        Rule(
            name="client-rate",
            why="One client does not crowd out the others",
            capacity=2,
            action="block",
            statement=_rate(rate_limit_per_client(target_tps, window_seconds=RATE_WINDOW_SECONDS)),
        ),
        Rule(
            name="body-size",
            why="Nothing passes that WAF did not read",
            capacity=1,
            action="block",
            statement=_longer({"body": {"oversizeHandling": "MATCH"}}),
        ),
        Rule(
            name="header-size",
            why="Nothing passes that WAF did not read",
            capacity=11,
            action="block",
            statement=_longer(
                {
                    "headers": [
                        {"matchPattern": {"all": {}}, "matchScope": "ALL", "oversizeHandling": "MATCH"},
                    ]
                }
            ),
        ),
        Rule(
            name="known-bad-inputs",
            why="Exploits in circulation: Log4j, Java deserialization, Host tricks",
            capacity=200,
            statement=_group("AWSManagedRulesKnownBadInputsRuleSet"),
        ),
        Rule(
            name="sql-injection",
            why="SQL in queries, bodies, cookies and paths",
            capacity=200,
            statement=_group("AWSManagedRulesSQLiRuleSet"),
        ),
        Rule(
            name="common",
            why="Scripts, file inclusion, server-side requests, missing user agents",
            capacity=700,
            statement=_group("AWSManagedRulesCommonRuleSet"),
        ),
    )


def rendered(table: Sequence[Rule]) -> list[dict[str, Any]]:
    """The table as the provider takes it; the place in the table is the priority."""
    return [
        {
            "name": rule.name,
            "priority": place,
            "statement": rule.statement,
            "visibilityConfig": visibility(rule.name),
            **({"action": {rule.action: {}}} if rule.action else {"overrideAction": {"none": {}}}),
        }
        for place, rule in enumerate(table)
    ]


def visibility(metric: str) -> dict[str, Any]:
    """Count what matches, and keep samples to look at."""
    return {"cloudwatchMetricsEnabled": True, "metricName": metric, "sampledRequestsEnabled": True}


_UNCHANGED: Final = [{"priority": 0, "type": "NONE"}]


def _matches(field: Statement, how: str, text: str) -> Statement:
    match = {
        "fieldToMatch": field,
        "positionalConstraint": how,
        "searchString": text,
        "textTransformations": _UNCHANGED,
    }
    return {"byteMatchStatement": match}


def _longer(field: Statement) -> Statement:
    constraint = {
        "comparisonOperator": "GT",
        "size": INSPECTED_BYTES,
        "fieldToMatch": field,
        "textTransformations": _UNCHANGED,
    }
    return {"sizeConstraintStatement": constraint}


def _rate(limit: int, *, scope: Statement | None = None) -> Statement:
    rate = {"limit": limit, "aggregateKeyType": "IP", "evaluationWindowSec": RATE_WINDOW_SECONDS}
    return {"rateBasedStatement": rate | ({"scopeDownStatement": scope} if scope else {})}


def _group(name: str, *, counted: Sequence[str] = (), config: Statement | None = None) -> Statement:
    group: dict[str, Any] = {"vendorName": "AWS", "name": name}
    if counted:
        group["ruleActionOverrides"] = [{"name": rule, "actionToUse": {"count": {}}} for rule in counted]
    if config:
        group["managedRuleGroupConfigs"] = [config]
    return {"managedRuleGroupStatement": group}
