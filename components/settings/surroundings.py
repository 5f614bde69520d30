"""What nested settings are held against: the settings around them."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationInfo

from components.settings.windows import Daily


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Settings outside the nested ones; a part is None where it is itself wrong."""

    region: str | None
    target_tps: int | None
    trading_hours: Daily | None


def surroundings(info: ValidationInfo) -> Surroundings:
    """The surroundings of a validation; all None where it has none."""
    return info.context if isinstance(info.context, Surroundings) else Surroundings(None, None, None)
