"""Every rule is silent on the program and speaks of its defect, at a first preview and once everything is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

import pytest

from policies import waivers
from policies.graph import Graph
from policies.judge import judge
from policies.rule import Rule
from policies.rules import RULES, STACK_RULES
from tests.policies.defect import Defect
from tests.policies.defects import DEFECTS
from tests.policies.world import MODES, Mode, complete, program

TODAY = date(2026, 11, 23)
WAIVERS = waivers.load({rule.id for rule in RULES})
BY_ID = {rule.id: rule for rule in RULES}


def judged(mode: Mode) -> tuple[Rule, ...]:
    """At a preview one stack is judged; both together only once they stand."""
    return RULES if mode == "known" else STACK_RULES


def failing(graph: Graph, mode: Mode, known: Sequence[waivers.Waiver] = WAIVERS) -> set[str]:
    return judge(graph, judged(mode), waivers=known, today=TODAY).failed


@cache
def the_program(mode: Mode) -> Graph:
    return program(mode)


@cache
def the_world(mode: Mode) -> Graph:
    return complete(the_program(mode))


@pytest.mark.parametrize("mode", MODES)
def test_the_program_breaks_no_rule(mode: Mode) -> None:
    assert failing(the_program(mode), mode) == set()


@pytest.mark.parametrize("mode", MODES)
def test_what_is_well_made_breaks_no_rule(mode: Mode) -> None:
    assert failing(the_world(mode), mode) == set()


@cache
def waived_in_the_world(mode: Mode) -> tuple[waivers.Waiver, ...]:
    """The world has what the program's other waivers wait for: there its defects are not waived."""
    return tuple(judge(the_world(mode), judged(mode), waivers=WAIVERS, today=TODAY).used)


CASES = [(defect, mode) for defect in DEFECTS for mode in defect.modes]


@pytest.mark.parametrize(("defect", "mode"), CASES, ids=[f"{d.rule}-{m}" for d, m in CASES])
def test_a_defect_is_found_by_exactly_the_rules_for_it(defect: Defect, mode: Mode) -> None:
    wrong = Graph(defect.change(list(the_world(mode).nodes)))
    stack_rules = {rule.id for rule in judged(mode)}
    assert failing(wrong, mode, waived_in_the_world(mode)) == {defect.rule, *defect.also} & stack_rules


def test_every_rule_has_a_defect() -> None:
    assert {defect.rule for defect in DEFECTS if defect.modes} == set(BY_ID)


def test_every_stack_rule_sees_its_defect_at_a_preview() -> None:
    assert {d.rule for d in DEFECTS if "preview" in d.modes} == {rule.id for rule in STACK_RULES}
