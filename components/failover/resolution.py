"""What Route 53 answers for the failover name, given the facts: its documented rules over registered resources.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The world as the checks see it.

    answers: does a name's path return 200; in_alarm: is an alarm's metric beyond its threshold, None without data.
    """

    answers: Callable[[str, str], bool]
    in_alarm: Callable[[str], bool | None]
    last_known: Callable[[str], bool] = lambda alarm: True


def is_healthy(check_id: str, checks: Mapping[str, Properties], facts: Facts) -> bool:
    """Whether a health check is healthy; `checks` are all health checks by id."""
    check = checks[check_id]
    match check["type"]:
        case "HTTPS" | "HTTP":
            healthy = facts.answers(check["fqdn"], check["resourcePath"])
        case "CLOUDWATCH_METRIC":
            healthy = _follows_alarm(check, facts)
        case "CALCULATED":
            children = [is_healthy(child, checks, facts) for child in check["childHealthchecks"]]
            healthy = sum(children) >= check["childHealthThreshold"]
        case other:
            raise ValueError(f"health check {check_id} has type {other}, whose rules are not written here")
    return healthy != bool(check.get("invertHealthcheck"))


def _follows_alarm(check: Properties, facts: Facts) -> bool:
    alarm = check["cloudwatchAlarmName"]
    state = facts.in_alarm(alarm)
    if state is not None:
        return not state
    match check.get("insufficientDataHealthStatus"):
        case "Healthy":
            return True
        case "LastKnownStatus":
            return facts.last_known(alarm)
        case _:
            return False


def answer(records: Iterable[Properties], checks: Mapping[str, Properties], facts: Facts) -> str:
    """The set identifier of the failover record that Route 53 answers with.

    Primary if it is healthy, else secondary if that is; with neither healthy, primary. A record without a health
    check always counts as healthy.
    """
    by_kind = {record["failoverRoutingPolicies"][0]["type"]: record for record in records}
    primary, secondary = by_kind["PRIMARY"], by_kind["SECONDARY"]

    def usable(record: Properties) -> bool:
        check = record.get("healthCheckId")
        return check is None or is_healthy(check, checks, facts)

    chosen = secondary if not usable(primary) and usable(secondary) else primary
    return str(chosen["setIdentifier"])
