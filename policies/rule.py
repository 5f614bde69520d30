"""What a rule is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from policies.graph import Graph, Node

Severity = Literal["critical", "high", "medium", "low"]
Family = Literal["security", "mission", "aws-constraints"]
Scope = Literal["stack", "estate"]


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong, and with which resource. A message never repeats a property's value: it may be a secret."""

    node: Node | None
    message: str


Check = Callable[[Graph], Iterable[Violation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that must hold.

    id: its name for life. protects: what holds, in one sentence. why: what happens otherwise. references: controls
    of others that ask for the same (fsbp, cis3, ckv), G-numbers, and M-numbers. fix: what to do. scope: "estate" for
    what only both stacks together can tell. advisory: said, but nothing is stopped.
    """

    id: str
    severity: Severity
    family: Family
    protects: str
    why: str
    references: tuple[str, ...] = ()
    fix: str
    check: Check
    scope: Scope = "stack"
    advisory: bool = False


def every(
    types: str | tuple[str, ...],
    good: Callable[[Graph, Node], object],
    message: str,
    *,
    where: Callable[[Graph, Node], object] = lambda graph, node: True,
) -> Check:
    """A check that every resource of a type (where it applies) is good."""

    def check(graph: Graph) -> Iterator[Violation]:
        for node in graph.of(*((types,) if isinstance(types, str) else types)):
            if where(graph, node) and not good(graph, node):
                yield Violation(node, message)

    return check


def at_least(value: object, limit: float) -> bool:
    """Whether a value is a number of at least that; an unknown or absent one is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= limit
