"""Who can reach whom, judged from the registered resources of both regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pulumi_aws as aws
import pytest

from components.network.reachability import INTERNET, Network, Place, Spot
from tests.conftest import Journey
from tests.harness import Deployment, Registered

Change = Callable[[Registered], Registered | None]


class Region:
    """One site's network, with a spot for each thing that stands or will stand in it."""

    def __init__(self, deployment: Deployment, change: Change = lambda resource: resource) -> None:
        kept = [changed for r in deployment.custom() if (changed := change(r)) is not None]
        self.network = Network.of((r.type, r.properties) for r in kept)
        self.subnets = {r.name.removeprefix("network-"): r.id for r in deployment.of(aws.ec2.Subnet)}
        self.groups = {r.name.removeprefix("network-groups-"): r.id for r in deployment.of(aws.ec2.SecurityGroup)}
        [balancer] = deployment.of(aws.lb.LoadBalancer)
        self.load_balancers = [
            Place(subnet, frozenset(balancer.inputs["securityGroups"])) for subnet in balancer.inputs["subnets"]
        ]
        database = deployment.one(aws.rds.Instance)
        [subnet_group] = deployment.of(aws.rds.SubnetGroup)
        self.databases = [
            Place(subnet, frozenset(database.inputs["vpcSecurityGroupIds"]))
            for subnet in subnet_group.inputs["subnetIds"]
        ]
        self.apps = self.in_tier("app", "app")
        cache = deployment.one(aws.elasticache.ReplicationGroup)
        self.caches = [
            Place(subnet, frozenset(cache.inputs["securityGroupIds"]))
            for subnet in deployment.one(aws.elasticache.SubnetGroup).inputs["subnetIds"]
        ]
        self.endpoints = self.in_tier("app", "endpoints")
        self.public = self.in_tier("public", "load-balancer")

    def in_tier(self, tier: str, group: str) -> list[Place]:
        found = [id_ for name, id_ in self.subnets.items() if name.startswith(f"{tier}-")]
        assert len(found) >= 2
        return [Place(subnet, frozenset({self.groups[group]})) for subnet in found]

    def reaches(self, sources: Sequence[Spot], targets: Sequence[Spot], port: int) -> set[bool]:
        return {self.network.can_connect(a, b, port) for a in sources for b in targets}

    def every_wanted_path(self) -> dict[str, set[bool]]:
        return {
            "clients reach the load balancer": self.reaches([INTERNET], self.load_balancers, 443),
            "plain HTTP is there to be redirected": self.reaches([INTERNET], self.load_balancers, 80),
            "the load balancer reaches the app in every zone": self.reaches(self.load_balancers, self.apps, 8443),
            "the app reaches the database in every zone": self.reaches(self.apps, self.databases, 5432),
            "the app reaches the cache in every zone": self.reaches(self.apps, self.caches, 6379),
            "the app reaches AWS privately": self.reaches(self.apps, self.endpoints, 443),
            "pods reach each other for DNS, pools and webhooks": self.reaches(self.apps, self.apps, 6432),
            "the app reaches registries and paging": self.reaches(self.apps, [INTERNET], 443),
        }

    def every_unwanted_path(self) -> dict[str, set[bool]]:
        return {
            "internet to app": self.reaches([INTERNET], self.apps, 8443),
            "internet to database": self.reaches([INTERNET], self.databases, 5432),
            "internet to cache": self.reaches([INTERNET], self.caches, 6379),
            "internet to load balancer, other port": self.reaches([INTERNET], self.load_balancers, 8443),
            "internet to load balancer, SSH": self.reaches([INTERNET], self.load_balancers, 22),
            "database to internet": self.reaches(self.databases, [INTERNET], 443),
            "cache to internet": self.reaches(self.caches, [INTERNET], 443),
            "database to app": self.reaches(self.databases, self.apps, 8443),
            "public to database": self.reaches(self.public, self.databases, 5432),
            "public to cache": self.reaches(self.public, self.caches, 6379),
            "load balancer to internet": self.reaches(self.load_balancers, [INTERNET], 443),
            "app to internet, SMTP": self.reaches(self.apps, [INTERNET], 25),
            "app to database, SSH": self.reaches(self.apps, self.databases, 22),
        }


@pytest.fixture(params=["primary_active", "dr_standby"])
def deployment(journey: Journey, request: pytest.FixtureRequest) -> Deployment:
    found: Deployment = getattr(journey, request.param)
    return found


def test_every_wanted_path_is_open(deployment: Deployment) -> None:
    paths = Region(deployment).every_wanted_path()
    assert {name: found for name, found in paths.items() if found != {True}} == {}


def test_every_unwanted_path_is_closed(deployment: Deployment) -> None:
    paths = Region(deployment).every_unwanted_path()
    assert {name: found for name, found in paths.items() if found != {False}} == {}


def test_a_foreign_security_group_in_the_right_tier_reaches_no_database(deployment: Deployment) -> None:
    region = Region(deployment)
    stranger = [replace(app, security_groups=frozenset({"sg-stranger"})) for app in region.apps]
    assert region.reaches(stranger, region.databases, 5432) == {False}


def _rules(deployment: Deployment, *classes: Any) -> list[Registered]:
    return [rule for resource_class in classes for rule in deployment.of(resource_class)]


def test_every_security_group_rule_is_needed(deployment: Deployment) -> None:
    """Also shows that the solver notices any one of them missing."""
    rules = _rules(deployment, aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule)
    assert len(rules) == 13
    idle = [rule.name for rule in rules if _still_works(deployment, without=rule)]
    # The way to the internet covers this one; it says that the app needs the endpoints even without that way.
    assert idle == ["network-groups-app-to-endpoints-443-egress"]


def test_every_network_acl_rule_is_needed(deployment: Deployment) -> None:
    """Answers that a wider rule of another flow lets through as well are the only ones that can be missed."""
    rules = _rules(deployment, aws.ec2.NetworkAclRule)
    idle = {rule.name for rule in rules if _still_works(deployment, without=rule)}
    assert idle == {
        # Three flows of the public tier return to clients on the same ports; any one of the entries is enough.
        "network-public-out-internet-to-load-balancer-443-answer",
        "network-public-out-internet-to-load-balancer-80-answer",
        # Clients and targets answer from anywhere on the ports that answers through NAT need anyway.
        "network-public-in-load-balancer-to-app-8443-answer",
        "network-public-out-load-balancer-to-app-8443-request",
        "network-public-out-app-to-internet-443-answer",
        "network-app-in-load-balancer-to-app-8443-request",
        "network-public-in-app-to-internet-443-request",
        "network-app-in-app-to-database-5432-answer",
        "network-app-in-app-to-cache-6379-answer",
        "network-data-out-app-to-database-5432-answer",
        "network-data-out-app-to-cache-6379-answer",
    }


def _still_works(deployment: Deployment, *, without: Registered) -> bool:
    region = Region(deployment, change=lambda r: None if r.urn == without.urn else r)
    return all(found == {True} for found in region.every_wanted_path().values())


def test_a_rule_on_the_wrong_port_is_noticed(deployment: Deployment) -> None:
    def wrong(resource: Registered) -> Registered:
        if resource.name != "network-data-in-app-to-database-5432-request":
            return resource
        ports = {"fromPort": 5433, "toPort": 5433}
        return replace(resource, inputs={**resource.inputs, **ports}, outputs={**resource.outputs, **ports})

    assert Region(deployment, change=wrong).every_wanted_path()["the app reaches the database in every zone"] == {False}


def test_an_open_database_rule_is_noticed(deployment: Deployment) -> None:
    [rule] = [r for r in deployment.custom() if r.name == "network-groups-app-to-database-5432-ingress"]

    def opened(resource: Registered) -> Registered:
        if resource.urn != rule.urn:
            return resource
        properties = {**resource.outputs, "cidrIpv4": "0.0.0.0/0", "referencedSecurityGroupId": None}
        return replace(resource, inputs={}, outputs=properties)

    region = Region(deployment, change=opened)
    stranger = [replace(app, security_groups=frozenset({region.groups["cache"]})) for app in region.apps]
    assert region.reaches(region.apps, region.databases, 5432) == {True}
    # Routes and network ACLs still keep the internet out; the group no longer does.
    assert region.network._group_allows(
        region.databases[0], False, INTERNET, region.network._address(INTERNET, 0), 5432
    )
    assert region.reaches(stranger, region.databases, 5432) == {False}, "the other end still has no egress rule"


def test_the_gateways_of_a_zone_serve_that_zone_alone(deployment: Deployment) -> None:
    network = Region(deployment).network
    subnet_zone = {r.id: r.inputs["availabilityZoneId"] for r in deployment.of(aws.ec2.Subnet)}
    for subnet, table in network.table_of_subnet.items():
        if table in network.nat_tables:
            assert subnet_zone[network.nat_subnet[network.nat_tables[table]]] == subnet_zone[subnet]


def test_the_network_acls_let_exactly_this_pass(deployment: Deployment) -> None:
    tier_of_acl = {r.id: r.name.removeprefix("network-") for r in deployment.of(aws.ec2.NetworkAcl)}
    [vpc] = deployment.of(aws.ec2.Vpc)
    first_two = ".".join(vpc.inputs["cidrBlock"].split(".")[:2])
    peers = {
        "0.0.0.0/0": "anywhere",
        f"{first_two}.0.0/17": "app",
        f"{first_two}.128.0/20": "public",
        f"{first_two}.144.0/20": "data",
    }

    def line(rule: Registered) -> str:
        tier, direction = tier_of_acl[rule.inputs["networkAclId"]], "to" if rule.inputs["egress"] else "from"
        ports = f"{rule.inputs['fromPort']}-{rule.inputs['toPort']}" if rule.inputs["protocol"] == "tcp" else "all"
        return f"{tier} {direction} {peers[rule.inputs['cidrBlock']]} {ports}"

    assert sorted({line(rule) for rule in deployment.of(aws.ec2.NetworkAclRule)}) == [
        "app from anywhere 1024-65535",
        "app from app all",
        "app from data 1024-65535",
        "app from public 8443-8443",
        "app to anywhere 443-443",
        "app to app all",
        "app to data 5432-5432",
        "app to data 6379-6379",
        "app to public 1024-65535",
        "data from app 5432-5432",
        "data from app 6379-6379",
        "data to app 1024-65535",
        "public from anywhere 1024-65535",
        "public from anywhere 443-443",
        "public from anywhere 80-80",
        "public from app 1024-65535",
        "public from app 443-443",
        "public to anywhere 1024-65535",
        "public to anywhere 443-443",
        "public to app 1024-65535",
        "public to app 8443-8443",
    ]


def test_aws_defaults_let_nothing_pass(deployment: Deployment) -> None:
    for default in (deployment.one(aws.ec2.DefaultSecurityGroup), deployment.one(aws.ec2.DefaultNetworkAcl)):
        assert not default.inputs.get("ingress")
        assert not default.inputs.get("egress")
