"""The load balancer, where its logs go, and how it moves between the two modes of the application tier."""

from __future__ import annotations

import json
import re
from typing import Any

import pulumi_aws as aws
import pytest

from components.edge.access_logs import log_bucket_name
from components.edge.load_balancer import CLIENT_KEEP_ALIVE_SECONDS, IDLE_SECONDS
from components.edge.target_group import DEREGISTRATION_SECONDS
from components.regions import ZONE_IDS
from components.resource_types import type_of
from sandbox.cloud import CloudError
from tests.conftest import Journey
from tests.harness import Deployment, Registered
from tests.sites import Sites


@pytest.fixture(params=["primary_active", "dr_standby", "dr_active", "primary_standby"])
def site(journey: Journey, request: pytest.FixtureRequest) -> Deployment:
    found: Deployment = getattr(journey, request.param)
    return found


def listener(site: Deployment, port: int) -> Registered:
    [found] = [r for r in site.of(aws.lb.Listener) if r.inputs["port"] == port]
    return found


def attached(site: Deployment) -> set[str]:
    """The target groups that listeners and their rules lead to."""
    actions = [action for r in site.of(aws.lb.Listener) for action in r.inputs["defaultActions"]]
    actions += [action for r in site.of(aws.lb.ListenerRule) for action in r.inputs["actions"]]
    return {action["targetGroupArn"] for action in actions if "targetGroupArn" in action}


def test_clients_speak_tls_1_2_or_1_3_and_nothing_else(site: Deployment) -> None:
    strict = r"^ELBSecurityPolicy-TLS13-1-(2|3)(-Res)?(-FIPS)?(-PQ)?-\d{4}-\d{2}$"
    assert re.fullmatch(strict, listener(site, 443).inputs["sslPolicy"])
    assert "max-age=31536000" in listener(site, 443).inputs["routingHttpResponseStrictTransportSecurityHeaderValue"]


def test_plain_http_is_only_ever_redirected(site: Deployment) -> None:
    [action] = listener(site, 80).inputs["defaultActions"]
    assert action == {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}
    for rule in site.of(aws.lb.ListenerRule):
        assert rule.inputs["conditions"] == [{"sourceIp": {"values": ["192.0.2.1/32"]}}], "an address nobody has"


def test_targets_are_checked_before_clients_are_led_to_them(site: Deployment) -> None:
    """Elastic Load Balancing checks no target of a group that no rule leads to."""
    rule = site.one(aws.lb.ListenerRule)
    assert rule.inputs["listenerArn"] == listener(site, 80).outputs["arn"], "the other listener waits for this"
    assert rule.inputs["actions"] == [{"type": "forward", "targetGroupArn": site.one(aws.lb.TargetGroup).id}]
    assert rule.urn in listener(site, 443).request.dependencies


def test_no_client_is_let_in_before_the_firewall_stands(site: Deployment) -> None:
    assert site.one(aws.wafv2.WebAclAssociation).urn in listener(site, 443).request.dependencies


def test_targets_are_spoken_to_and_checked_over_tls(site: Deployment) -> None:
    group = site.one(aws.lb.TargetGroup).inputs
    assert (group["protocol"], group["healthCheck"]["protocol"], group["port"]) == ("HTTPS", "HTTPS", 8443)


def test_the_load_balancer_drops_what_is_ambiguous(site: Deployment) -> None:
    balancer = site.one(aws.lb.LoadBalancer).inputs
    assert balancer["dropInvalidHeaderFields"] is True
    assert balancer["desyncMitigationMode"] == "strictest"
    assert balancer["xffHeaderProcessingMode"] == "append"
    assert balancer["enableWafFailOpen"] is False


def test_the_load_balancer_can_be_shifted_out_of_a_zone_and_lets_go_of_clients(site: Deployment) -> None:
    balancer = site.one(aws.lb.LoadBalancer).inputs
    assert balancer["enableZonalShift"] is True
    assert balancer["clientKeepAlive"] == CLIENT_KEEP_ALIVE_SECONDS <= 300
    assert balancer["idleTimeout"] == IDLE_SECONDS


def test_a_dead_target_is_left_within_fifteen_seconds(site: Deployment) -> None:
    check = site.one(aws.lb.TargetGroup).inputs["healthCheck"]
    assert check["interval"] * check["unhealthyThreshold"] + check["timeout"] <= 15
    assert check["interval"] * check["healthyThreshold"] <= 15
    assert site.one(aws.lb.TargetGroup).inputs["deregistrationDelay"] == DEREGISTRATION_SECONDS <= 30


def test_a_target_that_errs_while_its_checks_pass_loses_its_share(site: Deployment) -> None:
    group = site.one(aws.lb.TargetGroup).inputs
    assert group["loadBalancingAlgorithmType"] == "weighted_random"
    assert group["loadBalancingAnomalyMitigation"] == "on"
    assert not group.get("slowStart"), "AWS refuses it with this algorithm"


def test_both_logs_go_to_a_bucket_that_the_load_balancer_may_write_to(site: Deployment) -> None:
    balancer, bucket = site.one(aws.lb.LoadBalancer), site.one(aws.s3.Bucket)
    assert balancer.inputs["accessLogs"] == {"bucket": bucket.id, "prefix": "access", "enabled": True}
    assert balancer.inputs["connectionLogs"] == {"bucket": bucket.id, "prefix": "connection", "enabled": True}
    policy = json.loads(site.one(aws.s3.BucketPolicy).inputs["policy"])
    [delivery, tls_only] = policy["Statement"]
    assert delivery["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert delivery["Action"] == ["s3:PutObject"]
    root = f"arn:aws:s3:::{bucket.id}"
    assert delivery["Resource"] == [f"{root}/{prefix}/AWSLogs/123456789012/*" for prefix in ("access", "connection")]
    assert (tls_only["Effect"], tls_only["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_log_bucket_is_private_versioned_encrypted_by_s3_and_forgets(site: Deployment) -> None:
    [rule] = site.one(aws.s3.BucketServerSideEncryptionConfiguration).inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}, "with KMS, ALB cannot write"
    block = site.one(aws.s3.BucketPublicAccessBlock).inputs
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(block[switch] is True for switch in switches)
    assert site.one(aws.s3.BucketVersioning).inputs["versioningConfiguration"]["status"] == "Enabled"
    assert site.one(aws.s3.BucketOwnershipControls).inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    [lifecycle] = site.one(aws.s3.BucketLifecycleConfiguration).inputs["rules"]
    assert lifecycle["expiration"]["days"] == 365
    assert lifecycle["noncurrentVersionExpiration"]["noncurrentDays"] <= 30


def test_the_buckets_policy_stands_before_the_load_balancer_tries_to_write(site: Deployment) -> None:
    needed = set(site.one(aws.lb.LoadBalancer).request.dependencies)
    assert site.one(aws.s3.BucketPolicy).urn in needed
    assert site.one(aws.s3.BucketServerSideEncryptionConfiguration).urn in needed


@pytest.mark.parametrize("region", sorted(ZONE_IDS))
def test_a_log_buckets_name_is_legal_in_every_region(region: str) -> None:
    name = log_bucket_name("trading-primary", account_id="123456789012", region=region)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name)


@pytest.mark.parametrize(("compute", "kind", "name"), [("eks", "ip", "pods"), ("asg", "instance", "instances")])
def test_each_mode_has_a_target_group_of_its_own_and_only_that_one(compute: str, kind: str, name: str) -> None:
    site = Sites().primary(compute=compute)
    group = site.one(aws.lb.TargetGroup)
    assert (group.inputs["targetType"], group.inputs["name"]) == (kind, f"trading-primary-{name}")
    assert len(group.inputs["name"]) <= 32
    assert attached(site) == {group.id}


def test_switching_compute_there_and_back_moves_the_listener_and_replaces_nothing() -> None:
    sites = Sites()
    before = sites.primary()
    token = type_of(aws.lb.TargetGroup)
    for compute in ("asg", "eks"):
        after = sites.primary(compute=compute)
        assert [c for c in after.changes if c.verb == "replace"] == []
        touched = {type_ for type_, _ in after.created | after.gone} | {c.type for c in after.changes}
        stays = {aws.lb.LoadBalancer, aws.route53.Record, aws.rds.Instance, aws.ec2.Vpc, aws.wafv2.WebAcl}
        assert {token, type_of(aws.lb.Listener)} <= touched
        assert touched.isdisjoint(type_of(c) for c in stays)
        assert attached(after) == {after.one(aws.lb.TargetGroup).id}
        [moved] = [c for c in after.changes if c.type == type_of(aws.lb.Listener)]
        assert moved.keys >= {"defaultActions"}
        # The engine deletes after its updates; as long as the listener led there, AWS would have refused.
        for old in reversed(list(before.custom())):
            if (old.type, old.name) in after.gone:
                sites.cloud.delete(old.type, old.id, dict(old.properties), "eu-central-1")
        before = after


def test_a_target_group_that_the_listener_leads_to_cannot_be_deleted() -> None:
    sites = Sites()
    group = sites.primary().one(aws.lb.TargetGroup)
    with pytest.raises(CloudError, match="currently in use by a listener"):
        sites.cloud.delete(type_of(aws.lb.TargetGroup), group.id, dict(group.properties), "eu-central-1")


def test_what_the_load_balancer_suffers_from_raises_an_alarm(site: Deployment) -> None:
    alarms: dict[str, Any] = {
        r.inputs["metricName"]: r.inputs
        for r in site.of(aws.cloudwatch.MetricAlarm)
        if r.inputs.get("namespace") == "AWS/ApplicationELB"
    }
    assert {"HTTPCode_ELB_5XX_Count", "TargetTLSNegotiationErrorCount"} <= alarms.keys()
    suffix = site.one(aws.lb.LoadBalancer).outputs["arnSuffix"]
    assert {alarm["dimensions"]["LoadBalancer"] for alarm in alarms.values()} == {suffix}
