"""Judges exported states together: what neither stack can tell alone, and every other rule once more.

    pulumi stack export -s primary --file primary.json
    pulumi stack export -s dr --file dr.json
    python -m policies.audit primary.json dr.json [bootstrap.json]

Secrets stay unread: an encrypted or secret value is unknown here. With the bootstrap's state among them, a waiver that
waives nothing any more fails too. A profile comes from TRADING_POLICY_PROFILE, as for the pack.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from policies import profiles, waivers
from policies.graph import Graph, from_state
from policies.judge import Finding, Judgement, judge
from policies.pack import PROFILE_VARIABLE
from policies.profiles import STEADY, Profile
from policies.rules import RULES
from policies.waivers import Waiver


def audit(
    *graphs: Graph, known: Sequence[Waiver] = (), profile: Profile = STEADY, today: date
) -> tuple[Judgement, list[str]]:
    """What all rules find in the stacks taken together, and what is wrong with the waivers."""
    merged = Graph(node for graph in graphs for node in graph.nodes)
    judgement = judge(merged, RULES, waivers=known, profile=profile, today=today)
    late = [f"the waiver of {w.rule} for {w.resource} expired on {w.expires}" for w in waivers.expired(known, today)]
    if any(node.stack == "bootstrap" for node in merged.nodes):
        idle = [w for w in known if w not in judgement.used]
        late += [f"the waiver of {w.rule} for {w.resource} waives nothing; remove it" for w in idle]
    return judgement, late


def main(paths: Sequence[str]) -> int:
    """Print the findings; 1 when something must be put right, 2 when nothing could be judged."""
    if len(paths) < 2:
        sys.stderr.write(__doc__ or "")
        return 2
    graphs = [from_state(json.loads(Path(path).read_text())) for path in paths]
    if not all(graph.nodes for graph in graphs):
        sys.stderr.write("a state holds no resource: nothing was judged\n")
        return 2
    profile = profiles.load(os.environ.get(PROFILE_VARIABLE, ""))
    known = waivers.load({rule.id for rule in RULES})
    judgement, late = audit(*graphs, known=known, profile=profile, today=datetime.now(UTC).date())
    lines = [*(_line(finding) for finding in judgement.findings), *(f"[waiver] {line}" for line in late)]
    lines.append(f"{len(RULES)} rules, {len(judgement.findings)} findings, {len(judgement.used)} waivers in use")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if judgement.stops or late else 0


def _line(finding: Finding) -> str:
    node = finding.violation.node
    where = f"{node.stack}:{node.name}" if node else "everywhere"
    level = finding.rule.severity if finding.stops else "advisory"
    return f"[{level}] {finding.rule.id}  {where}\n    {finding.message}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
