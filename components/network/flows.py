"""Who talks to whom: the one table from which security groups and network ACLs both follow.

A security group is stateful and needs the request only; a network ACL is stateless and needs the answer too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Final

from components.network.plan import Tier, tier_block

ANYWHERE: Final = "0.0.0.0/0"

EPHEMERAL: Final = (1024, 65_535)
"""Ports on which answers return: NAT gateways and load balancers use all of them, Linux the upper half
(https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html)."""

HTTPS: Final = 443
HTTP: Final = 80
APP_PORT: Final = 8443
POSTGRES_PORT: Final = 5432
REDIS_PORT: Final = 6379


class Party(StrEnum):
    """One end of a flow; all but the internet have a security group."""

    INTERNET = "internet"
    LOAD_BALANCER = "load-balancer"
    APP = "app"
    ENDPOINTS = "endpoints"
    DATABASE = "database"
    CACHE = "cache"


TIER_OF: Final[dict[Party, Tier]] = {
    Party.LOAD_BALANCER: Tier.PUBLIC,
    Party.APP: Tier.APP,
    Party.ENDPOINTS: Tier.APP,
    Party.DATABASE: Tier.DATA,
    Party.CACHE: Tier.DATA,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One party opens connections to another.

    number: identity of its network ACL entries, never reused. port: TCP, None for every protocol and port.
    """

    number: int
    source: Party
    target: Party
    port: int | None
    why: str

    @property
    def key(self) -> str:
        """Names its rules; stable for life."""
        return f"{self.source}-to-{self.target}-{self.port or 'all'}"


FLOWS: Final[tuple[Flow, ...]] = (
    Flow(number=1, source=Party.INTERNET, target=Party.LOAD_BALANCER, port=HTTPS, why="Orders from clients"),
    Flow(number=2, source=Party.INTERNET, target=Party.LOAD_BALANCER, port=HTTP, why="Redirect to HTTPS"),
    Flow(
        number=3,
        source=Party.LOAD_BALANCER,
        target=Party.APP,
        port=APP_PORT,
        why="Requests and health checks",
    ),
    Flow(number=4, source=Party.APP, target=Party.APP, port=None, why="Nodes and pods among themselves"),
    Flow(number=5, source=Party.APP, target=Party.DATABASE, port=POSTGRES_PORT, why="Poolers to PostgreSQL"),
    Flow(number=6, source=Party.APP, target=Party.CACHE, port=REDIS_PORT, why="Sessions and queues"),
    Flow(number=7, source=Party.APP, target=Party.ENDPOINTS, port=HTTPS, why="AWS APIs without the internet"),
    Flow(
        number=8,
        source=Party.APP,
        target=Party.INTERNET,
        port=HTTPS,
        why="Registries and paging, through NAT",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AclEntry:
    """One network ACL entry; ports are inclusive, None for every protocol and port."""

    tier: Tier
    egress: bool
    number: int
    cidr: str
    ports: tuple[int, int] | None
    key: str


@dataclass(frozen=True, slots=True)
class _Crossing:
    """A flow's request leaves (egress) or enters a tier; the peer is None for the internet."""

    tier: Tier
    egress: bool
    peer: Tier | None


def acl_entries(vpc: IPv4Network, flows: tuple[Flow, ...] = FLOWS) -> tuple[AclEntry, ...]:
    """The entries that let every flow pass and its answer return, and nothing else."""
    entries = []
    for flow in flows:
        for place, crossing in enumerate(_crossings(flow)):
            cidr = ANYWHERE if crossing.peer is None else str(tier_block(vpc, crossing.peer))
            number = 100 * flow.number + 2 * place
            if flow.port is None:
                entries.append(_entry(flow, crossing.tier, crossing.egress, number, cidr, None, "request"))
                continue
            ports = (flow.port, flow.port)
            entries.append(_entry(flow, crossing.tier, crossing.egress, number, cidr, ports, "request"))
            entries.append(_entry(flow, crossing.tier, not crossing.egress, number + 1, cidr, EPHEMERAL, "answer"))
    return tuple(entries)


def _crossings(flow: Flow) -> tuple[_Crossing, ...]:
    source, target = TIER_OF.get(flow.source), TIER_OF.get(flow.target)
    if source is target and flow.port is not None:
        return ()  # inside one tier its "all" flow already lets it pass
    if source is Tier.APP and target is None:
        # Through NAT: the public tier takes the request in, and sends it on in its own name.
        return (
            _Crossing(Tier.APP, True, None),
            _Crossing(Tier.PUBLIC, False, Tier.APP),
            _Crossing(Tier.PUBLIC, True, None),
        )
    leaves = () if source is None else (_Crossing(source, True, target),)
    enters = () if target is None else (_Crossing(target, False, source),)
    return leaves + enters


def _entry(
    flow: Flow, tier: Tier, egress: bool, number: int, cidr: str, ports: tuple[int, int] | None, kind: str
) -> AclEntry:
    key = f"{tier}-{'out' if egress else 'in'}-{flow.key}-{kind}"
    return AclEntry(tier=tier, egress=egress, number=number, cidr=cidr, ports=ports, key=key)
