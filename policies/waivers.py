"""What may break a rule for a while, and why: policies/waivers.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import yaml

FILE: Final = Path(__file__).with_name("waivers.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """rule: its id; resource: a shell pattern for logical names; expires: the last day on which it waives."""

    rule: str
    resource: str
    reason: str
    expires: date

    def covers(self, rule: str, name: str) -> bool:
        """Whether it is about this rule and this resource, expired or not."""
        return rule == self.rule and fnmatchcase(name, self.resource)


def load(known_rules: Iterable[str], text: str | None = None) -> tuple[Waiver, ...]:
    """The waivers. Raises ValueError for an incomplete one, and for a rule that does not exist."""
    found = []
    for number, entry in enumerate(yaml.safe_load(FILE.read_text() if text is None else text) or (), start=1):
        try:
            waiver = Waiver(**entry)
        except TypeError as error:
            raise ValueError(f"waiver {number} needs rule, resource, reason and expires: {error}") from error
        if waiver.rule not in known_rules:
            raise ValueError(f"waiver {number} is for {waiver.rule}, which is no rule")
        if not str(waiver.reason).strip() or not isinstance(waiver.expires, date):
            raise ValueError(f"waiver {number} needs a reason and a date")
        found.append(waiver)
    return tuple(found)


def expired(waivers: Sequence[Waiver], today: date) -> list[Waiver]:
    """Those that waive nothing any more."""
    return [waiver for waiver in waivers if waiver.expires < today]
