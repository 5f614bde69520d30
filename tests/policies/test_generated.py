"""What is generated is current, and every G-item has somebody who watches it."""

from __future__ import annotations

from policies.rules import RULES
from policies.rules.constraints_limits import FILE
from tools import g_items, policy_docs, policy_limits


def test_the_list_of_rules_is_current() -> None:
    assert policy_docs.TARGET.read_text() == policy_docs.render(), "run python -m tools.policy_docs"


def test_the_table_of_g_items_is_current() -> None:
    assert policy_docs.G_ITEMS.read_text() == g_items.render(), "run python -m tools.policy_docs"


def test_the_limits_are_those_of_botocore() -> None:
    assert FILE.read_text() == policy_limits.render(), "run python -m tools.policy_limits"


def test_every_g_item_is_watched_or_says_why_not() -> None:
    assert set(g_items.ITEMS) == {f"G{n}" for n in range(1, 86)} | {"G54a", "G54b"}
    assert g_items.unwatched() == []


def test_rules_name_g_items_that_exist() -> None:
    named = {r for rule in RULES for r in rule.references if r[0] == "G" and r[1:2].isdigit()}
    assert named <= set(g_items.ITEMS)
