"""Writes docs/policies.md and docs/g-items.md; `python -m tools.policy_docs`. A test holds them against the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from policies import profiles, waivers
from policies.rule import Rule
from policies.rules import RULES
from tools import g_items

TARGET: Final = Path(__file__).parent.parent / "docs" / "policies.md"
G_ITEMS: Final = TARGET.with_name("g-items.md")
FAMILIES: Final = {
    "security": "Security: what an auditor would find",
    "mission": "Mission: what an outage would find",
    "aws-constraints": "AWS constraints: what AWS would refuse, or do in silence",
}
HEAD: Final = """# Rules

Made by `python -m tools.policy_docs`; do not edit. Rules live in [policies/rules](../policies/rules), exceptions in
[policies/waivers.yaml](../policies/waivers.yaml), situations in which some rules wait in
[policies/profiles.yaml](../policies/profiles.yaml).

- `pulumi preview --policy-pack policies` judges one stack; every rule there stops, unless marked advisory.
- `python -m policies.audit primary.json dr.json [bootstrap.json]` judges exported states together, and is the only one
  that can judge the rules marked "both stacks".
- What is not known before `up` counts as wrong. Two exceptions, both judged again once it is known: references to other
  resources, which the engine knows, and user data that is made from their outputs.

References: `fsbp` AWS Foundational Security Best Practices, `cis3` CIS AWS Foundations 3.0, `ckv` checkov, `wa`
Well-Architected; `G` numbers are in [g-items.md](g-items.md), `M` numbers are the mission's own.
"""


def _row(rule: Rule) -> str:
    marks: list[str] = [rule.severity]
    marks += ["advisory"] if rule.advisory else []
    marks += ["both stacks"] if rule.scope == "estate" else []
    return f"| `{rule.id}` | {', '.join(marks)} | {rule.protects} | {', '.join(rule.references)} |"


def render() -> str:
    """The file's text."""
    parts = [HEAD]
    for family, title in FAMILIES.items():
        rules = [rule for rule in RULES if rule.family == family]
        table = ["| rule | severity | what it protects | references |", "|---|---|---|---|", *map(_row, rules)]
        parts.append(f"## {title}\n\n{len(rules)} rules.\n\n" + "\n".join(table) + "\n")
    waived = [
        f"| `{w.rule}` | `{w.resource}` | {w.expires} | {' '.join(w.reason.split())} |"
        for w in waivers.load({rule.id for rule in RULES})
    ]
    head = "## Waivers\n\n| rule | resource | until | why |\n|---|---|---|---|\n"
    parts.append(head + "\n".join(waived) + "\n")
    waits = [f"- `{rule}`: {why}" for rule, why in profiles.load("degraded:2000-01-01").rules.items()]
    parts.append("## What waits after a failover\n\n" + "\n".join(waits) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render())
    G_ITEMS.write_text(g_items.render())
