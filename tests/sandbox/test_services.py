"""Load balancers, DNS, keys, secrets, buckets and tables: what each refuses, and what each leaves behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.conftest import HOME, World

ROLE = '{"Version": "2012-10-17", "Statement": []}'


def test_a_load_balancer_needs_two_zones_a_gateway_and_a_legal_name(world: World) -> None:
    net = world.network()

    def balancer(**more: Any) -> dict[str, Any]:
        return world.make("lb", "LoadBalancer", **{"name": "edge", "subnets": net["subnets"], **more})

    assert "has no internet gateway" in world.refused(balancer)
    world.make("ec2", "InternetGateway", vpcId=net["vpc"]["id"])
    assert "At least two subnets" in world.refused(lambda: balancer(subnets=net["subnets"][:1]))
    assert "must not begin with 'internal-'" in world.refused(lambda: balancer(name="internal-edge"))
    edge = balancer(enableDeletionProtection=True)
    assert edge["zoneId"] == "Z215JYRZR1TBD5"
    assert edge["dnsName"].endswith(".eu-central-1.elb.amazonaws.com")
    assert edge["arn"].endswith(edge["arnSuffix"])
    assert "deletion protection is enabled" in world.refused(lambda: world.drop("lb", "LoadBalancer", edge))


def test_a_target_group_in_use_stays(world: World) -> None:
    net = world.network()
    world.make("ec2", "InternetGateway", vpcId=net["vpc"]["id"])
    edge = world.make("lb", "LoadBalancer", name="edge", subnets=net["subnets"])
    group = world.make("lb", "TargetGroup", name="app", port=80, protocol="HTTP", vpcId=net["vpc"]["id"])
    action = [{"type": "forward", "targetGroupArn": group["arn"]}]
    world.make("lb", "Listener", loadBalancerArn=edge["arn"], port=80, protocol="HTTP", defaultActions=action)
    assert "ResourceInUse" in world.refused(lambda: world.drop("lb", "TargetGroup", group))
    _, _, seen = world.cloud.read("aws:lb/targetGroup:TargetGroup", group["id"], {}, {}, HOME)
    assert seen["loadBalancerArns"] == [edge["arn"]]


def test_a_certificate_is_issued_once_its_record_is_there(world: World) -> None:
    zone = world.make("route53", "Zone", name="example.com")["id"]
    made = world.make("acm", "Certificate", domainName="app.example.com", validationMethod="DNS")
    [option] = made["domainValidationOptions"]
    assert "PENDING_VALIDATION" in world.refused(
        lambda: world.make("acm", "CertificateValidation", certificateArn=made["arn"])
    )
    world.make("route53", "Record", zoneId=zone, name=option["resourceRecordName"], type="CNAME", ttl=60,
               records=[option["resourceRecordValue"]])  # fmt: skip
    world.make("acm", "CertificateValidation", certificateArn=made["arn"])
    _, _, seen = world.cloud.read("aws:acm/certificate:Certificate", made["id"], {}, {}, HOME)
    assert seen["status"] == "ISSUED"


def test_two_regions_ask_for_the_same_validation_record(world: World) -> None:
    first, second = (
        world.make("acm", "Certificate", region, domainName="app.example.com", validationMethod="DNS")
        for region in ("eu-central-1", "eu-west-1")
    )
    assert first["domainValidationOptions"] == second["domainValidationOptions"]


def test_records_are_taken_once_and_keep_their_zone(world: World) -> None:
    zone = world.make("route53", "Zone", name="example.com")
    record: dict[str, Any] = {
        "zoneId": zone["id"],
        "name": "www.example.com",
        "type": "A",
        "ttl": 60,
        "records": ["192.0.2.1"],
    }
    made = world.make("route53", "Record", **record)
    assert made["fqdn"] == "www.example.com"
    alias = {"name": "w.example.com", "zoneId": zone["id"], "evaluateTargetHealth": False}
    shop = {"zoneId": zone["id"], "name": "shop.example.com", "type": "A", "aliases": [alias]}
    assert "but that target was not found" in world.refused(lambda: world.make("route53", "Record", **shop))
    world.make("route53", "Record", **shop | {"aliases": [alias | {"name": "www.example.com"}]})
    assert "but it already exists" in world.refused(lambda: world.make("route53", "Record", **record))
    assert "HostedZoneNotEmpty" in world.refused(lambda: world.drop("route53", "Zone", zone))


def test_a_health_checks_interval_is_ten_or_thirty_and_for_life(world: World) -> None:
    check: dict[str, Any] = {"type": "HTTPS", "fqdn": "app.example.com", "requestInterval": 10}
    made = world.make("route53", "HealthCheck", **check)
    assert made["enableSni"]
    token = "aws:route53/healthCheck:HealthCheck"
    assert world.cloud.diff(token, made["id"], check, made, {**check, "requestInterval": 30}).replaces == [
        "requestInterval"
    ]
    assert world.refused(lambda: world.make("route53", "HealthCheck", **{**check, "requestInterval": 20}))


def test_a_deleted_key_is_pending_and_a_deleted_secret_keeps_its_name(world: World) -> None:
    world.drop("kms", "Key", world.make("kms", "Key", deletionWindowInDays=7))
    world.drop("secretsmanager", "Secret", world.make("secretsmanager", "Secret", name="s"))
    assert [kept.kind for kept in world.store.retained()] == ["kms key pending deletion", "secret pending deletion"]
    again = world.refused(lambda: world.make("secretsmanager", "Secret", name="s"))
    assert "already scheduled for deletion" in again
    world.clock.now += 31 * 86400
    world.make("secretsmanager", "Secret", name="s")


def test_a_secrets_replica_calls_its_region(world: World) -> None:
    secret: dict[str, Any] = {"name": "s", "replicas": [{"region": "eu-west-1"}]}
    world.store.switch_off("eu-west-1")
    assert "i/o timeout" in world.refused(lambda: world.make("secretsmanager", "Secret", **secret))
    world.store.switch_on("eu-west-1")
    made = world.make("secretsmanager", "Secret", **secret)
    world.store.switch_off("eu-west-1")
    assert "i/o timeout" in world.refused(lambda: world.drop("secretsmanager", "Secret", made))


def test_a_role_with_policies_stays(world: World) -> None:
    role = world.make("iam", "Role", name="r", assumeRolePolicy=ROLE)
    world.make("iam", "RolePolicy", name="p", role="r", policy=ROLE)
    assert "must detach all policies first" in world.refused(lambda: world.drop("iam", "Role", role))


def test_a_log_groups_key_must_let_the_regions_logs_in(world: World) -> None:
    key = world.make("kms", "Key")
    text = world.refused(lambda: world.make("cloudwatch", "LogGroup", name="l", kmsKeyId=key["arn"]))
    assert "logs.eu-central-1.amazonaws.com" in text


def test_a_bucket_with_objects_stays_unless_forced(world: World) -> None:
    bucket = world.make("s3", "Bucket", bucket="trading-logs")
    world.make("s3", "BucketObject", bucket="trading-logs", key="a", content="b")
    assert "BucketNotEmpty" in world.refused(lambda: world.drop("s3", "Bucket", bucket))
    assert "BucketAlreadyOwnedByYou" in world.refused(
        lambda: world.make("s3", "Bucket", "eu-west-1", bucket="trading-logs")
    )
    world.store.write(HOME, "aws:s3/bucket:Bucket", "trading-logs", {"forceDestroy": True})
    world.drop("s3", "Bucket", bucket)
    assert world.store.resources() == []


STRONG = {"consistencyMode": "STRONG"}


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"replicas": [{"regionName": "eu-west-1", **STRONG}]}, "exactly three Regions"),
        ({"replicas": [{"regionName": "eu-west-1", **STRONG}, {"regionName": "us-east-1", **STRONG}]}, "cannot span"),
        ({"replicas": [{"regionName": "eu-west-1"}], "globalTableWitness": {"regionName": "eu-west-2"}}, "witness"),
        ({"replicas": [{"regionName": "eu-west-1", **STRONG}], "globalTableWitness": {"regionName": "eu-west-2"}}, ""),
    ],
)  # fmt: skip
def test_strong_consistency_wants_three_regions_of_one_set(world: World, more: dict[str, Any], text: str) -> None:
    def table() -> dict[str, Any]:
        attributes = [{"name": "pk", "type": "S"}]
        return world.make("dynamodb", "Table", name="fence", hashKey="pk", attributes=attributes,
                          billingMode="PAY_PER_REQUEST", **more)  # fmt: skip

    if text:
        assert text in world.refused(table)
    else:
        assert table()["replicas"][0]["arn"] == "arn:aws:dynamodb:eu-west-1:123456789012:table/fence"


def test_an_item_has_its_tables_key(world: World) -> None:
    world.make("dynamodb", "Table", name="fence", hashKey="pk", attributes=[{"name": "pk", "type": "S"}],
               billingMode="PAY_PER_REQUEST")  # fmt: skip
    item = world.make("dynamodb", "TableItem", tableName="fence", hashKey="pk", item='{"pk": {"S": "site"}}')
    assert item["hashKeyValue"] == "site"
    text = world.refused(
        lambda: world.make("dynamodb", "TableItem", tableName="fence", hashKey="pk", item='{"pk": {"N": "1"}}')
    )
    assert "Type mismatch for key pk" in text


def test_a_replicas_region_has_the_table_and_its_items(world: World) -> None:
    table = world.make("dynamodb", "Table", name="fence", hashKey="pk", attributes=[{"name": "pk", "type": "S"}],
                       billingMode="PAY_PER_REQUEST", replicas=[{"regionName": "eu-west-1"}])  # fmt: skip
    item = world.make("dynamodb", "TableItem", tableName="fence", hashKey="pk", item='{"pk": {"S": "site"}}')
    world.store.switch_off(HOME)
    token = "aws:dynamodb/tableItem:TableItem"
    found, _, seen = world.cloud.read(token, item["id"], {}, {}, "eu-west-1")
    assert (found, seen["hashKeyValue"]) == (item["id"], "site")
    world.store.switch_on(HOME)
    world.drop("dynamodb", "Table", table)
    assert world.store.resources() == []


def test_random_values_are_random_and_stay_out_of_the_store(world: World) -> None:
    token = "random:index/randomPassword:RandomPassword"
    inputs = {"length": 24, "minSpecial": 2, "overrideSpecial": "!#"}
    (_, first), (_, second) = (world.cloud.create(token, inputs, region="") for _ in range(2))
    assert first["result"] != second["result"]
    assert len(first["result"]) == 24
    assert sum(letter in "!#" for letter in first["result"]) >= 2
    assert world.store.resources() == []
    diff = world.cloud.diff(token, "none", inputs, first, {**inputs, "keepers": {"generation": "2"}})
    assert diff.replaces == ["keepers"]


def log_bucket(world: World, **statement: Any) -> dict[str, Any]:
    """A bucket whose policy lets a load balancer write below one place."""
    bucket = world.make("s3", "Bucket", bucket="logs")
    delivery = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    granted = {"Effect": "Allow", "Principal": delivery, "Action": ["s3:PutObject"],
               "Resource": ["arn:aws:s3:::logs/access/AWSLogs/123456789012/*"], **statement}  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [granted]})
    world.make("s3", "BucketPolicy", bucket="logs", policy=policy)
    return bucket


def logging_balancer(world: World, **logs: Any) -> dict[str, Any]:
    net = world.network()
    world.make("ec2", "InternetGateway", vpcId=net["vpc"]["id"])
    access = {"bucket": "logs", "prefix": "access", "enabled": True, **logs}
    return world.make("lb", "LoadBalancer", name="edge", subnets=net["subnets"], accessLogs=access)


def test_a_load_balancer_logs_to_a_bucket_that_lets_it(world: World) -> None:
    log_bucket(world)
    assert logging_balancer(world)["accessLogs"]["bucket"] == "logs"


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny"},
        {"Principal": {"Service": "cloudtrail.amazonaws.com"}},
        {"Resource": ["arn:aws:s3:::logs/other/AWSLogs/123456789012/*"]},
        {"Resource": ["arn:aws:s3:::logs/access/AWSLogs/210987654321/*"]},
        {"Action": ["s3:GetObject"]},
    ],
)
def test_a_load_balancer_refuses_a_bucket_that_does_not(world: World, statement: dict[str, Any]) -> None:
    log_bucket(world, **statement)
    assert "Access Denied for bucket: logs" in world.refused(lambda: logging_balancer(world))


def test_a_load_balancer_cannot_log_to_a_bucket_with_a_kms_key(world: World) -> None:
    log_bucket(world)
    by_key = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}
    world.make("s3", "BucketServerSideEncryptionConfiguration", bucket="logs", rules=[by_key])
    assert "Access Denied for bucket: logs" in world.refused(lambda: logging_balancer(world))


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"loadBalancingAnomalyMitigation": "on"}, "only with the weighted_random"),
        ({"loadBalancingAlgorithmType": "weighted_random", "slowStart": 60}, "Slow start is available only with"),
        ({"slowStart": 10}, "between 30 and 900"),
    ],
)
def test_a_target_groups_algorithm_excludes_some_attributes(world: World, more: dict[str, Any], text: str) -> None:
    vpc = world.network()["vpc"]["id"]
    make = lambda: world.make("lb", "TargetGroup", name="app", port=80, protocol="HTTP", vpcId=vpc, **more)  # noqa: E731
    assert text in world.refused(make)


def test_a_target_group_serves_one_load_balancer(world: World) -> None:
    net = world.network()
    world.make("ec2", "InternetGateway", vpcId=net["vpc"]["id"])
    group = world.make("lb", "TargetGroup", name="app", port=80, protocol="HTTP", vpcId=net["vpc"]["id"])
    action = [{"type": "forward", "targetGroupArn": group["arn"]}]
    for name in ("one", "two"):
        edge = world.make("lb", "LoadBalancer", name=name, subnets=net["subnets"])
        listener = {"loadBalancerArn": edge["arn"], "port": 80, "protocol": "HTTP", "defaultActions": action}
        if name == "one":
            world.make("lb", "Listener", **listener)
        else:
            text = world.refused(lambda listener=listener: world.make("lb", "Listener", **listener))  # type: ignore[misc]
            assert "cannot be associated with more than one load balancer" in text
