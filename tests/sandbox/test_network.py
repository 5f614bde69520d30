"""VPCs, subnets, rules and what may not be deleted yet."""

from __future__ import annotations

from tests.sandbox.conftest import HOME, World

SUBNET = "aws:ec2/subnet:Subnet"


def test_zone_names_do_not_follow_zone_ids(world: World) -> None:
    net = world.network()
    zones = {record.id: record.properties["availabilityZone"] for record in world.store.resources(HOME, SUBNET)}
    names = [zones[subnet] for subnet in net["subnets"]]
    assert names == ["eu-central-1c", "eu-central-1a"]


def test_a_zone_of_another_region_is_refused(world: World) -> None:
    vpc = world.make("ec2", "Vpc", cidrBlock="10.0.0.0/16")
    text = world.refused(
        lambda: world.make("ec2", "Subnet", vpcId=vpc["id"], cidrBlock="10.0.0.0/24", availabilityZoneId="euw1-az1")
    )
    assert "following availability zones: euc1-az1" in text


def test_overlapping_and_outside_subnets_are_refused(world: World) -> None:
    net = world.network()
    vpc = net["vpc"]["id"]
    again = world.refused(lambda: world.make("ec2", "Subnet", vpcId=vpc, cidrBlock="10.0.1.128/25"))
    outside = world.refused(lambda: world.make("ec2", "Subnet", vpcId=vpc, cidrBlock="10.9.0.0/24"))
    assert "InvalidSubnet.Conflict" in again
    assert "InvalidSubnet.Range" in outside


def test_a_vpc_brings_its_defaults_and_takes_them_along(world: World) -> None:
    vpc = world.make("ec2", "Vpc", cidrBlock="10.0.0.0/16")
    adopted = world.make("ec2", "DefaultSecurityGroup", vpcId=vpc["id"])
    acl = world.make("ec2", "DefaultNetworkAcl", defaultNetworkAclId=vpc["defaultNetworkAclId"])
    assert adopted["id"] == vpc["defaultSecurityGroupId"]
    assert acl["vpcId"] == vpc["id"]
    world.drop("ec2", "DefaultNetworkAcl", acl)
    world.drop("ec2", "DefaultSecurityGroup", adopted)
    world.drop("ec2", "Vpc", vpc)
    assert world.store.resources() == []


def test_what_is_in_use_cannot_be_deleted(world: World) -> None:
    net = world.network()
    group = world.make("ec2", "SecurityGroup", vpcId=net["vpc"]["id"])
    world.database(dbSubnetGroupName=net["group"], vpcSecurityGroupIds=[group["id"]])
    subnet = {"id": net["subnets"][0]}
    assert "DependencyViolation" in world.refused(lambda: world.drop("ec2", "Vpc", net["vpc"]))
    assert "DependencyViolation" in world.refused(lambda: world.drop("ec2", "Subnet", subnet))
    assert "DependencyViolation" in world.refused(lambda: world.drop("ec2", "SecurityGroup", group))
    assert "still using it" in world.refused(lambda: world.drop("rds", "SubnetGroup", {"id": "data"}))


def test_a_gateway_stays_while_a_nat_gateway_maps_addresses_through_it(world: World) -> None:
    net = world.network()
    gateway = world.make("ec2", "InternetGateway", vpcId=net["vpc"]["id"])
    address = world.make("ec2", "Eip")
    nat = world.make("ec2", "NatGateway", subnetId=net["subnets"][0], allocationId=address["id"])
    assert nat["publicIp"] == address["publicIp"]
    assert "mapped public address" in world.refused(lambda: world.drop("ec2", "InternetGateway", gateway))
    assert "InvalidIPAddress.InUse" in world.refused(lambda: world.drop("ec2", "Eip", address))


def test_rules_are_taken_once(world: World) -> None:
    net = world.network()
    group = world.make("ec2", "SecurityGroup", vpcId=net["vpc"]["id"])["id"]
    acl = world.make("ec2", "NetworkAcl", vpcId=net["vpc"]["id"])["id"]
    rule = {"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrIpv4": "10.0.0.0/8"}
    entry = {"networkAclId": acl, "ruleNumber": 100, "protocol": "tcp", "ruleAction": "allow", "cidrBlock": "0.0.0.0/0"}
    world.make("vpc", "SecurityGroupIngressRule", **rule)
    world.make("ec2", "NetworkAclRule", **entry)
    world.make("ec2", "NetworkAclRule", **entry, egress=True)
    assert "InvalidPermission.Duplicate" in world.refused(lambda: world.make("vpc", "SecurityGroupIngressRule", **rule))
    assert "NetworkAclEntryAlreadyExists" in world.refused(lambda: world.make("ec2", "NetworkAclRule", **entry))


def test_a_reference_into_another_region_is_not_found(world: World) -> None:
    vpc = world.make("ec2", "Vpc", cidrBlock="10.0.0.0/16")
    text = world.refused(lambda: world.make("ec2", "SecurityGroup", "eu-west-1", vpcId=vpc["id"]))
    assert "InvalidVpcID.NotFound" in text


def test_the_region_input_sends_a_resource_elsewhere(world: World) -> None:
    topic = world.make("sns", "Topic", name="alarms", region="us-east-1")
    assert topic["arn"] == "arn:aws:sns:us-east-1:123456789012:alarms"
    assert [operation.region for operation in world.store.operations()] == ["us-east-1"]
