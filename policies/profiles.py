"""Situations in which some rules must wait: policies/profiles.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import yaml

FILE: Final = Path(__file__).with_name("profiles.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """due: the last day on which its rules wait; rules: id to reason."""

    name: str
    due: date
    rules: Mapping[str, str] = field(default_factory=dict)

    def eases(self, rule: str, today: date) -> bool:
        """Whether the rule waits today."""
        return rule in self.rules and today <= self.due

    def note(self, rule: str) -> str:
        """What a violation says while it waits."""
        return f"waits until {self.due} ({self.name}): {self.rules[rule]}"


STEADY: Final = Profile(name="steady", due=date.max)
"""Nothing waits."""


def load(spec: str) -> Profile:
    """The profile of "name:day it began", such as degraded:2026-11-23; the empty text means STEADY."""
    if not spec:
        return STEADY
    name, _, since = spec.partition(":")
    known = yaml.safe_load(FILE.read_text())
    if name not in known or not since:
        raise ValueError(f"{spec!r} is no profile; say one of {', '.join(f'{n}:YYYY-MM-DD' for n in known)}")
    due = date.fromisoformat(since) + timedelta(days=known[name]["days"])
    return Profile(name=name, due=due, rules=known[name]["rules"])
