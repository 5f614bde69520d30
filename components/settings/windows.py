"""Windows of time as RDS writes them, in UTC: daily (hh:mm-hh:mm) and weekly (ddd:hh:mm-ddd:hh:mm)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, PlainSerializer

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = 24 * 60
_WEEK: Final = 7 * _DAY
_TRADING_DAYS: Final = range(5)


@dataclass(frozen=True, slots=True)
class Daily:
    """A window of every day; start and end are minutes after midnight, and it may pass midnight."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From hh:mm-hh:mm. Raises ValueError."""
        match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", text)
        if match is None:
            raise ValueError("is not a window; write it as hh:mm-hh:mm, such as 21:30-22:30")
        start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
        return cls(start_hour * 60 + start_minute, end_hour * 60 + end_minute)

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"

    def on(self, day: int) -> Weekly:
        """The window on one day of the week, 0 for Monday."""
        start = day * _DAY + self.start
        return Weekly(start, (start + self.minutes) % _WEEK)

    @property
    def minutes(self) -> int:
        """Length in minutes."""
        return (self.end - self.start) % _DAY or _DAY

    def overlaps(self, other: Daily) -> bool:
        """Whether the two share a minute of the day."""
        return _overlap(self.start, self.minutes, other.start, other.minutes, _DAY)


@dataclass(frozen=True, slots=True)
class Weekly:
    """A window of every week; start and end are minutes after Monday's midnight, and it may pass Sunday's."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ddd:hh:mm-ddd:hh:mm. Raises ValueError."""
        match = re.fullmatch(r"(\w{3}):(\d\d:\d\d)-(\w{3}):(\d\d:\d\d)", text.lower())
        if match is None or match[1] not in DAYS or match[3] not in DAYS:
            raise ValueError("is not a window; write it as ddd:hh:mm-ddd:hh:mm, such as sat:22:45-sat:23:45")
        clock = Daily.parse(f"{match[2]}-{match[4]}")
        return cls(DAYS.index(match[1]) * _DAY + clock.start, DAYS.index(match[3]) * _DAY + clock.end)

    def __str__(self) -> str:
        return "-".join(f"{DAYS[moment // _DAY]}:{_clock(moment % _DAY)}" for moment in (self.start, self.end))

    @property
    def minutes(self) -> int:
        """Length in minutes."""
        return (self.end - self.start) % _WEEK

    def overlaps(self, other: Weekly) -> bool:
        """Whether the two share a minute of the week."""
        return _overlap(self.start, self.minutes, other.start, other.minutes, _WEEK)

    def overlaps_daily(self, window: Daily) -> bool:
        """Whether it shares a minute with a window of every day."""
        return any(self.overlaps(window.on(day)) for day in range(7))

    def overlaps_trading(self, hours: Daily) -> bool:
        """Whether it shares a minute with the trading hours, which are Monday's to Friday's."""
        return any(self.overlaps(hours.on(day)) for day in _TRADING_DAYS)


def _overlap(first: int, first_length: int, second: int, second_length: int, circle: int) -> bool:
    return (first - second) % circle < second_length or (second - first) % circle < first_length


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _parsed(kind: type[Daily] | type[Weekly]) -> Any:
    return BeforeValidator(lambda value: value if isinstance(value, kind) else kind.parse(str(value)))


DailyWindow = Annotated[Daily, _parsed(Daily), PlainSerializer(str)]
WeeklyWindow = Annotated[Weekly, _parsed(Weekly), PlainSerializer(str)]
