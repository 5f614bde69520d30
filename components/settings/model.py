"""The settings of one stack: what each value may be, and what it must fit."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from components.exports import SiteExports
from components.regions import CONTROL_PLANE_REGION, ZONE_IDS, supported_peers
from components.settings.cache import CacheSettings
from components.settings.database import DatabaseSettings
from components.settings.windows import DailyWindow
from components.sizing import MAX_ZONES

Site = Literal["primary", "dr"]
Role = Literal["active", "standby"]


class Settings(BaseModel):
    """One stack's configuration, checked.

    Each check sees the fields above its own that were right, so that one wrong value hides no other.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    site: Site = Field(description="primary or dr, for life")
    role: Role = Field(description="active or standby")
    region: str = Field(description=f"one of {', '.join(sorted(ZONE_IDS))}")
    account_ids: tuple[Annotated[str, Field(pattern=r"^\d{12}$")], ...] = Field(
        description='the one account that this stack may touch, such as ["123456789012"]'
    )
    peer_region: str = Field(description="the other site's region")
    peer_stack: str = Field(description="the other site's stack, such as primary")
    database: DatabaseSettings = Field(description="the fields of DatabaseSettings in components/settings/database.py")
    cache: CacheSettings = Field(description="the fields of CacheSettings in components/settings/cache.py")
    peer: dict[str, str] = Field(description="the other site's outputs, written by: make peer")
    compute: Literal["eks", "asg"] = Field(description="eks or asg")
    domain: str = Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        description="the hosted zone's name in lower case, such as trading.example.com",
    )
    hosted_zone_id: str = Field(
        pattern=r"^Z[A-Z0-9]{1,31}$",
        description="the hosted zone's id, which the bootstrap prints as hostedZoneId",
    )
    target_tps: int = Field(ge=1, le=100_000, description="transactions per second, 1 to 100000")
    trading_hours: DailyWindow = Field(description="hh:mm-hh:mm in UTC, such as 06:00-21:00")
    zones: tuple[str, ...] = Field(description="two to four zone IDs of the stack's region, in order")
    cidr: IPv4Network = Field(description="a private /16, such as 10.20.0.0/16")
    peer_cidr: IPv4Network = Field(description="the other site's private /16")
    shield_advanced: bool = Field(description="true or false")
    protection: Literal["on", "off"] = Field(description="on, or off to tear the stack down")

    @property
    def account_id(self) -> str:
        """The account that the provider is held to (aws:allowedAccountIds), so also the one in every ARN."""
        return self.account_ids[0]

    @property
    def is_protected(self) -> bool:
        """Whether what holds state refuses deletion."""
        return self.protection == "on"

    @property
    def born_as_replica(self) -> bool:
        """Whether this site's database began as a replica: every one did, save the platform's first."""
        return not _is_first_database(self.site, self.database)

    @field_validator("region")
    @classmethod
    def _region_is_supported(cls, region: str, info: ValidationInfo) -> str:
        if region not in ZONE_IDS:
            raise ValueError("the platform does not support this region")
        if region == CONTROL_PLANE_REGION and info.data.get("site") == "primary":
            raise ValueError("the primary must not share a region with the IAM and Route 53 control planes")
        return region

    @field_validator("account_ids")
    @classmethod
    def _one_account(cls, accounts: tuple[str, ...]) -> tuple[str, ...]:
        if len(accounts) != 1:
            raise ValueError("must name exactly one account")
        return accounts

    @field_validator("peer_region")
    @classmethod
    def _pair_is_supported(cls, peer: str, info: ValidationInfo) -> str:
        region = info.data.get("region")
        if region is not None and peer not in supported_peers(region):
            raise ValueError(f"cannot share a fence with {region}; set one of {', '.join(supported_peers(region))}")
        return peer

    @field_validator("peer_stack")
    @classmethod
    def _standby_has_a_peer(cls, stack: str, info: ValidationInfo) -> str:
        if not stack and info.data.get("role") == "standby":
            raise ValueError("a standby reads the active site's stack and must know its name")
        if stack.count("/") not in (0, 2):
            raise ValueError("must be a stack's short name or <organization>/<project>/<stack>")
        return stack

    @field_validator("database")
    @classmethod
    def _a_replica_has_a_generation_of_its_own(
        cls, database: DatabaseSettings, info: ValidationInfo
    ) -> DatabaseSettings:
        if info.data.get("role") == "standby" and _is_first_database(info.data.get("site"), database):
            raise ValueError(
                "generation 1 of the primary is the platform's first writer and cannot become a replica in place; "
                "to follow the other site set generation to 2 or more"
            )
        return database

    @field_validator("peer")
    @classmethod
    def _active_knows_its_peer(cls, peer: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if peer:
            SiteExports.from_cache(peer)
        database = info.data.get("database")
        is_first = database is not None and _is_first_database(info.data.get("site"), database)
        if not peer and info.data.get("role") == "active" and database is not None and not is_first:
            raise ValueError(
                "an active site cannot ask its peer, which may be gone, and has no cached copy of its outputs; "
                "with role standby, bring the stack up and run: make peer"
            )
        return peer

    @field_validator("zones")
    @classmethod
    def _zones_are_of_the_region(cls, zones: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not 2 <= len(zones) <= MAX_ZONES or len(set(zones)) != len(zones):
            raise ValueError("must be two to four different zones: one alone does not survive its own loss")
        region = info.data.get("region")
        strangers = [zone for zone in zones if region is not None and zone not in ZONE_IDS[region]]
        if region is not None and strangers:
            raise ValueError(f"{', '.join(strangers)} is not in {region}, which has {', '.join(ZONE_IDS[region])}")
        return zones

    @field_validator("cidr", "peer_cidr")
    @classmethod
    def _private_16(cls, cidr: IPv4Network, info: ValidationInfo) -> IPv4Network:
        if cidr.prefixlen != 16 or not cidr.is_private:
            raise ValueError("must be a private /16: the address plan has fixed places in one")
        mine = info.data.get("cidr")
        if info.field_name == "peer_cidr" and mine is not None and cidr.overlaps(mine):
            raise ValueError(f"overlaps trading:cidr {mine}; each region needs a range of its own")
        return cidr


def _is_first_database(site: Site | None, database: DatabaseSettings) -> bool:
    return site == "primary" and database.generation == 1
