"""Can A reach B on a port, and does the answer come back? Judged from registered resources alone.

Pure: it takes resources as (type, properties), from a test's record or an exported state, and knows what AWS does
with routes, network ACLs (stateless, first match by number) and security groups (stateful, any match). Sources:
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html and .../security-group-rules.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

import pulumi_aws as aws

from components.resource_types import type_of

TCP: Final = "tcp"
ALL: Final = "-1"
CLIENT_PORTS: Final = (1024, 32_768, 65_535)
"""Client ports to try: the lowest that NAT and load balancers use, Linux's first, the last."""

INTERNET_ADDRESS: Final = IPv4Address("203.0.113.10")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: an address in a subnet of the VPC, with its security groups."""

    subnet_id: str
    security_groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Internet:
    """Anything outside."""


Spot = Place | Internet
INTERNET: Final = Internet()


@dataclass(frozen=True, slots=True)
class _AclRule:
    number: int
    allow: bool
    protocol: str
    first: int
    last: int
    cidr: IPv4Network

    def matches(self, address: IPv4Address, port: int) -> bool:
        if address not in self.cidr:
            return False
        return self.protocol == ALL or (self.protocol in (TCP, "6") and self.first <= port <= self.last)


@dataclass(frozen=True, slots=True)
class _GroupRule:
    group: str
    protocol: str
    first: int
    last: int
    cidr: IPv4Network | None
    peer_group: str | None

    def matches(self, spot: Spot, address: IPv4Address, port: int) -> bool:
        if self.protocol != ALL and not (self.protocol == TCP and self.first <= port <= self.last):
            return False
        if self.cidr is not None:
            return address in self.cidr
        return isinstance(spot, Place) and self.peer_group in spot.security_groups


@dataclass(slots=True)
class Network:
    """One VPC as its resources describe it."""

    subnets: dict[str, IPv4Network] = field(default_factory=dict)
    acl_of_subnet: dict[str, str] = field(default_factory=dict)
    acl_rules: dict[tuple[str, bool], list[_AclRule]] = field(default_factory=dict)
    group_rules: dict[bool, list[_GroupRule]] = field(default_factory=lambda: {True: [], False: []})
    table_of_subnet: dict[str, str] = field(default_factory=dict)
    gateway_tables: set[str] = field(default_factory=set)
    nat_tables: dict[str, str] = field(default_factory=dict)
    nat_subnet: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, resources: Iterable[tuple[str, Mapping[str, Any]]]) -> Network:
        """The network that these resources, (type, properties with id), make."""
        network = cls()
        readers = {
            type_of(aws.ec2.Subnet): network._read_subnet,
            type_of(aws.ec2.NetworkAcl): network._read_acl,
            type_of(aws.ec2.NetworkAclRule): network._read_acl_rule,
            type_of(aws.vpc.SecurityGroupIngressRule): network._read_ingress,
            type_of(aws.vpc.SecurityGroupEgressRule): network._read_egress,
            type_of(aws.ec2.RouteTableAssociation): network._read_association,
            type_of(aws.ec2.Route): network._read_route,
            type_of(aws.ec2.NatGateway): network._read_nat,
        }
        for type_, properties in resources:
            if type_ in readers:
                readers[type_](properties)
        for rules in network.acl_rules.values():
            rules.sort(key=lambda rule: rule.number)
        return network

    def can_connect(self, source: Spot, target: Spot, port: int) -> bool:
        """Whether a TCP connection opens and its answer returns, whichever port the client picks."""
        return all(self._passes(source, target, port, client) for client in CLIENT_PORTS)

    def _passes(self, source: Spot, target: Spot, port: int, client_port: int) -> bool:
        here, there = self._address(source, 0), self._address(target, 1)
        if isinstance(source, Place) and not self._group_allows(source, True, target, there, port):
            return False
        if isinstance(target, Place) and not self._group_allows(target, False, source, here, port):
            return False
        if isinstance(source, Place) and isinstance(target, Place):
            return self._between(source.subnet_id, here, target.subnet_id, there, port, client_port)
        if isinstance(source, Place):
            return self._outward(source.subnet_id, here, there, port, client_port)
        if isinstance(target, Place):
            # Only what stands behind the internet gateway has an address that the internet knows.
            return self._is_public(target.subnet_id) and self._edge(target.subnet_id, False, here, port, client_port)
        return False

    def _outward(self, subnet: str, here: IPv4Address, there: IPv4Address, port: int, client_port: int) -> bool:
        if self._is_public(subnet):
            return self._edge(subnet, True, there, port, client_port)
        nat = self.nat_tables.get(self.table_of_subnet.get(subnet, ""))
        if nat is None:
            return False
        middle = self.nat_subnet[nat]
        # The packet keeps its destination on the way to the gateway, and its source on the way back.
        return (
            self._edge(subnet, True, there, port, client_port)
            and self._edge(middle, False, here, port, client_port)
            and self._is_public(middle)
            and self._edge(middle, True, there, port, client_port)
        )

    def _between(
        self, source: str, here: IPv4Address, target: str, there: IPv4Address, port: int, client_port: int
    ) -> bool:
        if source == target:
            return True  # a network ACL stands at the subnet's border
        return self._edge(source, True, there, port, client_port) and self._edge(target, False, here, port, client_port)

    def _edge(self, subnet: str, opens: bool, peer: IPv4Address, port: int, client_port: int) -> bool:
        """A request to or from `peer` crosses the subnet's ACL in one direction, its answer in the other."""
        acl = self.acl_of_subnet.get(subnet, "")
        return self._acl_allows(acl, opens, peer, port) and self._acl_allows(acl, not opens, peer, client_port)

    def _acl_allows(self, acl: str, egress: bool, peer: IPv4Address, port: int) -> bool:
        for rule in self.acl_rules.get((acl, egress), ()):
            if rule.matches(peer, port):
                return rule.allow
        return False

    def _group_allows(self, spot: Place, egress: bool, peer: Spot, address: IPv4Address, port: int) -> bool:
        return any(
            rule.group in spot.security_groups and rule.matches(peer, address, port)
            for rule in self.group_rules[egress]
        )

    def _is_public(self, subnet: str) -> bool:
        return self.table_of_subnet.get(subnet) in self.gateway_tables

    def _address(self, spot: Spot, offset: int) -> IPv4Address:
        if isinstance(spot, Internet):
            return INTERNET_ADDRESS
        # AWS keeps a subnet's first four addresses.
        return self.subnets[spot.subnet_id].network_address + 4 + offset

    def _read_subnet(self, subnet: Mapping[str, Any]) -> None:
        self.subnets[subnet["id"]] = IPv4Network(subnet["cidrBlock"])

    def _read_acl(self, acl: Mapping[str, Any]) -> None:
        for subnet in acl.get("subnetIds", ()):
            self.acl_of_subnet[subnet] = acl["id"]

    def _read_acl_rule(self, rule: Mapping[str, Any]) -> None:
        key = rule["networkAclId"], bool(rule.get("egress"))
        read = _AclRule(
            number=int(rule["ruleNumber"]),
            allow=rule["ruleAction"] == "allow",
            protocol=str(rule["protocol"]),
            first=int(rule.get("fromPort") or 0),
            last=int(rule.get("toPort") or 0),
            cidr=IPv4Network(rule["cidrBlock"]),
        )
        self.acl_rules.setdefault(key, []).append(read)

    def _read_ingress(self, rule: Mapping[str, Any]) -> None:
        self._read_group_rule(rule, egress=False)

    def _read_egress(self, rule: Mapping[str, Any]) -> None:
        self._read_group_rule(rule, egress=True)

    def _read_group_rule(self, rule: Mapping[str, Any], *, egress: bool) -> None:
        cidr = rule.get("cidrIpv4")
        read = _GroupRule(
            group=rule["securityGroupId"],
            protocol=str(rule["ipProtocol"]),
            first=int(rule.get("fromPort") or 0),
            last=int(rule.get("toPort") or 0),
            cidr=IPv4Network(cidr) if cidr else None,
            peer_group=rule.get("referencedSecurityGroupId"),
        )
        self.group_rules[egress].append(read)

    def _read_association(self, association: Mapping[str, Any]) -> None:
        self.table_of_subnet[association["subnetId"]] = association["routeTableId"]

    def _read_route(self, route: Mapping[str, Any]) -> None:
        if route.get("destinationCidrBlock") != "0.0.0.0/0":
            return
        if route.get("gatewayId"):
            self.gateway_tables.add(route["routeTableId"])
        if route.get("natGatewayId"):
            self.nat_tables[route["routeTableId"]] = route["natGatewayId"]

    def _read_nat(self, nat: Mapping[str, Any]) -> None:
        self.nat_subnet[nat["id"]] = nat["subnetId"]
