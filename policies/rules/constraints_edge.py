"""What load balancers, Route 53, WAF, VPCs and notifications refuse, or silently do not do."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_network
from typing import Any

from components.regions import CONTROL_PLANE_REGION
from policies.documents import as_list, statements
from policies.graph import Graph, Node, strings
from policies.rule import Rule, Violation, at_least, every
from policies.rules.security_edge import is_application
from policies.tokens import (
    ALARM,
    BUCKET,
    BUCKET_ENCRYPTION,
    CERTIFICATE,
    CERTIFICATE_VALIDATION,
    DB_EVENTS,
    EIP,
    EKS_CLUSTER,
    HEALTH_CHECK,
    KEY,
    LISTENERS,
    LOAD_BALANCERS,
    NETWORK_ACL,
    NETWORK_ACL_RULE,
    RECORD,
    SUBNET,
    TARGET_GROUPS,
    TOPIC,
    VPC_ENDPOINT,
    WEB_ACL,
    WEB_ACL_LOGGING,
)

_rule = partial(Rule, family="aws-constraints")
_mission = partial(Rule, family="mission")

NAME = re.compile(r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
EPHEMERAL = (1024, 65_535)
ELASTIC_IPS = 5
"""Per region, unless AWS raised it (https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html)."""
PLAIN_STATISTICS = ("Average", "Minimum", "Maximum", "Sum", "SampleCount")


def _sse_s3(graph: Graph, balancer: Node) -> bool:
    for bucket in graph.targets(balancer, "accessLogs", BUCKET):
        for settings in graph.referrers(bucket, "bucket", BUCKET_ENCRYPTION):
            for rule in settings.items("rules"):
                if (rule.get("applyServerSideEncryptionByDefault") or {}).get("sseAlgorithm") != "AES256":
                    return False
    return True


def _roomy(graph: Graph, balancer: Node) -> bool:
    blocks = [s.get("cidrBlock") for s in graph.targets(balancer, "subnets", SUBNET)]
    return all(isinstance(b, str) and ip_network(b).prefixlen <= 27 for b in blocks)


def _log_names(graph: Graph, node: Node) -> bool:
    names = [re.split(r"[:/]", a.removesuffix(":*"))[-1] for a in strings(node.get("logDestinationConfigs"))]
    owners = [u for u in node.relations.get("logDestinationConfigs", ()) if u in graph.by_urn]
    names += [str(graph.by_urn[u].get("name") or graph.by_urn[u].get("bucket")) for u in owners]
    return bool(names) and all(name.startswith("aws-waf-logs-") for name in names)


def _failover_pairs(graph: Graph) -> dict[tuple[Any, Any], list[Node]]:
    pairs: dict[tuple[Any, Any], list[Node]] = {}
    for record in graph.of(RECORD):
        if record.has("failoverRoutingPolicies"):
            pairs.setdefault((str(record.get("name")), str(record.get("type"))), []).append(record)
    return pairs


def _incomplete_pairs(graph: Graph) -> Iterator[Violation]:
    for records in _failover_pairs(graph).values():
        kinds = sorted(str(p.get("type")) for r in records for p in r.items("failoverRoutingPolicies"))
        if kinds != ["PRIMARY", "SECONDARY"]:
            yield Violation(records[0], "a failover name needs exactly one PRIMARY and one SECONDARY")


def _same_target(graph: Graph) -> Iterator[Violation]:
    for records in _failover_pairs(graph).values():
        targets = [json.dumps([a.get("name") for a in r.items("aliases")], default=repr) for r in records]
        if len(set(targets)) < len(targets):
            yield Violation(records[0], "both halves lead to the same place")


def _leaves(graph: Graph, check: Node) -> Iterator[Node]:
    yield check
    for child in graph.targets(check, "childHealthchecks", HEALTH_CHECK):
        yield from _leaves(graph, child)


def _decides_by(graph: Graph, record: Node, type_: str) -> bool:
    checks = graph.targets(record, "healthCheckId", HEALTH_CHECK)
    return any(leaf.get("type") == type_ for check in checks for leaf in _leaves(graph, check))


def _is_failover(graph: Graph, record: Node) -> bool:
    return record.has("failoverRoutingPolicies")


def _is_plain(graph: Graph, check: Node) -> bool:
    alarms = graph.targets(check, "cloudwatchAlarmName", ALARM)
    return all(
        not a.has("metricQueries")
        and not a.has("extendedStatistic")
        and a.get("statistic") in PLAIN_STATISTICS
        and at_least(a.get("period"), 60)
        and (not a.has("datapointsToAlarm") or a.get("datapointsToAlarm") == a.get("evaluationPeriods"))
        for a in alarms
    )


def _probes_itself(graph: Graph) -> Iterator[Violation]:
    shared = {name for name, _ in _failover_pairs(graph)}
    for check in graph.of(HEALTH_CHECK):
        if check.get("fqdn") in shared:
            yield Violation(check, "it asks the name whose answer it decides: results will be unpredictable")


def _answers_blocked(graph: Graph) -> Iterator[Violation]:
    for acl in graph.of(NETWORK_ACL):
        rules = [r for r in graph.referrers(acl, "networkAclId", NETWORK_ACL_RULE) if r.get("ruleAction") == "allow"]
        for rule in rules:
            ports = rule.get("fromPort"), rule.get("toPort")
            if rule.get("protocol") == "-1" or ports == EPHEMERAL:
                continue
            back = [r for r in rules if bool(r.get("egress")) is not bool(rule.get("egress"))]
            if not any(_answers(r, rule) for r in back):
                yield Violation(rule, "a network ACL is stateless, and no rule lets the answers of this one through")


def _answers(back: Node, request: Node) -> bool:
    ours, theirs = back.get("cidrBlock"), request.get("cidrBlock")
    if not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    covers = ip_network(theirs).subnet_of(ip_network(ours))  # type: ignore[arg-type]
    ports = back.get("fromPort"), back.get("toPort")
    wide = isinstance(ports[0], int) and isinstance(ports[1], int) and ports[0] <= 1024 and ports[1] >= 65_535
    return covers and (back.get("protocol") == "-1" or wide)


def _too_many_addresses(graph: Graph) -> Iterator[Violation]:
    for region, count in Counter(node.region for node in graph.of(EIP)).items():
        if count > ELASTIC_IPS:
            yield Violation(
                None, f"AddressLimitExceeded: {count} Elastic IPs in {region}, and the quota is {ELASTIC_IPS}"
            )


def _publishers(graph: Graph, topic: Node) -> set[str]:
    found = set()
    if graph.referrers(topic, "alarmActions", ALARM):
        found.add("cloudwatch.amazonaws.com")
    if graph.referrers(topic, "snsTopic", DB_EVENTS):
        found.add("events.rds.amazonaws.com")
    return found


def _key_admits(graph: Graph, topic: Node) -> bool:
    wanted = _publishers(graph, topic)
    for key in graph.targets(topic, "kmsMasterKeyId", KEY):
        admitted = {
            service
            for s in statements(key.get("policy"))
            if s.get("Effect") == "Allow" and isinstance(s.get("Principal"), dict)
            for service in as_list(s["Principal"].get("Service"))
        }
        if not wanted <= admitted:
            return False
    return True


LOGS_SSE = _rule(
    id="alb-log-bucket-encryption",
    severity="high",
    protects="Load balancers can write to their log bucket.",
    why="They write to buckets with S3's own encryption only.",
    references=("G44",),
    fix="Encrypt that bucket with AES256.",
    check=every(LOAD_BALANCERS, _sse_s3, "Access Denied for bucket: only SSE-S3 is supported for access logs"),
)

ALB_NAMES = _rule(
    id="alb-name",
    severity="medium",
    protects="AWS takes the names of load balancers and target groups.",
    why="It refuses more than 32 characters, and Pulumi adds eight to what it names itself.",
    references=("G45",),
    fix="Set name, with 32 letters, digits and hyphens at most, and neither internal- first nor a hyphen last.",
    check=every(
        (*LOAD_BALANCERS, *TARGET_GROUPS),
        lambda g, n: isinstance(name := n.get("name"), str) and NAME.fullmatch(name),
        "The load balancer name or target group name is not valid",
    ),
)

ALB_ROOM = _rule(
    id="alb-subnet-size",
    severity="medium",
    protects="Load balancers have room to grow.",
    why="AWS asks for a /27 with eight free addresses in each subnet.",
    references=("G46",),
    fix="Use larger subnets.",
    check=every(LOAD_BALANCERS, _roomy, "InvalidSubnet: Not enough IP space available", where=is_application),
)

WAF_LOG_NAME = _rule(
    id="waf-log-name",
    severity="high",
    protects="WAF finds where to write.",
    why="It takes names with one prefix only, and says something else is wrong.",
    references=("G47",),
    fix="Name the destination aws-waf-logs-...",
    check=every(
        WEB_ACL_LOGGING, _log_names, "WAFInvalidParameterException: The ARN isn't valid; aws-waf-logs- is missing"
    ),
)

WAF_REGIONAL = _rule(
    id="waf-regional",
    severity="high",
    protects="A web ACL for a load balancer is regional.",
    why="One for CloudFront lives in us-east-1, and can be associated with nothing else.",
    references=("G47",),
    fix='Set scope to "REGIONAL".',
    check=every(
        WEB_ACL,
        lambda g, n: n.get("scope") == "REGIONAL" or n.region == CONTROL_PLANE_REGION,
        "The scope is not valid: CLOUDFRONT in another region than us-east-1",
    ),
)

ISSUED = _rule(
    id="listener-certificate-issued",
    severity="high",
    protects="A listener waits until its certificate is issued, in its own region.",
    why="AWS refuses one that is pending; on the day of a failover nothing can be issued.",
    references=("G49",),
    fix="Take the ARN from aws.acm.CertificateValidation.",
    check=every(
        LISTENERS,
        lambda g, n: (
            g.targets(n, "certificateArn", CERTIFICATE_VALIDATION) or not g.targets(n, "certificateArn", CERTIFICATE)
        ),
        "UnsupportedCertificate: the certificate must be issued before it is used",
        where=lambda g, n: n.get("protocol") in ("HTTPS", "TLS"),
    ),
)

ALARMS_AT_HOME = _rule(
    id="health-check-alarm-region",
    severity="high",
    protects="Alarms on health checks stand where their metrics are.",
    why="Elsewhere they have no data, for ever.",
    references=("G50",),
    fix=f"Set region to {CONTROL_PLANE_REGION}.",
    check=every(
        ALARM,
        lambda g, n: n.region == CONTROL_PLANE_REGION,
        "metrics of health checks exist in us-east-1 only",
        where=lambda g, n: n.get("namespace") == "AWS/Route53",
    ),
)

PAIR = _mission(
    id="failover-pair-complete",
    severity="critical",
    protects="A failover name has one primary and one secondary.",
    why="Half a pair fails over to nothing.",
    references=("M15", "G56"),
    fix="Let one stack own both records.",
    check=_incomplete_pairs,
)

PAIR_TARGETS = _mission(
    id="failover-targets-differ",
    severity="critical",
    protects="The two halves of a failover lead to two places.",
    why="A failover to the same place is none.",
    references=("M15",),
    fix="Point each half at the name of its site.",
    check=_same_target,
)

BOTH_CHECKED = _mission(
    id="failover-both-checked",
    severity="critical",
    protects="Both halves of a failover have a health check.",
    why="A secondary without one is always answered with, even when its database is read-only.",
    references=("M15", "G53"),
    fix="Set health_check_id on both.",
    check=every(
        RECORD,
        lambda g, n: g.refers(n, "healthCheckId", HEALTH_CHECK),
        "it has no health check",
        where=_is_failover,
    ),
)

GATED = _mission(
    id="failover-gated-by-writes",
    severity="critical",
    protects="Clients are led only to a site that answers that it takes writes.",
    why="A site that is up but read-only refuses every order.",
    references=("M15", "G53"),
    fix="Let the record's check include an HTTPS check of the writable path.",
    check=every(RECORD, lambda g, n: _decides_by(g, n, "HTTPS"), "no HTTPS check decides about it", where=_is_failover),
)

FENCED = _mission(
    id="failover-gated-by-fence",
    severity="critical",
    protects="Clients are led only to the site that the fence names.",
    why="Two sites that both take writes part ways.",
    references=("adr:0003",),
    fix="Let the record's check include one of the fence's alarm.",
    check=every(
        RECORD,
        lambda g, n: _decides_by(g, n, "CLOUDWATCH_METRIC"),
        "the fence does not decide about it",
        where=_is_failover,
    ),
)

FAST = _mission(
    id="health-check-fast",
    severity="high",
    protects="A dead site is noticed within half a minute.",
    why="The slow kind takes a minute more of the five that a month has; it cannot be changed later.",
    references=("M15", "G51"),
    fix="Set request_interval to 10 and failure_threshold to 3, with SNI.",
    check=every(
        HEALTH_CHECK,
        lambda g, n: (
            n.get("requestInterval") == 10
            and n.get("failureThreshold") in (1, 2, 3)
            and n.get("enableSni") is not False
        ),
        "request_interval is not 10, failure_threshold above 3, or SNI off",
        where=lambda g, n: n.get("type") in ("HTTP", "HTTPS", "TCP"),
    ),
)

KNOWN_STATUS = _rule(
    id="health-check-without-data",
    severity="high",
    protects="A health check that follows an alarm knows what silence means.",
    why="When the metric's region dies, AWS's default would decide about the traffic.",
    references=("G54",),
    fix='Set insufficient_data_health_status to "LastKnownStatus".',
    check=every(
        HEALTH_CHECK,
        lambda g, n: n.get("insufficientDataHealthStatus") == "LastKnownStatus",
        'insufficient_data_health_status is not "LastKnownStatus"',
        where=lambda g, n: n.get("type") == "CLOUDWATCH_METRIC",
    ),
)

PLAIN_ALARM = _rule(
    id="health-check-plain-alarm",
    severity="high",
    protects="Route 53 can follow the alarms that it is told to.",
    why="It reads the metric's stream, and takes neither mathematics, nor M of N, nor percentiles, nor seconds.",
    references=("G54a",),
    fix="Use one metric, one plain statistic, a period of 60 seconds or more.",
    check=every(
        HEALTH_CHECK,
        _is_plain,
        "InvalidInput: the alarm uses what Route 53 health checks do not support",
        where=lambda g, n: n.get("type") == "CLOUDWATCH_METRIC",
    ),
)

NOT_ITSELF = _rule(
    id="health-check-not-itself",
    severity="high",
    protects="A health check asks a site's own name.",
    why="Asking the shared one, it asks whoever it last decided for.",
    references=("G54b", "adr:0004"),
    fix="Ask the probe name.",
    check=_probes_itself,
)

ALIAS_TTL = _rule(
    id="record-alias-no-ttl",
    severity="low",
    protects="Alias records have the TTL of what they point at.",
    why="Route 53 refuses another.",
    references=("G55",),
    fix="Leave ttl out.",
    check=every(
        RECORD,
        lambda g, n: not n.has("ttl"),
        "Alias record sets cannot have a TTL",
        where=lambda g, n: n.has("aliases"),
    ),
)

SET_IDENTIFIED = _rule(
    id="record-set-identifier",
    severity="high",
    protects="Records that share a name are told apart.",
    why="Route 53 refuses a routing policy without a set identifier.",
    references=("G56",),
    fix="Set set_identifier.",
    check=every(
        RECORD, lambda g, n: n.has("setIdentifier"), "InvalidInput: SetIdentifier is missing", where=_is_failover
    ),
)

TARGETS_FAST = _mission(
    id="target-group-fast",
    severity="high",
    protects="A sick target gets no request after ten seconds, and a leaving one does not hold up a deployment.",
    why="AWS's defaults take a minute to give a target up, and five to let it go.",
    references=("G59",),
    fix="Set interval 5, thresholds 2, deregistration_delay 30 or less.",
    check=every(
        TARGET_GROUPS,
        lambda g, n: all(
            isinstance(v := n.get(path), int) and v <= limit
            for path, limit in (
                ("healthCheck.interval", 10),
                ("healthCheck.unhealthyThreshold", 3),
                ("healthCheck.healthyThreshold", 3),
                ("deregistrationDelay", 30),
            )
        ),
        "it is slower than the mission allows",
    ),
)

EKS_SHIFTS = _mission(
    id="eks-zonal-shift",
    severity="medium",
    protects="Pods' traffic can be moved away from a sick zone.",
    why="A zone that is slow, not dead, passes every health check.",
    references=("G61", "G62"),
    fix="Set zonal_shift_config.enabled.",
    check=every(
        EKS_CLUSTER, lambda g, n: n.get("zonalShiftConfig.enabled") is True, "zonal_shift_config is not enabled"
    ),
)

ANSWERS = _rule(
    id="acl-lets-answers-through",
    severity="high",
    protects="What a network ACL lets in can be answered.",
    why="It is stateless: without a rule for the answers every connection hangs.",
    references=("G74",),
    fix="Allow 1024-65535 in the other direction.",
    check=_answers_blocked,
)

ENDPOINT_DNS = _rule(
    id="endpoint-private-dns",
    severity="medium",
    protects="AWS's own names lead to the interface endpoints.",
    why="Without private DNS every SDK goes on calling over the internet.",
    references=("G76",),
    fix="Set private_dns_enabled, and a security group.",
    check=every(
        VPC_ENDPOINT,
        lambda g, n: n.get("privateDnsEnabled") is True and n.has("securityGroupIds"),
        "private_dns_enabled is not set, or it has no security group",
        where=lambda g, n: n.get("vpcEndpointType") == "Interface",
    ),
)

EIP_QUOTA = _rule(
    id="eip-quota",
    severity="medium",
    protects="Both regions' quotas of Elastic IPs suffice.",
    why="The sixth is refused, first in the region that nobody used.",
    references=("G77",),
    fix="Ask AWS for more, in both regions.",
    check=_too_many_addresses,
)

KEY_ADMITS = _rule(
    id="topic-key-admits-publishers",
    severity="critical",
    protects="CloudWatch and RDS may use the key of the topics that they publish to.",
    why="Otherwise every alarm vanishes, in silence.",
    references=("G39",),
    fix="Let the key's policy allow kms:Decrypt and kms:GenerateDataKey* to the service.",
    check=every(TOPIC, _key_admits, "its key admits not every service that publishes to it: messages vanish silently"),
)

RULES = (
    LOGS_SSE,
    ALB_NAMES,
    ALB_ROOM,
    WAF_LOG_NAME,
    WAF_REGIONAL,
    ISSUED,
    ALARMS_AT_HOME,
    PAIR,
    PAIR_TARGETS,
    BOTH_CHECKED,
    GATED,
    FENCED,
    FAST,
    KNOWN_STATUS,
    PLAIN_ALARM,
    NOT_ITSELF,
    ALIAS_TTL,
    SET_IDENTIFIED,
    TARGETS_FAST,
    EKS_SHIFTS,
    ANSWERS,
    ENDPOINT_DNS,
    EIP_QUOTA,
    KEY_ADMITS,
)
