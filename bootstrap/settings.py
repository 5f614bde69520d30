"""The bootstrap's configuration; read in the same way as the sites'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import pulumi
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from components.regions import CONTROL_PLANE_REGION, ZONE_IDS, supported_peers
from components.settings.reader import read, running_configuration

NAMESPACE = "trading-bootstrap"


class BootstrapSettings(BaseModel):
    """Where the sites are, and what they are called."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    account_ids: tuple[Annotated[str, Field(pattern=r"^\d{12}$")], ...] = Field(
        min_length=1,
        max_length=1,
        description='the one account that this stack may touch, such as ["123456789012"]',
    )
    domain: str = Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        description="the hosted zone's name in lower case, such as trading.example.com",
    )
    hosted_zone_id: str = Field(
        pattern=r"^(Z[A-Z0-9]{1,31})?$",
        description="the id of a hosted zone to adopt, or nothing to make one",
    )
    primary_region: str = Field(description=f"one of {', '.join(sorted(set(ZONE_IDS) - {CONTROL_PLANE_REGION}))}")
    dr_region: str = Field(description="a region that can share a fence with the primary's")
    region: str = Field(description="a third region that can share a fence with the other two")
    protection: Literal["on", "off"] = Field(description="on, or off to tear everything down")

    @property
    def is_protected(self) -> bool:
        """Whether what holds state refuses deletion."""
        return self.protection == "on"

    @field_validator("primary_region")
    @classmethod
    def _primary_is_supported(cls, region: str) -> str:
        if region not in ZONE_IDS or region == CONTROL_PLANE_REGION:
            raise ValueError("cannot be the primary's region")
        return region

    @field_validator("dr_region", "region")
    @classmethod
    def _shares_the_fence(cls, region: str, info: ValidationInfo) -> str:
        others = [info.data[name] for name in ("primary_region", "dr_region") if name in info.data]
        allowed = sorted(set.intersection(*(set(supported_peers(other)) for other in others))) if others else []
        if others and region not in allowed:
            raise ValueError(
                f"must differ from {' and '.join(others)} and share a fence; set one of {', '.join(allowed)}"
            )
        return region


def load() -> BootstrapSettings:
    """The running stack's settings. Raises SettingsError."""
    values, secrets = running_configuration()
    return parse(values, stack=pulumi.get_stack(), secrets=secrets)


def parse(values: Mapping[str, str], *, stack: str, secrets: frozenset[str] = frozenset()) -> BootstrapSettings:
    """Settings from full key to text. Raises SettingsError."""
    return read(BootstrapSettings, values, namespace=NAMESPACE, stack=stack, secrets=secrets)
