"""The three stacks of the sandbox, in the order in which they are built."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack and the directory of its project, relative to the clone and, equally, to the sandbox."""

    name: str
    project: str
    directory: str = "."

    @property
    def protection(self) -> str:
        """The key that switches the stack's protection."""
        return f"{self.project}:protection"


BOOTSTRAP = Stack("bootstrap", "trading-bootstrap", "bootstrap")
PRIMARY = Stack("primary", "trading")
DR = Stack("dr", "trading")

REGIONAL = (PRIMARY, DR)
STACKS = (BOOTSTRAP, *REGIONAL)
