"""What a defect is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.policies.world import Change, Mode

KNOWN: Final[tuple[Mode, ...]] = ("known",)
WRITER: Final = {"name": "database-g1-instance", "stack": "primary"}
REPLICA: Final = {"name": "database-g1-instance", "stack": "dr"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """rule: which must speak. also: which others do. modes: where it can be seen; estate rules need known values."""

    rule: str
    change: Change
    also: frozenset[str] = frozenset()
    modes: tuple[Mode, ...] = ("known", "preview")


def defect(rule: str, change: Change, *also: str, modes: tuple[Mode, ...] = ("known", "preview")) -> Defect:
    return Defect(rule=rule, change=change, also=frozenset(also), modes=modes)
