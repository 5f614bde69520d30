"""The nested settings of trading:database."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from components.settings import orderable
from components.settings.surroundings import surroundings
from components.settings.windows import Daily, DailyWindow, Weekly, WeeklyWindow
from components.sizing import size_database

MINIMUM_RETENTION_DAYS: Final = 14
"""Point-in-time recovery reaches at least this far back; the policy pack asks for the same figure."""

MAXIMUM_RETENTION_DAYS: Final = 35
"""RDS keeps automated backups no longer
(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html)."""

STRIPED_STORAGE_GIB: Final = 400
"""From here on RDS stripes PostgreSQL's gp3 over four volumes and lets IOPS and throughput be set; crossing it
later is a heavy migration (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage)."""

IOPS_PER_GIB: Final = 50
"""Provisioned IOPS per GiB of storage, at most (Iops in
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html)."""


class DatabaseSettings(BaseModel):
    """trading:database; the same in both regions, or promotion changes the capacity."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        # A default that does not fit this region or this rate is as wrong as a value that was set.
        validate_default=True,
    )

    instance_class: str = Field(
        default="db.r8g.4xlarge",
        description="an RDS instance class that the region offers, such as db.r8g.4xlarge",
    )
    engine_version: str = Field(default="18.6", description="a PostgreSQL version with its minor, such as 18.6")
    storage_type: Literal["gp3", "io2"] = Field(default="gp3", description="gp3 or io2")
    allocated_storage: int = Field(
        default=1000,
        ge=STRIPED_STORAGE_GIB,
        le=65_536,
        description=f"GiB at creation, {STRIPED_STORAGE_GIB} to 65536",
    )
    max_allocated_storage: int = Field(
        default=4000,
        le=65_536,
        description="GiB to which storage may grow by itself, at least 10% above the first",
    )
    retention_days: int = Field(
        default=MINIMUM_RETENTION_DAYS,
        ge=MINIMUM_RETENTION_DAYS,
        le=MAXIMUM_RETENTION_DAYS,
        description=f"days of point-in-time recovery, {MINIMUM_RETENTION_DAYS} to {MAXIMUM_RETENTION_DAYS}",
    )
    generation: int = Field(
        default=1,
        ge=1,
        le=999,
        description="a number that only grows: one more each time the database is rebuilt",
    )
    master_password_version: int = Field(
        default=1, ge=1, description="a number that only grows: one more rotates the master password"
    )
    apply_immediately: bool = Field(
        default=False,
        description="true to restart now for a change that needs it, false to wait for the window",
    )
    reporting_replica: bool = Field(
        default=False, description="true for a second replica, for reports that may lag behind"
    )
    backup_window: DailyWindow = Field(
        default=Daily.parse("21:30-22:30"), description="hh:mm-hh:mm in UTC, outside trading:tradingHours"
    )
    maintenance_window: WeeklyWindow = Field(
        default=Weekly.parse("sat:22:45-sat:23:45"),
        description="ddd:hh:mm-ddd:hh:mm in UTC, outside trading hours",
    )

    @property
    def major_version(self) -> str:
        """PostgreSQL's major version, which names the parameter group's family."""
        return self.engine_version.split(".")[0]

    @field_validator("instance_class")
    @classmethod
    def _class_is_offered(cls, name: str, info: ValidationInfo) -> str:
        region = surroundings(info).region
        if region is not None and name not in (offered := orderable.instance_classes(region)):
            raise ValueError(
                f"RDS for PostgreSQL does not offer this class in {region}{orderable.family_hint(name, offered)}"
            )
        return name

    @field_validator("engine_version")
    @classmethod
    def _version_is_offered(cls, version: str) -> str:
        if version not in orderable.versions():
            raise ValueError(f"RDS does not offer this version; it offers {', '.join(orderable.versions())}")
        return version

    @field_validator("allocated_storage")
    @classmethod
    def _storage_carries_iops(cls, allocated: int, info: ValidationInfo) -> int:
        tps = surroundings(info).target_tps
        if tps is not None and (iops := size_database(tps).iops) > allocated * IOPS_PER_GIB:
            raise ValueError(
                f"{tps} TPS need {iops} IOPS, and RDS gives at most {IOPS_PER_GIB} a GiB; "
                f"set {-(-iops // IOPS_PER_GIB)} or more"
            )
        return allocated

    @field_validator("max_allocated_storage")
    @classmethod
    def _storage_can_grow(cls, maximum: int, info: ValidationInfo) -> int:
        allocated = info.data.get("allocated_storage")
        if allocated is not None and maximum * 10 < allocated * 11:
            raise ValueError(f"must be at least 10% above allocatedStorage {allocated}; set {-(-allocated * 11 // 10)}")
        return maximum

    @field_validator("backup_window")
    @classmethod
    def _backups_outside_trading(cls, window: Daily, info: ValidationInfo) -> Daily:
        hours = surroundings(info).trading_hours
        if hours is not None and window.overlaps(hours):
            raise ValueError(f"overlaps trading:tradingHours {hours}; a replica that is backing up cannot be promoted")
        return window

    @field_validator("maintenance_window")
    @classmethod
    def _maintenance_outside_trading(cls, window: Weekly, info: ValidationInfo) -> Weekly:
        hours, backup = surroundings(info).trading_hours, info.data.get("backup_window")
        if hours is not None and window.overlaps_trading(hours):
            raise ValueError(f"overlaps trading:tradingHours {hours}; maintenance of a Multi-AZ instance is a failover")
        if backup is not None and window.overlaps_daily(backup):
            raise ValueError(f"overlaps backupWindow {backup}, which RDS refuses")
        return window
