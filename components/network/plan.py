"""The address plan: a fixed place for every tier and zone, so that adding one moves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Final

from components.sizing import MAX_ZONES


class Tier(StrEnum):
    """Where a subnet stands, by what it can reach."""

    PUBLIC = "public"
    """Internet gateway: load balancers and NAT gateways, nothing else."""
    APP = "app"
    """Out through NAT, never in: nodes, pods, poolers, interface endpoints."""
    DATA = "data"
    """No way out or in but through the app tier: databases and caches."""


ZONE_SLOTS: Final = MAX_ZONES
"""Places per tier, one a zone in the order of trading:zones; the unused ones wait for a third and fourth zone."""


@dataclass(frozen=True, slots=True)
class _Block:
    offset: int
    """Addresses from the start of the VPC's /16."""
    prefix: int
    """Length of one zone's subnet."""


# The first half belongs to the pods of 10,000 TPS and more: 8,187 addresses a zone, of which prefix delegation
# takes 16 at a time. From 160.0 on, six more tiers of this size find room.
_BLOCKS: Final[dict[Tier, _Block]] = {
    Tier.APP: _Block(offset=0, prefix=19),
    Tier.PUBLIC: _Block(offset=128 * 256, prefix=22),
    Tier.DATA: _Block(offset=144 * 256, prefix=22),
}


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """One subnet: its tier, its zone's ID, its addresses."""

    tier: Tier
    zone: str
    cidr: IPv4Network


def tier_block(cidr: IPv4Network, tier: Tier) -> IPv4Network:
    """All addresses of a tier, used or waiting: what other tiers' network ACLs name."""
    block = _BLOCKS[tier]
    return IPv4Network((cidr.network_address + block.offset, block.prefix - (ZONE_SLOTS - 1).bit_length()))


def plan_subnets(cidr: IPv4Network, zones: tuple[str, ...]) -> tuple[SubnetPlan, ...]:
    """The subnets of a VPC's /16, one per tier and zone."""
    return tuple(
        SubnetPlan(tier, zone, subnet)
        for tier, block in _BLOCKS.items()
        for zone, subnet in zip(zones, tier_block(cidr, tier).subnets(new_prefix=block.prefix), strict=False)
    )
