"""The engine gets every rule under its own name, from one reading of the stack."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, policy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies import pack, profiles
from policies.graph import Graph, Unknown, from_request
from policies.profiles import Profile
from policies.rules import STACK_RULES
from tests.policies.defects import DEFECTS
from tests.policies.world import complete, program

TODAY = date(2026, 11, 23)


BROKEN = ("database-standby", "group-no-admin-from-world", "health-check-fast", "eks-deletion-protection")
JUDGED = {*BROKEN, "group-only-web-from-world", "database-restorable", "key-rotates", "failover-pair-complete"}


def request(graph: Graph) -> Any:
    """What the engine would send."""

    def sentinel(value: object) -> str:
        assert isinstance(value, Unknown)
        return UNKNOWN_STRING_VALUE

    found = proto.AnalyzeStackRequest()
    for node in graph.nodes:
        resource = found.resources.add(type=node.type, urn=node.urn, name=node.name, parent=node.parent)
        resource.options.protect = node.protect
        json_format.ParseDict(json.loads(json.dumps(node.props, default=sentinel)), resource.properties)
        for key in node.props:
            resource.propertyDependencies[key].urns.extend(node.relations.get(key, ()))
        if node.provider_region:
            resource.provider.properties["region"] = node.provider_region
    return found


def analyze(servicer: type[Any], desk: pack.Desk, graph: Graph, profile: Profile = profiles.STEADY) -> list[Any]:
    # The SDK's own reading takes half a minute for all of them.
    policies = [p for p in pack.policies_of(desk, profile, TODAY) if p.name in JUDGED]
    level = EnforcementLevel.MANDATORY
    made = servicer("trading", "0.1.0", policies, level, None, None, None, None, None, None, None)
    return list(made.AnalyzeStack(request(graph), None).diagnostics)


def broken() -> Graph:
    nodes = list(complete(program("preview")).nodes)
    for rule in BROKEN:
        [defect] = [d for d in DEFECTS if d.rule == rule]
        nodes = defect.change(nodes)
    return Graph(nodes)


def test_one_reading_tells_what_the_sdks_own_many_readings_tell() -> None:
    desk = pack.Desk()
    graph = broken()
    ours = analyze(pack.one_pass(desk), desk, graph)
    assert ours == analyze(policy._PolicyAnalyzerServicer, pack.Desk(), graph)
    assert {d.policyName for d in ours} == {
        "database-standby",
        "group-no-admin-from-world",
        "group-only-web-from-world",
        "health-check-fast",
        "eks-deletion-protection",
    }
    assert all(d.urn and d.enforcementLevel == proto.MANDATORY and d.severity for d in ours)
    assert desk.graph is None


def test_what_aws_decides_is_absent_and_what_is_given_stays_unknown() -> None:
    found = proto.AnalyzeStackRequest()
    resource = found.resources.add(type="t", urn="urn:pulumi:s::p::t::n", name="n")
    props = {"given": UNKNOWN_STRING_VALUE, "computed": UNKNOWN_STRING_VALUE, "part": {"inner": UNKNOWN_STRING_VALUE}}
    json_format.ParseDict(props, resource.properties)
    resource.propertyDependencies["given"].urns.extend([])
    [node] = from_request(found).nodes
    assert node.is_unknown("given")
    assert node.get("computed") is None
    assert node.get("part.inner") is None


def test_what_a_profile_eases_is_advisory() -> None:
    desk = pack.Desk()
    found = analyze(pack.one_pass(desk), desk, broken(), profiles.load(f"teardown:{TODAY}"))
    levels = {d.policyName: d.enforcementLevel for d in found}
    assert levels["eks-deletion-protection"] == proto.ADVISORY
    assert levels["database-standby"] == proto.MANDATORY


def test_every_rule_is_complete() -> None:
    assert len({rule.id for rule in STACK_RULES}) == len(STACK_RULES)
    for rule in STACK_RULES:
        texts = (rule.id, rule.protects, rule.why, rule.fix, *rule.references)
        assert all(texts), rule.id
        assert rule.references, rule.id


def test_no_module_of_the_pack_hides_one_of_pythons() -> None:
    """The analyzer runs the pack by its folder, which then stands before the standard library."""
    names = {path.stem for path in Path(pack.__file__).parent.glob("*.py")}
    assert names & set(sys.stdlib_module_names) == set()
