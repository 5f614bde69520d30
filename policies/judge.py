"""Runs rules over a graph, with waivers and a profile applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from policies.graph import Graph
from policies.profiles import STEADY, Profile
from policies.rule import Rule, Violation
from policies.waivers import Waiver


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation that no waiver covers. stops: whether it must be put right before going on."""

    rule: Rule
    violation: Violation
    stops: bool
    note: str = ""

    @property
    def message(self) -> str:
        """What is wrong, what to do, and until when it may wait."""
        parts = (self.violation.message, self.rule.fix, self.note)
        return ". ".join(part.rstrip(".") for part in parts if part)

    @property
    def resource(self) -> str:
        """The resource's logical name."""
        return self.violation.node.name if self.violation.node else ""


@dataclass(slots=True)
class Judgement:
    """findings: in the order of rules and resources; used: the waivers that covered something."""

    findings: list[Finding] = field(default_factory=list)
    used: set[Waiver] = field(default_factory=set)

    @property
    def failed(self) -> set[str]:
        """The rules that were broken."""
        return {finding.rule.id for finding in self.findings}

    @property
    def stops(self) -> bool:
        """Whether anything must be put right before going on."""
        return any(finding.stops for finding in self.findings)


def judge(
    graph: Graph, rules: Iterable[Rule], *, waivers: Sequence[Waiver] = (), profile: Profile = STEADY, today: date
) -> Judgement:
    """What the rules find in the graph on that day."""
    judgement = Judgement()
    for rule in rules:
        waits = profile.eases(rule.id, today)
        for violation in rule.check(graph):
            name = violation.node.name if violation.node else ""
            covering = [w for w in waivers if w.covers(rule.id, name)]
            judgement.used.update(covering)
            if any(w.expires >= today for w in covering):
                continue
            note = profile.note(rule.id) if waits else ""
            if covering:
                note = f"its waiver expired on {max(w.expires for w in covering)}"
            judgement.findings.append(Finding(rule, violation, not (waits or rule.advisory), note))
    return judgement
