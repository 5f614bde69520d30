"""The rules as policies of the engine: one graph for all of them, each with its own id, level and message.

pulumi_policy deserialises every resource anew for every policy, which for a hundred rules takes longer than the
preview. Here the request is read once; the SDK then runs each policy over an empty one, and does the rest: levels,
severities, configuration.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from pulumi_policy import (
    EnforcementLevel,
    PolicyComplianceFramework,
    ReportViolation,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
    policy,
)

from policies import profiles, waivers
from policies.graph import Graph, from_policy, from_request
from policies.judge import judge
from policies.profiles import Profile
from policies.rule import Rule
from policies.rules import RULES, STACK_RULES

PROFILE_VARIABLE: Final = "TRADING_POLICY_PROFILE"
"""Environment variable with the profile, such as degraded:2026-11-23."""

FRAMEWORKS: Final = {"fsbp": "AWS Foundational Security Best Practices", "cis3": "CIS AWS Foundations Benchmark 3.0"}


class Desk:
    """Where the graph of the current request lies while the policies run."""

    graph: Graph | None = None


def policies_of(desk: Desk, profile: Profile, today: date) -> list[StackValidationPolicy]:
    """A policy of the engine for every rule that one stack can tell."""
    known = waivers.load({rule.id for rule in RULES})

    def validation(rule: Rule) -> Callable[[StackValidationArgs, ReportViolation], None]:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            graph = desk.graph or from_policy(args.resources)
            for finding in judge(graph, [rule], waivers=known, profile=profile, today=today).findings:
                report(finding.message, finding.violation.node.urn if finding.violation.node else None)

        return validate

    return [
        StackValidationPolicy(
            name=rule.id,
            description=rule.protects,
            validate=validation(rule),
            enforcement_level=_level(rule, profile, today),
            severity=Severity(rule.severity),
            framework=_framework(rule),
            tags=[rule.family, *rule.references],
            remediation_steps=rule.fix,
        )
        for rule in STACK_RULES
    ]


def _level(rule: Rule, profile: Profile, today: date) -> EnforcementLevel:
    waits = rule.advisory or profile.eases(rule.id, today)
    return EnforcementLevel.ADVISORY if waits else EnforcementLevel.MANDATORY


def _framework(rule: Rule) -> PolicyComplianceFramework | None:
    for reference in rule.references:
        source, _, number = reference.partition(":")
        if source in FRAMEWORKS:
            return PolicyComplianceFramework(name=FRAMEWORKS[source], reference=number)
    return None


def one_pass(desk: Desk) -> type[Any]:
    """The SDK's analyzer, which reads a stack once and not once a policy."""

    class OnePass(policy._PolicyAnalyzerServicer):
        def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
            desk.graph = from_request(request)
            try:
                return super().AnalyzeStack(type(request)(), context)  # type: ignore[no-untyped-call]
            finally:
                desk.graph = None

    return OnePass


def serve() -> None:
    """Answer the engine until it hangs up."""
    desk = Desk()
    profile = profiles.load(os.environ.get(PROFILE_VARIABLE, ""))
    found = policies_of(desk, profile, datetime.now(UTC).date())
    policy._PolicyAnalyzerServicer = one_pass(desk)  # type: ignore[misc]
    policy.PolicyPack(name="trading", enforcement_level=EnforcementLevel.MANDATORY, policies=[*found])
