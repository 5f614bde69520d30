"""Every rule, by family and service."""

from __future__ import annotations

from policies.rule import Rule
from policies.rules import (
    constraints_database,
    constraints_edge,
    constraints_limits,
    estate,
    mission_database,
    mission_site,
    security_compute,
    security_database,
    security_edge,
    security_identity,
    security_network,
    security_storage,
)

MODULES = (
    security_network,
    security_edge,
    security_compute,
    security_identity,
    security_database,
    security_storage,
    mission_site,
    mission_database,
    constraints_database,
    constraints_edge,
    constraints_limits,
    estate,
)

RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)
STACK_RULES: tuple[Rule, ...] = tuple(rule for rule in RULES if rule.scope == "stack")
ESTATE_RULES: tuple[Rule, ...] = tuple(rule for rule in RULES if rule.scope == "estate")
