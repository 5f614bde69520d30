"""Load balancers, certificates and DNS."""

# An id is called id, a property is called property, as in AWS and Pulumi.
# ruff: noqa: A001

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from sandbox.cloud.call import Call, partition, scramble
from sandbox.cloud.regions import REGIONS
from sandbox.cloud.spec import Calls, Ref, Refusal, TypeSpec, Value, aws
from sandbox.cloud.types.network import BUCKET, IN_GROUP, IN_SUBNET, IN_VPC, SUBNET

LOAD_BALANCER = aws("lb", "LoadBalancer")
TARGET_GROUP = aws("lb", "TargetGroup")
LISTENER = aws("lb", "Listener")
RULE = aws("lb", "ListenerRule")
CERTIFICATE = aws("acm", "Certificate")
ZONE = aws("route53", "Zone")
RECORD = aws("route53", "Record")
HEALTH_CHECK = aws("route53", "HealthCheck")

_CLASSES = {"application": "app", "network": "net", "gateway": "gwy"}


# Load balancers


def _name(call: Call) -> None:
    name = call.inputs.get("name", "")
    if name and (not re.fullmatch(r"[A-Za-z0-9-]{1,32}", name) or name[0] == "-" or name[-1] == "-"):
        raise call.refusal(
            "ValidationError",
            f"The name '{name}' must have at most 32 characters, only alphanumerics and hyphens, "
            "and must not begin or end with a hyphen",
        )
    if call.spec.token == LOAD_BALANCER and name.startswith("internal-"):
        raise call.refusal("ValidationError", f"The load balancer name '{name}' must not begin with 'internal-'")


def _subnets(call: Call) -> None:
    ids = _subnet_ids(call)
    zones = [r.properties["availabilityZone"] for r in (call.find(SUBNET, id) for id in ids) if r]
    if call.inputs.get("loadBalancerType", "application") == "application":
        if len(set(zones)) < 2:
            raise call.refusal(
                "ValidationError",
                "At least two subnets in two different Availability Zones must be specified",
            )
        for record in (call.find(SUBNET, id) for id in ids):
            if record and ip_network(record.properties["cidrBlock"]).prefixlen > 27:
                raise call.refusal(
                    "InvalidSubnet",
                    f"Not enough IP space available in {record.id}. ELB requires at least 8 free IP "
                    "addresses in each subnet.",
                )
    if len(set(zones)) < len(zones):
        raise call.refusal(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )


def _subnet_ids(call: Call) -> list[str]:
    mapped = [mapping["subnetId"] for mapping in call.inputs.get("subnetMappings") or []]
    return [*(call.inputs.get("subnets") or []), *mapped]


def _public_needs_gateway(call: Call) -> None:
    """An internet-facing load balancer wants a VPC with an internet gateway."""
    subnet = call.find(SUBNET, next(iter(_subnet_ids(call)), None))
    if call.inputs.get("internal") or subnet is None:
        return
    vpc = subnet.properties["vpcId"]
    if not any(g.properties.get("vpcId") == vpc for g in call.siblings(aws("ec2", "InternetGateway"))):
        raise call.refusal("InvalidSubnet", f"VPC {vpc} has no internet gateway")


def _arn_suffix(call: Call) -> str:
    return str(call.state["arn"].split(":loadbalancer/")[1])


def _lb_arn(call: Call) -> str:
    kind = _CLASSES[call.inputs.get("loadBalancerType", "application")]
    return str(
        call.render(
            "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/{kind}/{name}/{hex16}",
            kind=kind,
        )
    )


def _dns_name(call: Call) -> str:
    if call.state.get("loadBalancerType") == "network":
        return str(call.render("{name}-{hex}.elb.{region}.amazonaws.com", hex=call.id.rsplit("/", 1)[1]))
    prefix = "internal-" if call.state.get("internal") else ""
    return str(call.render("{prefix}{name}-{digits10}.{region}.elb.amazonaws.com", prefix=prefix))


def _lb_zone(call: Call) -> str:
    if call.region not in REGIONS:
        return ""
    facts = REGIONS[call.region]
    return facts.nlb if call.state.get("loadBalancerType") == "network" else facts.alb


def _lb_vpc(call: Call) -> str:
    record = call.find(SUBNET, next(iter(_subnet_ids(call)), None))
    return str(record.properties["vpcId"]) if record else ""


def _mappings(call: Call) -> list[dict[str, Any]]:
    return [{"subnetId": id} for id in _subnet_ids(call)]


def _lb_protected(call: Call) -> None:
    if call.state.get("enableDeletionProtection"):
        raise call.refusal(
            "OperationNotPermitted",
            f"Load balancer '{call.id}' cannot be deleted because deletion protection is enabled",
        )


def _listeners_die(call: Call) -> None:
    for token, key in ((LISTENER, "loadBalancerArn"),):
        for record in call.siblings(token):
            if record.properties[key] == call.id:
                call.store.remove(call.region, token, record.id)


def _access_logs(call: Call) -> None:
    """Elastic Load Balancing tries the bucket, and only SSE-S3 works."""
    for key in ("accessLogs", "connectionLogs"):
        logs = call.inputs.get(key) or {}
        bucket = call.find(BUCKET, logs.get("bucket"))
        if not logs.get("enabled") or bucket is None:
            continue
        policies = [r for r in call.siblings(aws("s3", "BucketPolicy")) if r.properties["bucket"] == bucket.id]
        place = f"arn:{partition(call.region)}:s3:::{'/'.join(filter(None, (bucket.id, logs.get('prefix'))))}/AWSLogs/"
        allowed = any(_may_deliver(r.properties["policy"], f"{place}{call.account}/") for r in policies)
        encrypted = [
            r
            for r in call.siblings(aws("s3", "BucketServerSideEncryptionConfiguration"))
            if r.properties["bucket"] == bucket.id and "aws:kms" in str(r.properties["rules"])
        ]
        if not allowed or encrypted or bucket.region != call.region:
            raise call.refusal(
                "InvalidConfigurationRequest",
                f"Access Denied for bucket: {bucket.id}. Please check S3bucket permission",
            )


def _may_deliver(policy: str, place: str) -> bool:
    """Whether a bucket's policy lets Elastic Load Balancing, by service or by a region's account, put objects there."""
    for statement in json.loads(policy)["Statement"]:
        principal = statement.get("Principal") or {}
        who = json.dumps(principal)
        delivers = "logdelivery.elasticloadbalancing.amazonaws.com" in who or re.search(r"iam::\d{12}:root", who)
        resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        covers = any(resource.endswith("*") and place.startswith(resource.rstrip("*")) for resource in resources)
        if statement["Effect"] == "Allow" and "s3:PutObject" in statement["Action"] and delivers and covers:
            return True
    return False


def _tg_algorithm(call: Call) -> None:
    algorithm = call.inputs.get("loadBalancingAlgorithmType", "round_robin")
    if call.inputs.get("loadBalancingAnomalyMitigation") == "on" and algorithm != "weighted_random":
        raise call.refusal(
            "InvalidConfigurationRequest",
            "Anomaly mitigation is available only with the weighted_random load balancing algorithm",
        )
    slow_start = call.inputs.get("slowStart") or 0
    if slow_start and algorithm != "round_robin":
        raise call.refusal(
            "InvalidConfigurationRequest",
            f"Slow start is available only with the round_robin load balancing algorithm, not with {algorithm}",
        )
    if slow_start and not 30 <= slow_start <= 900:
        raise call.refusal("ValidationError", f"Slow start duration '{slow_start}' must be 0 or between 30 and 900")


def _one_balancer(call: Call) -> None:
    """A target group serves one load balancer."""
    for action in call.inputs.get("defaultActions") or []:
        group = call.find(TARGET_GROUP, action.get("targetGroupArn"))
        for other in call.siblings(LISTENER) if group else ():
            elsewhere = other.properties["loadBalancerArn"] != call.inputs["loadBalancerArn"]
            if elsewhere and group and group.id in str(other.properties.get("defaultActions")):
                raise call.refusal(
                    "TargetGroupAssociationLimit",
                    "The following target groups cannot be associated with more than one load balancer: " + group.id,
                )


def _tg_shape(call: Call) -> None:
    if call.inputs.get("targetType", "instance") != "lambda":
        missing = [key for key in ("port", "protocol", "vpcId") if not call.inputs.get(key)]
        if missing:
            raise call.refusal("ValidationError", f"'{missing[0]}' must be specified")
    check = call.inputs.get("healthCheck") or {}
    if check.get("timeout") and check.get("interval") and check["timeout"] >= check["interval"]:
        raise call.refusal("ValidationError", "Health check interval must be greater than the timeout.")


def _tg_balancers(call: Call) -> list[str]:
    found = set()
    for token, key in ((LISTENER, "defaultActions"), (RULE, "actions")):
        for record in call.siblings(token):
            if call.id in str(record.properties.get(key)):
                listener = record if token == LISTENER else call.find(LISTENER, record.properties["listenerArn"])
                if listener:
                    found.add(listener.properties["loadBalancerArn"])
    return sorted(found)


def _tg_health(call: Call) -> dict[str, Any]:
    given = call.inputs.get("healthCheck") or {}
    tcp = call.inputs.get("protocol") in ("TCP", "TLS", "UDP", "TCP_UDP")
    base = {
        "enabled": True,
        "healthyThreshold": 3,
        "unhealthyThreshold": 3,
        "interval": 30,
        "port": "traffic-port",
        "protocol": "TCP" if tcp else "HTTP",
        "timeout": 10 if tcp else 5,
    }
    http = {} if given.get("protocol", base["protocol"]) == "TCP" else {"path": "/", "matcher": "200"}
    return {**base, **http, **given}


def _tg_fill(call: Call) -> None:
    call.state["healthCheck"] = _tg_health(call)


def _https(call: Call) -> None:
    secure = call.inputs.get("protocol") in ("HTTPS", "TLS")
    if secure and not call.inputs.get("certificateArn"):
        raise call.refusal("ValidationError", "A certificate must be specified for HTTPS listeners")
    if not secure and call.inputs.get("certificateArn"):
        raise call.refusal("ValidationError", "You cannot specify a certificate for an HTTP listener")
    certificate = call.find(CERTIFICATE, call.inputs.get("certificateArn"))
    if certificate and certificate.properties.get("status") != "ISSUED":
        raise call.refusal(
            "UnsupportedCertificate",
            f"The certificate '{certificate.id}' must have a fully-qualified domain name, a "
            "supported signature, and a supported key size.",
        )


def _default_listener(call: Call) -> str:
    balancer = call.find(LOAD_BALANCER, call.inputs["loadBalancerArn"])
    return "HTTP" if balancer and balancer.properties.get("loadBalancerType", "application") == "application" else "TCP"


def _listener_arn(call: Call) -> str:
    return str(call.inputs["loadBalancerArn"].replace(":loadbalancer/", ":listener/") + f"/{scramble('hex', 16)}")


def _rule_arn(call: Call) -> str:
    return str(call.inputs["listenerArn"].replace(":listener/", ":listener-rule/") + f"/{scramble('hex', 16)}")


def _next_priority(call: Call) -> int:
    taken = [
        r.properties["priority"] for r in call.siblings() if r.properties["listenerArn"] == call.inputs["listenerArn"]
    ]
    return max(taken, default=0) + 1


# Certificates


def _names(call: Call) -> list[str]:
    return list(dict.fromkeys([call.get("domainName", ""), *(call.inputs.get("subjectAlternativeNames") or [])]))


def _validation_options(call: Call) -> list[dict[str, str]]:
    """One CNAME per name. The token depends on account and name alone: two regions ask for the same record."""
    if call.inputs.get("validationMethod") != "DNS":
        return []
    options = []
    for name in _names(call):
        bare = name.removeprefix("*.")
        options.append(
            {
                "domainName": name,
                "resourceRecordName": f"_{_token(call, bare)}.{bare}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": (
                    f"_{_token(call, bare + '=')}.{_token(call, bare + '-')[:10]}.acm-validations.aws."
                ),
            }
        )
    return options


def _token(call: Call, text: str) -> str:
    return hashlib.sha256(f"{call.account}/{text}".encode()).hexdigest()[:32]


def _validated(call: Call) -> None:
    """ACM issues once it sees the records. One that is not there is waited for, here not for 75 minutes."""
    certificate = call.find(CERTIFICATE, call.inputs["certificateArn"])
    if certificate is None:
        return
    zones = [zone.properties["name"].rstrip(".") for zone in call.siblings(ZONE)]
    for option in certificate.properties.get("domainValidationOptions", []):
        name = option["resourceRecordName"].rstrip(".")
        owned = any(option["domainName"].removeprefix("*.").endswith(zone) for zone in zones)
        if owned and not any(r.properties["fqdn"].rstrip(".") == name for r in call.siblings(RECORD)):
            raise call.refusal(
                "RequestTimeout",
                f"waiting for ACM Certificate ({certificate.id}) to be issued: timeout while waiting "
                f"for state to become 'ISSUED' (last state: 'PENDING_VALIDATION'): no record {name}",
            )
    issued = {
        "status": "ISSUED",
        "notBefore": call.now(),
        "notAfter": _in_a_year(call),
        "renewalEligibility": "INELIGIBLE",
    }
    call.store.write(call.region, CERTIFICATE, certificate.id, issued)


def _in_a_year(call: Call) -> str:
    return datetime.fromtimestamp(call.store.clock() + 395 * 86400, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# DNS


def _zone_name(call: Call) -> str:
    return str(call.inputs["name"].rstrip("."))


def _name_servers(call: Call) -> list[str]:
    seed = sum(call.id.encode())
    return [
        f"ns-{(seed * 7 + i * 512) % 2048}.awsdns-{(seed + i * 13) % 64:02}.{tld}"
        for i, tld in enumerate(("com", "net", "org", "co.uk"))
    ]


def _zone_empty(call: Call) -> None:
    if call.state.get("forceDestroy"):
        for record in call.siblings(RECORD):
            if record.properties["zoneId"] == call.id:
                call.store.remove(call.region, RECORD, record.id)
    elif any(record.properties["zoneId"] == call.id for record in call.siblings(RECORD)):
        raise call.refusal(
            "HostedZoneNotEmpty",
            "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.",
        )


def _fqdn(call: Call) -> str:
    zone = call.find(ZONE, call.inputs["zoneId"])
    name = str(call.inputs["name"]).rstrip(".").lower()
    parent = str(zone.properties["name"]).rstrip(".").lower() if zone else ""
    return name if not parent or name == parent or name.endswith(f".{parent}") else f"{name}.{parent}".lstrip(".")


def _record_once(call: Call) -> None:
    name, kind = _fqdn(call), call.inputs["type"]
    mine = call.inputs.get("setIdentifier")
    for other in call.siblings():
        held = other.properties
        if (held["zoneId"], held["fqdn"], held["type"]) != (call.inputs["zoneId"], name, kind):
            continue
        if held.get("setIdentifier") == mine:
            if call.inputs.get("allowOverwrite"):
                call.store.remove(other.region, RECORD, other.id)
                continue
            what = f", set identifier='{mine}'" if mine else ""
            raise call.refusal(
                "InvalidChangeBatch",
                f"[Tried to create resource record set [name='{name}.', type='{kind}'{what}] but it already exists]",
            )
        if bool(held.get("setIdentifier")) != bool(mine) or _routing(held) != _routing(call.inputs):
            raise call.refusal(
                "InvalidChangeBatch",
                f"[RRSet with DNS name {name}., type {kind} cannot be created as a simple and another "
                "routing policy exist side by side]",
            )
        if _failover(held) and _failover(held) == _failover(call.inputs):
            raise call.refusal(
                "InvalidChangeBatch",
                f"[Failover resource record set [name='{name}.', type='{kind}'] has a "
                f"{_failover(held)} record already]",
            )


_POLICIES = (
    "failoverRoutingPolicies",
    "weightedRoutingPolicies",
    "latencyRoutingPolicies",
    "geolocationRoutingPolicies",
    "geoproximityRoutingPolicy",
    "cidrRoutingPolicy",
    "multivalueAnswerRoutingPolicy",
)


def _routing(properties: Mapping[str, Any]) -> list[str]:
    return [policy for policy in _POLICIES if properties.get(policy)]


def _failover(properties: Mapping[str, Any]) -> str:
    policies = properties.get("failoverRoutingPolicies") or [{}]
    return str(policies[0].get("type", ""))


def _record_shape(call: Call) -> None:
    if bool(call.inputs.get("records")) == bool(call.inputs.get("aliases")):
        raise call.refusal(
            "InvalidInput",
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
            "ResourceRecords], or TrafficPolicyInstanceId], but found none or more than one",
        )
    if call.inputs.get("records") and call.inputs.get("ttl") is None:
        raise call.refusal("InvalidInput", "Invalid request: Missing field 'TTL' in Change")
    if _routing(call.inputs) and not call.inputs.get("setIdentifier"):
        raise call.refusal("InvalidInput", '"set_identifier": required when using a routing policy')
    zone = call.find(ZONE, call.inputs["zoneId"])
    apex = zone and _fqdn(call) == zone.properties["name"].rstrip(".")
    if apex and call.inputs["type"] == "CNAME":
        raise call.refusal(
            "InvalidChangeBatch",
            f"[RRSet of type CNAME with DNS name {_fqdn(call)}. is not permitted at apex in zone {_fqdn(call)}.]",
        )


def _alias_is_there(call: Call) -> None:
    """An alias of a record in its own zone must find that record."""
    for alias in call.inputs.get("aliases") or ():
        name = str(alias["name"]).rstrip(".").lower()
        here = alias.get("zoneId") == call.inputs["zoneId"]
        held = (r.properties for r in call.siblings())
        if here and not any((h["fqdn"], h["type"]) == (name, call.inputs["type"]) for h in held):
            raise call.refusal(
                "InvalidChangeBatch",
                f"[Tried to create an alias that targets {name}., type {call.inputs['type']} in zone "
                f"{call.inputs['zoneId']}, but that target was not found]",
            )


def _record_id(call: Call) -> str:
    parts = [call.inputs["zoneId"], _fqdn(call), call.inputs["type"]]
    return "_".join([*parts, call.inputs["setIdentifier"]] if call.inputs.get("setIdentifier") else parts)


def _check_shape(call: Call) -> None:
    kind = call.inputs["type"]
    given = call.inputs
    if kind in ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP") and not (
        given.get("fqdn") or given.get("ipAddress")
    ):
        raise call.refusal(
            "InvalidInput",
            "Invalid parameter : either IPAddress or FullyQualifiedDomainName must be specified",
        )
    if kind.endswith("STR_MATCH") and not given.get("searchString"):
        raise call.refusal("InvalidInput", "Invalid parameter : SearchString must be specified")
    if kind == "TCP" and not given.get("port"):
        raise call.refusal("InvalidInput", "Invalid parameter : Port must be specified")
    if given.get("requestInterval") not in (None, 10, 30) or (
        kind not in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL") and not given.get("requestInterval")
    ):
        raise call.refusal("InvalidInput", "Invalid parameter : RequestInterval must be 10 or 30")
    if kind == "CLOUDWATCH_METRIC" and not (given.get("cloudwatchAlarmName") and given.get("cloudwatchAlarmRegion")):
        raise call.refusal("InvalidInput", "Invalid parameter : AlarmIdentifier must be specified")
    if kind == "CALCULATED" and not given.get("childHealthchecks"):
        raise call.refusal("InvalidInput", "Invalid parameter : ChildHealthChecks must be specified")


def _endpoint_check(value: Any, otherwise: Any) -> Value:
    return lambda call: (
        value if call.inputs["type"] not in ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL") else otherwise
    )


LB_LISTENER_HEADERS = tuple(
    f"routingHttp{name}"
    for name in (
        "RequestXAmznMtlsClientcertHeaderName",
        "RequestXAmznMtlsClientcertIssuerHeaderName",
        "RequestXAmznMtlsClientcertLeafHeaderName",
        "RequestXAmznMtlsClientcertSerialNumberHeaderName",
        "RequestXAmznMtlsClientcertSubjectHeaderName",
        "RequestXAmznMtlsClientcertValidityHeaderName",
        "RequestXAmznTlsCipherSuiteHeaderName",
        "RequestXAmznTlsVersionHeaderName",
        "ResponseAccessControlAllowCredentialsHeaderValue",
        "ResponseAccessControlAllowHeadersHeaderValue",
        "ResponseAccessControlAllowMethodsHeaderValue",
        "ResponseAccessControlAllowOriginHeaderValue",
        "ResponseAccessControlExposeHeadersHeaderValue",
        "ResponseAccessControlMaxAgeHeaderValue",
        "ResponseContentSecurityPolicyHeaderValue",
        "ResponseStrictTransportSecurityHeaderValue",
        "ResponseXContentTypeOptionsHeaderValue",
        "ResponseXFrameOptionsHeaderValue",
    )
)

SPECS: tuple[TypeSpec, ...] = (
    TypeSpec(
        token=LOAD_BALANCER,
        service="elbv2",
        calls=Calls(
            "CreateLoadBalancer",
            "DescribeLoadBalancers",
            "ModifyLoadBalancerAttributes",
            "DeleteLoadBalancer",
        ),
        id=_lb_arn,
        replace_on=("name", "namePrefix", "internal", "loadBalancerType", "customerOwnedIpv4Pool"),
        requires={
            "subnets": IN_SUBNET,
            "subnetMappings.subnetId": IN_SUBNET,
            "securityGroups": IN_GROUP,
            "accessLogs.bucket": Ref(BUCKET),
            "connectionLogs.bucket": Ref(BUCKET),
        },
        autoname="name",
        name_length=32,
        defaults={
            "clientKeepAlive": 3600,
            "desyncMitigationMode": "defensive",
            "dropInvalidHeaderFields": False,
            "enableDeletionProtection": False,
            "enableHttp2": True,
            "enableTlsVersionAndCipherSuiteHeaders": False,
            "enableWafFailOpen": False,
            "enableXffClientPort": False,
            "enableZonalShift": False,
            "idleTimeout": 60,
            "loadBalancerType": "application",
            "preserveHostHeader": False,
            "xffHeaderProcessingMode": "append",
        },
        outputs={
            "arn": "{id}",
            "arnSuffix": _arn_suffix,
            "internal": False,
            "dnsName": _dns_name,
            "zoneId": _lb_zone,
            "vpcId": _lb_vpc,
            "ipAddressType": "ipv4",
            "subnets": _subnet_ids,
            "subnetMappings": _mappings,
            "enablePrefixForIpv6SourceNat": "",
            "secondaryIpsAutoAssignedPerSubnet": 0,
        },
        empty=("securityGroups", "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"),
        members={"loadBalancerType": "Type", "tags": "", "subnetMappings": ""},
        unique=("name",),
        taken=Refusal(
            "DuplicateLoadBalancerName",
            "A load balancer with the same name '{name}' exists, but with different settings",
        ),
        not_found=Refusal("LoadBalancerNotFound", "One or more load balancers not found"),
        on_create=(_name, _subnets, _public_needs_gateway, _access_logs),
        on_update=(_subnets, _access_logs),
        on_delete=(_lb_protected,),
        after_delete=(_listeners_die,),
    ),
    TypeSpec(
        token=TARGET_GROUP,
        service="elbv2",
        calls=Calls("CreateTargetGroup", "DescribeTargetGroups", "ModifyTargetGroup", "DeleteTargetGroup"),
        id="arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex16}",
        replace_on=(
            "name",
            "namePrefix",
            "port",
            "protocol",
            "protocolVersion",
            "vpcId",
            "targetType",
            "ipAddressType",
        ),
        requires={"vpcId": IN_VPC},
        autoname="name",
        name_length=32,
        defaults={
            "deregistrationDelay": 300,
            "lambdaMultiValueHeadersEnabled": False,
            "proxyProtocolV2": False,
            "slowStart": 0,
            "targetType": "instance",
        },
        outputs={
            "arn": "{id}",
            "arnSuffix": lambda call: call.id.rsplit(":", 1)[1],
            "ipAddressType": "ipv4",
            "loadBalancingAlgorithmType": "round_robin",
            "loadBalancingAnomalyMitigation": "off",
            "loadBalancingCrossZoneEnabled": "use_load_balancer_configuration",
            "protocolVersion": "HTTP1",
            "stickiness": {"enabled": False, "type": "lb_cookie", "cookieDuration": 86400, "cookieName": ""},
            "targetGroupHealth": {
                "dnsFailover": {"minimumHealthyTargetsCount": "1", "minimumHealthyTargetsPercentage": "off"},
                "unhealthyStateRouting": {
                    "minimumHealthyTargetsCount": 1,
                    "minimumHealthyTargetsPercentage": "off",
                },
            },
            "healthCheck": _tg_health,
        },
        live={"loadBalancerArns": _tg_balancers},
        # For network and gateway load balancers.
        empty=("connectionTermination", "preserveClientIp", "targetFailovers", "targetHealthStates"),
        members={"tags": "", "healthCheck": ""},
        unique=("name",),
        taken=Refusal(
            "DuplicateTargetGroupName",
            "A target group with the same name '{name}' exists, but with different settings",
        ),
        not_found=Refusal("TargetGroupNotFound", "One or more target groups not found"),
        in_use=Refusal("ResourceInUse", "Target group '{id}' is currently in use by a listener or a rule"),
        on_create=(_name, _tg_shape, _tg_algorithm),
        on_update=(_tg_shape, _tg_algorithm),
        after_create=(_tg_fill,),
        after_update=(_tg_fill,),
    ),
    TypeSpec(
        token=LISTENER,
        service="elbv2",
        calls=Calls("CreateListener", "DescribeListeners", "ModifyListener", "DeleteListener"),
        id=_listener_arn,
        replace_on=("loadBalancerArn",),
        requires={
            "loadBalancerArn": Ref(LOAD_BALANCER),
            "certificateArn": Ref(CERTIFICATE, blocks=True),
            "defaultActions.targetGroupArn": Ref(TARGET_GROUP, blocks=True),
            "defaultActions.forward.targetGroups.arn": Ref(TARGET_GROUP, blocks=True),
        },
        outputs={
            "arn": "{id}",
            "protocol": _default_listener,
            "routingHttpResponseServerEnabled": True,
            "sslPolicy": lambda call: "ELBSecurityPolicy-2016-08" if call.get("protocol") in ("HTTPS", "TLS") else "",
            "mutualAuthentication": {"mode": "off"},
        },
        empty=("tcpIdleTimeoutSeconds", *LB_LISTENER_HEADERS),
        members={"tags": "", "defaultActions": ""},
        unique=("loadBalancerArn", "port"),
        taken=Refusal(
            "DuplicateListener",
            "A listener already exists on this port for this load balancer '{loadBalancerArn}'",
        ),
        not_found=Refusal("ListenerNotFound", "One or more listeners not found"),
        on_create=(_https, _one_balancer),
        on_update=(_https, _one_balancer),
    ),
    TypeSpec(
        token=RULE,
        service="elbv2",
        calls=Calls("CreateRule", "DescribeRules", "ModifyRule", "DeleteRule"),
        id=_rule_arn,
        replace_on=("listenerArn",),
        requires={
            "listenerArn": Ref(LISTENER),
            "actions.targetGroupArn": Ref(TARGET_GROUP, blocks=True),
            "actions.forward.targetGroups.arn": Ref(TARGET_GROUP, blocks=True),
        },
        outputs={"arn": "{id}", "priority": _next_priority},
        members={"tags": "", "actions": "", "conditions": ""},
        unique=("listenerArn", "priority"),
        taken=Refusal("PriorityInUse", "Priority '{priority}' is currently in use"),
    ),
    TypeSpec(
        token=CERTIFICATE,
        service="acm",
        calls=Calls("RequestCertificate", "DescribeCertificate", "UpdateCertificateOptions", "DeleteCertificate"),
        id="arn:{partition}:acm:{region}:{account}:certificate/{uuid}",
        replace_on=(
            "domainName",
            "subjectAlternativeNames",
            "validationMethod",
            "keyAlgorithm",
            "validationOptions",
            "certificateAuthorityArn",
        ),
        requires={},
        outputs={
            "arn": "{id}",
            "status": "PENDING_VALIDATION",
            "type": "AMAZON_ISSUED",
            "subjectAlternativeNames": _names,
            "domainValidationOptions": _validation_options,
            "keyAlgorithm": "RSA_2048",
            "options": {
                "certificateTransparencyLoggingPreference": "ENABLED",
                "export": "DISABLED",
            },
            "pendingRenewal": False,
            "renewalEligibility": "INELIGIBLE",
        },
        empty=(
            "notAfter",
            "notBefore",
            "renewalSummaries",
            "validationEmails",
            "domainName",
            "validationMethod",
        ),
        secret=("privateKey",),
        write_only={"privateKeyWo": "privateKeyWoVersion"},
        members={"tags": "", "validationOptions": ""},
        not_found=Refusal("ResourceNotFoundException", "Could not find certificate {value}."),
        in_use=Refusal("ResourceInUseException", "Certificate {id} is in use."),
    ),
    TypeSpec(
        token=aws("acm", "CertificateValidation"),
        service="acm",
        calls=Calls("DescribeCertificate", "DescribeCertificate", "", "DescribeCertificate"),
        id="{now}",
        replace_on=("certificateArn", "validationRecordFqdns"),
        requires={"certificateArn": Ref(CERTIFICATE)},
        on_create=(_validated,),
    ),
    TypeSpec(
        token=ZONE,
        service="route53",
        scope="global",
        calls=Calls("CreateHostedZone", "GetHostedZone", "UpdateHostedZoneComment", "DeleteHostedZone"),
        id="Z{upper20}",
        replace_on=("name", "delegationSetId"),
        requires={"vpcs.vpcId": Ref(aws("ec2", "Vpc"), anywhere=True)},
        defaults={"comment": "Managed by Pulumi", "forceDestroy": False},
        outputs={
            "arn": "arn:{partition}:route53:::hostedzone/{id}",
            "zoneId": "{id}",
            "nameServers": _name_servers,
            "primaryNameServer": lambda call: call.state["nameServers"][0],
            "enableAcceleratedRecovery": False,
        },
        autoname="name",
        members={"tags": ""},
        not_found=Refusal("NoSuchHostedZone", "No hosted zone found with ID: {value}"),
        on_delete=(_zone_empty,),
    ),
    TypeSpec(
        token=RECORD,
        service="route53",
        scope="global",
        calls=Calls(
            "ChangeResourceRecordSets",
            "ListResourceRecordSets",
            "ChangeResourceRecordSets",
            "ChangeResourceRecordSets",
        ),
        id=_record_id,
        replace_on=("zoneId", "name", "type", "setIdentifier"),
        requires={"zoneId": Ref(ZONE), "healthCheckId": Ref(HEALTH_CHECK)},
        outputs={"fqdn": _fqdn},
        empty=("allowOverwrite",),
        on_create=(_record_shape, _alias_is_there, _record_once),
        on_update=(
            _record_shape,
            _alias_is_there,
        ),
    ),
    TypeSpec(
        token=HEALTH_CHECK,
        service="route53",
        scope="global",
        calls=Calls("CreateHealthCheck", "GetHealthCheck", "UpdateHealthCheck", "DeleteHealthCheck"),
        id="{uuid}",
        replace_on=(
            "type",
            "requestInterval",
            "measureLatency",
            "referenceName",
            "routingControlArn",
            "triggers",
        ),
        requires={"childHealthchecks": Ref(HEALTH_CHECK, blocks=True)},
        defaults={"disabled": False, "measureLatency": False},
        outputs={
            "arn": "arn:{partition}:route53:::healthcheck/{id}",
            "failureThreshold": _endpoint_check(3, 0),
            "enableSni": lambda call: call.inputs["type"].startswith("HTTPS"),
        },
        empty=("regions", "triggers"),
        members={"tags": ""},
        not_found=Refusal("NoSuchHealthCheck", "A health check with id {value} does not exist."),
        in_use=Refusal("HealthCheckInUse", "Health check {id} is in use by {user}."),
        on_create=(_check_shape,),
        on_update=(_check_shape,),
    ),
)
