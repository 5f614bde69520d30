"""Load balancers, certificates, the web application firewall, DNS."""

from __future__ import annotations

import re
from functools import partial

from policies.graph import Graph, Node
from policies.rule import Rule, every
from policies.tokens import (
    CERTIFICATE,
    LISTENERS,
    LOAD_BALANCERS,
    QUERY_LOG,
    TARGET_GROUPS,
    WEB_ACL,
    WEB_ACL_LOGGING,
    ZONE,
)

_rule = partial(Rule, family="security")

STRONG_TLS = re.compile(r"ELBSecurityPolicy-TLS13-1-(2|3)(-Res)?(-FIPS)?(-PQ)?-\d{4}-\d{2}")
"""TLS 1.3, and 1.2 at least: neither the Ext policies, nor TLS13-1-0 and -1-1, nor anything older; without a policy AWS
takes 2016-08 (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html)."""

STRONG_KEYS = ("RSA_2048", "RSA_3072", "RSA_4096", "EC_prime256v1", "EC_secp384r1", "EC_secp521r1")


def is_application(graph: Graph, node: Node) -> bool:
    """Whether a load balancer is an Application Load Balancer, as it is unless it says otherwise."""
    return node.get("loadBalancerType") in ("application", None)


def is_public(graph: Graph, node: Node) -> bool:
    """Whether a load balancer faces the internet, as it does unless it says otherwise."""
    return node.get("internal") is not True


def _only_redirects(graph: Graph, node: Node) -> bool:
    actions = node.items("defaultActions")
    return bool(actions) and all(
        a.get("type") == "redirect" and (a.get("redirect") or {}).get("protocol") == "HTTPS" for a in actions
    )


def _rules_of(node: Node) -> list[object]:
    return node.items("rules") or ([node.get("ruleJson")] if node.has("ruleJson") else [])


def _managed_groups(node: Node) -> set[str]:
    groups = (
        ((r.get("statement") or {}).get("managedRuleGroupStatement") or {}).get("name") for r in node.items("rules")
    )
    return {name for name in groups if isinstance(name, str)}


STRONG_CIPHERS = _rule(
    id="listener-strong-tls",
    severity="high",
    protects="Clients reach the platform over TLS 1.2 at least, with current ciphers.",
    why="A listener without a policy gets one from 2016 that takes TLS 1.0.",
    references=("fsbp:ELB.17", "ckv:CKV_AWS_103", "ckv:CKV2_AWS_74", "M14"),
    fix="Set ssl_policy to ELBSecurityPolicy-TLS13-1-2-Res-2021-06 or newer.",
    check=every(
        LISTENERS,
        lambda g, n: isinstance(p := n.get("sslPolicy"), str) and STRONG_TLS.fullmatch(p),
        "ssl_policy takes old TLS or weak ciphers, or is not set",
        where=lambda g, n: n.get("protocol") in ("HTTPS", "TLS"),
    ),
)

HTTP_REDIRECTS = _rule(
    id="listener-http-redirects",
    severity="high",
    protects="Plain HTTP does nothing but redirect to HTTPS.",
    why="An order sent in clear can be read and changed on the way.",
    references=("fsbp:ELB.1", "ckv:CKV2_AWS_20", "ckv:CKV_AWS_2", "M14"),
    fix="Make the HTTP listener's default action a redirect to HTTPS.",
    check=every(
        LISTENERS,
        _only_redirects,
        "it serves something else than a redirect to HTTPS",
        where=lambda g, n: n.get("protocol") not in ("HTTPS", "TLS", "TCP", "UDP"),
    ),
)

LISTENER_CERTIFIED = _rule(
    id="listener-certificate",
    severity="high",
    protects="Every HTTPS listener has a certificate of this account.",
    why="Without one nobody can tell the platform from an impostor.",
    references=("fsbp:ELB.2",),
    fix="Set certificate_arn to an issued ACM certificate of the region.",
    check=every(
        LISTENERS,
        lambda g, n: n.has("certificateArn"),
        "it has no certificate",
        where=lambda g, n: n.get("protocol") in ("HTTPS", "TLS"),
    ),
)

BACKEND_TLS = _rule(
    id="target-group-tls",
    severity="high",
    protects="What the load balancer sends on to the application is encrypted too.",
    why="TLS that ends at the load balancer leaves orders in clear inside the VPC.",
    references=("ckv:CKV_AWS_378", "M14"),
    fix="Set protocol to HTTPS, and a certificate on the targets.",
    check=every(
        TARGET_GROUPS,
        lambda g, n: n.get("protocol") in ("HTTPS", "TLS", "TCP"),
        "protocol is not HTTPS",
        where=lambda g, n: n.get("targetType") != "lambda",
    ),
)

TARGET_HEALTH = _rule(
    id="target-group-health-check",
    severity="medium",
    protects="A target gets requests only while its own health path says so.",
    why="AWS's default asks for /, which a broken application may well answer.",
    references=("ckv:CKV_AWS_261",),
    fix="Set health_check.path.",
    check=every(TARGET_GROUPS, lambda g, n: n.has("healthCheck.path"), "it has no health check of its own"),
)

ALB_PROTECTED = _rule(
    id="alb-deletion-protection",
    severity="medium",
    protects="No load balancer is deleted by mistake.",
    why="A new one has a new name, and clients wait for DNS.",
    references=("fsbp:ELB.6", "ckv:CKV_AWS_150"),
    fix="Set enable_deletion_protection.",
    check=every(
        LOAD_BALANCERS, lambda g, n: n.get("enableDeletionProtection") is True, "enable_deletion_protection is not set"
    ),
)

ALB_HEADERS = _rule(
    id="alb-drops-invalid-headers",
    severity="medium",
    protects="Malformed headers do not reach the application.",
    why="They are how one request is smuggled inside another.",
    references=("fsbp:ELB.4", "ckv:CKV_AWS_131"),
    fix="Set drop_invalid_header_fields.",
    check=every(
        LOAD_BALANCERS,
        lambda g, n: n.get("dropInvalidHeaderFields") is True,
        "drop_invalid_header_fields is not set",
        where=is_application,
    ),
)

ALB_DESYNC = _rule(
    id="alb-desync-mitigation",
    severity="medium",
    protects="Ambiguous requests are refused or isolated.",
    why="Two servers that read one request differently can be made to mix up clients.",
    references=("fsbp:ELB.12", "ckv:CKV_AWS_328"),
    fix="Set desync_mitigation_mode to defensive or strictest.",
    check=every(
        LOAD_BALANCERS,
        lambda g, n: n.get("desyncMitigationMode") in ("defensive", "strictest", None),
        "desync_mitigation_mode lets ambiguous requests through",
        where=is_application,
    ),
)

ALB_LOGS = _rule(
    id="alb-access-logs",
    severity="medium",
    protects="Every request is on record.",
    why="A disputed order, or an attack, can otherwise not be reconstructed.",
    references=("fsbp:ELB.5", "ckv:CKV_AWS_91"),
    fix="Set access_logs with a bucket, and enabled.",
    check=every(
        LOAD_BALANCERS,
        lambda g, n: n.get("accessLogs.enabled") is True and n.has("accessLogs.bucket"),
        "access_logs is not enabled",
    ),
)

WAF_HAS_RULES = _rule(
    id="waf-has-rules",
    severity="high",
    protects="A web ACL holds something back.",
    why="An empty one lets everything through, and looks like protection.",
    references=("fsbp:WAF.10", "ckv:CKV_AWS_175"),
    fix="Add rules.",
    check=every(WEB_ACL, lambda g, n: _rules_of(n), "it has no rules"),
)

WAF_RULES_ACT = _rule(
    id="waf-rules-act",
    severity="high",
    protects="Every rule of a web ACL says what happens on a match.",
    why="AWS refuses a rule without, and counting only protects nobody.",
    references=("ckv:CKV_AWS_342",),
    fix="Set action for a rule, override_action for a rule group.",
    check=every(
        WEB_ACL,
        lambda g, n: all(r.get("action") or r.get("overrideAction") for r in n.items("rules")),
        "a rule has neither action nor override_action",
    ),
)

WAF_BAD_INPUTS = _rule(
    id="waf-known-bad-inputs",
    severity="high",
    protects="Requests that carry known exploits, such as Log4Shell's, are refused.",
    why="They are tried against every address on the internet.",
    references=("ckv:CKV_AWS_192",),
    fix="Add AWSManagedRulesKnownBadInputsRuleSet.",
    check=every(
        WEB_ACL,
        lambda g, n: "AWSManagedRulesKnownBadInputsRuleSet" in _managed_groups(n) or n.has("ruleJson"),
        "AWSManagedRulesKnownBadInputsRuleSet is missing",
    ),
)

WAF_LOGS = _rule(
    id="waf-logged",
    severity="medium",
    protects="What the firewall refused is on record.",
    why="A false alarm that locks a client out can otherwise not be found.",
    references=("fsbp:WAF.11", "ckv:CKV2_AWS_31"),
    fix="Add an aws.wafv2.WebAclLoggingConfiguration.",
    check=every(WEB_ACL, lambda g, n: g.referrers(n, "resourceArn", WEB_ACL_LOGGING), "its log is off"),
)

WAF_METRICS = _rule(
    id="waf-metrics",
    severity="low",
    protects="What the firewall does can be seen and alarmed on.",
    why="A rule that begins to refuse customers shows in no other figure.",
    references=("fsbp:WAF.12",),
    fix="Set visibility_config.cloudwatch_metrics_enabled.",
    check=every(
        WEB_ACL,
        lambda g, n: n.get("visibilityConfig.cloudwatchMetricsEnabled") is True,
        "cloudwatch_metrics_enabled is not set",
    ),
)

CERTIFICATE_BY_DNS = _rule(
    id="certificate-validated-by-dns",
    severity="medium",
    protects="Certificates renew by themselves.",
    why="One that is validated by mail expires when nobody clicks.",
    references=("fsbp:ACM.1",),
    fix='Set validation_method to "DNS".',
    check=every(
        CERTIFICATE,
        lambda g, n: n.get("validationMethod") == "DNS",
        'validation_method is not "DNS"',
        where=lambda g, n: not n.has("privateKey"),
    ),
)

CERTIFICATE_NO_WILDCARD = _rule(
    id="certificate-no-wildcard",
    severity="medium",
    protects="A stolen certificate serves one name only.",
    why="A wildcard stands for names that nobody thought of.",
    references=("ckv:CKV2_AWS_71",),
    fix="Name the domains.",
    check=every(
        CERTIFICATE,
        lambda g, n: (
            not any(str(name).startswith("*") for name in [n.get("domainName"), *n.items("subjectAlternativeNames")])
        ),
        "it is for a wildcard",
    ),
)

CERTIFICATE_TRANSPARENT = _rule(
    id="certificate-transparency",
    severity="low",
    protects="Certificates are published, so that a forged one shows.",
    why="Browsers refuse unpublished ones besides.",
    references=("ckv:CKV_AWS_234",),
    fix="Leave options.certificate_transparency_logging_preference at ENABLED.",
    check=every(
        CERTIFICATE,
        lambda g, n: n.get("options.certificateTransparencyLoggingPreference") in ("ENABLED", None),
        "certificate transparency is off",
    ),
)

CERTIFICATE_KEY = _rule(
    id="certificate-strong-key",
    severity="high",
    protects="Certificates have keys of 2048 bits or an elliptic curve.",
    why="Shorter ones can be broken.",
    references=("fsbp:ACM.2",),
    fix="Leave key_algorithm alone, or choose RSA_2048 or better.",
    check=every(CERTIFICATE, lambda g, n: n.get("keyAlgorithm") in (*STRONG_KEYS, None), "key_algorithm is too weak"),
)

ZONE_QUERIES = _rule(
    id="zone-query-log",
    severity="medium",
    protects="Who asks for the platform's names is on record.",
    why="It shows an attack by DNS, and a client that still holds an old answer.",
    references=("fsbp:Route53.2", "ckv:CKV2_AWS_39"),
    fix="Add an aws.route53.QueryLog for the zone, in us-east-1.",
    check=every(
        ZONE,
        lambda g, n: g.referrers(n, "zoneId", QUERY_LOG),
        "queries are not logged",
        where=lambda g, n: not n.has("vpcs"),
    ),
)

RULES = (
    STRONG_CIPHERS,
    HTTP_REDIRECTS,
    LISTENER_CERTIFIED,
    BACKEND_TLS,
    TARGET_HEALTH,
    ALB_PROTECTED,
    ALB_HEADERS,
    ALB_DESYNC,
    ALB_LOGS,
    WAF_HAS_RULES,
    WAF_RULES_ACT,
    WAF_BAD_INPUTS,
    WAF_LOGS,
    WAF_METRICS,
    CERTIFICATE_BY_DNS,
    CERTIFICATE_NO_WILDCARD,
    CERTIFICATE_TRANSPARENT,
    CERTIFICATE_KEY,
    ZONE_QUERIES,
)
