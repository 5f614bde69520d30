"""The nested settings of trading:cache."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from components.settings import orderable
from components.settings.surroundings import surroundings
from components.settings.windows import Daily, DailyWindow, Weekly, WeeklyWindow

LEAST_WINDOW_MINUTES: Final = 60
"""ElastiCache takes no shorter window
(https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html)."""


class CacheSettings(BaseModel):
    """trading:cache; the same in both regions, or a failover changes the capacity."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        # A default that does not fit this region is as wrong as a value that was set.
        validate_default=True,
    )

    node_type: str = Field(
        default="cache.r7g.large",
        description="an ElastiCache node type that the region offers, such as cache.r7g.large",
    )
    engine_version: str = Field(default="8.2", description="a version of Valkey, such as 8.2")
    snapshot_retention_days: int = Field(
        default=7, ge=1, le=35, description="days that the daily snapshots are kept, 1 to 35"
    )
    password_version: int = Field(
        default=1, ge=1, description="a number that only grows, by one: one more rotates the application's password"
    )
    apply_immediately: bool = Field(
        default=False, description="true to apply a disruptive change now, false to wait for the window"
    )
    snapshot_window: DailyWindow = Field(
        default=Daily.parse("22:45-23:45"), description="hh:mm-hh:mm in UTC, outside trading:tradingHours"
    )
    maintenance_window: WeeklyWindow = Field(
        default=Weekly.parse("sun:06:00-sun:07:00"),
        description="ddd:hh:mm-ddd:hh:mm in UTC, outside trading hours",
    )

    @property
    def major_version(self) -> str:
        """Valkey's major version, which names the parameter group's family."""
        return self.engine_version.split(".")[0]

    @field_validator("node_type")
    @classmethod
    def _type_is_offered(cls, name: str, info: ValidationInfo) -> str:
        region = surroundings(info).region
        if region is not None and name not in (offered := orderable.cache_node_types(region)):
            raise ValueError(
                f"ElastiCache does not offer this node type in {region}{orderable.family_hint(name, offered)}"
            )
        return name

    @field_validator("engine_version")
    @classmethod
    def _version_is_offered(cls, version: str) -> str:
        if version not in orderable.cache_versions():
            offered = ", ".join(orderable.cache_versions())
            raise ValueError(f"ElastiCache does not offer this version of Valkey; it offers {offered}")
        return version

    @field_validator("snapshot_window")
    @classmethod
    def _snapshots_outside_trading(cls, window: Daily, info: ValidationInfo) -> Daily:
        hours = surroundings(info).trading_hours
        if window.minutes < LEAST_WINDOW_MINUTES:
            raise ValueError(f"is shorter than {LEAST_WINDOW_MINUTES} minutes, which ElastiCache refuses")
        if hours is not None and window.overlaps(hours):
            raise ValueError(f"overlaps trading:tradingHours {hours}; a snapshot takes memory and processor time")
        return window

    @field_validator("maintenance_window")
    @classmethod
    def _maintenance_outside_trading(cls, window: Weekly, info: ValidationInfo) -> Weekly:
        hours, snapshots = surroundings(info).trading_hours, info.data.get("snapshot_window")
        if window.minutes < LEAST_WINDOW_MINUTES:
            raise ValueError(f"is shorter than {LEAST_WINDOW_MINUTES} minutes, which ElastiCache refuses")
        if hours is not None and window.overlaps_trading(hours):
            raise ValueError(f"overlaps trading:tradingHours {hours}; maintenance fails over and forgets sessions")
        if snapshots is not None and window.overlaps_daily(snapshots):
            raise ValueError(f"overlaps snapshotWindow {snapshots}")
        return window
