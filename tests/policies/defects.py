"""One defect for every rule: the change that must make it speak, and the others that then speak too."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import Any

from policies import types as t
from policies.graph import Node
from tests.policies.world import Change, Mode, add, drop, point, put, unprotect


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """rule: which must speak. also: which others do. modes: where it can be seen; estate rules need known values."""

    rule: str
    change: Change
    also: frozenset[str] = frozenset()
    modes: tuple[Mode, ...] = ("known", "preview")


def _defect(rule: str, change: Change, *also: str, modes: tuple[Mode, ...] = ("known", "preview")) -> Defect:
    return Defect(rule=rule, change=change, also=frozenset(also), modes=modes)


def _document(*, action: str = "s3:ListBucket", resource: str = "arn:aws:s3:::b", **extra: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **extra}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _policy(**parts: Any) -> Change:
    return add(t.ROLE_POLICY, "wrong", policy=_document(**parts))


OPEN = _document(Principal="*")
NOT_TLS = _document(Principal={"AWS": "arn:aws:iam::123456789012:root"})
INGRESS = "network-groups-app-to-database-5432-ingress"
WRITER = {"name": "database-g1-instance", "stack": "primary"}
REPLICA = {"name": "database-g1-instance", "stack": "dr"}


def _world(first: int, last: int) -> Change:
    """The public load balancer's own rule, on other ports."""
    return put(
        t.GROUP_INGRESS,
        name="network-groups-internet-to-load-balancer-443-ingress",
        fromPort=first,
        toPort=last,
    )


def _five_more_replicas(nodes: list[Node]) -> list[Node]:
    [replica] = [n for n in nodes if n.type == t.DATABASE and n.stack == "dr"]
    return [*nodes, *(replace(replica, urn=f"{replica.urn}-{n}") for n in range(5))]


SECURITY = (
    _defect("vpc-flow-logs", drop(t.FLOW_LOG)),
    _defect("vpc-default-group-empty", drop(t.DEFAULT_SECURITY_GROUP)),
    _defect("subnet-no-automatic-public-address", put(t.SUBNET, mapPublicIpOnLaunch=True)),
    _defect("group-no-admin-from-world", _world(22, 22), "group-only-web-from-world", "sites-open-alike"),
    _defect("group-only-web-from-world", _world(8080, 8080), "sites-open-alike"),
    _defect("group-no-free-egress", put(t.GROUP_EGRESS, cidrIpv4="0.0.0.0/0", ipProtocol="-1")),
    _defect("group-described", put(t.SECURITY_GROUP, description="Managed by Pulumi")),
    _defect(
        "group-one-kind-of-rules",
        put(
            t.SECURITY_GROUP,
            name="network-groups-database",
            ingress=[{"protocol": "tcp", "fromPort": n, "toPort": n} for n in (443, 80)],
        ),
        "sites-open-alike",
    ),
    _defect(
        "group-in-use",
        add(t.SECURITY_GROUP, "stray", description="Nothing", tagsAll={"Project": 1, "Site": 1, "ManagedBy": 1}),
    ),
    _defect("acl-attached", put(t.NETWORK_ACL, subnetIds=[])),
    _defect(
        "acl-no-admin-from-world",
        put(t.NETWORK_ACL_RULE, name="network-public-in-internet-to-load-balancer-443-request", fromPort=22, toPort=22),
    ),
    _defect("eip-used", put(t.NAT_GATEWAY, allocationId=None)),
    _defect(
        "listener-strong-tls",
        put(t.LISTENER, name="edge-https", sslPolicy="ELBSecurityPolicy-TLS13-1-0-2021-06"),
        "sites-listen-alike",
    ),
    _defect("listener-http-redirects", put(t.LISTENER, name="edge-http", defaultActions=[{"type": "forward"}])),
    _defect("listener-certificate", put(t.LISTENER, name="edge-https", certificateArn=None)),
    _defect("target-group-tls", put(t.TARGET_GROUP, protocol="HTTP")),
    _defect("target-group-health-check", put(t.TARGET_GROUP, healthCheck__path=None)),
    _defect("alb-deletion-protection", put(t.LOAD_BALANCER, enableDeletionProtection=False)),
    _defect("alb-drops-invalid-headers", put(t.LOAD_BALANCER, dropInvalidHeaderFields=False)),
    _defect("alb-desync-mitigation", put(t.LOAD_BALANCER, desyncMitigationMode="monitor")),
    _defect("alb-access-logs", put(t.LOAD_BALANCER, accessLogs={"enabled": False, "bucket": "trading-logs"})),
    _defect("waf-has-rules", put(t.WEB_ACL, rules=[]), "waf-known-bad-inputs"),
    _defect("waf-rules-act", put(t.WEB_ACL, ruleJson="[]", rules=[{"name": "x"}])),
    _defect("waf-known-bad-inputs", put(t.WEB_ACL, rules=[{"name": "x", "action": {"block": {}}}])),
    _defect("waf-logged", drop(t.WEB_ACL_LOGGING)),
    _defect("waf-metrics", put(t.WEB_ACL, visibilityConfig__cloudwatchMetricsEnabled=False)),
    _defect("certificate-validated-by-dns", put(t.CERTIFICATE, validationMethod="EMAIL")),
    _defect("certificate-no-wildcard", put(t.CERTIFICATE, domainName="*.example.com")),
    _defect(
        "certificate-transparency", put(t.CERTIFICATE, options={"certificateTransparencyLoggingPreference": "DISABLED"})
    ),
    _defect("certificate-strong-key", put(t.CERTIFICATE, keyAlgorithm="RSA_1024")),
    _defect("zone-query-log", add(t.ZONE, "unlogged"), "stateful-protected"),
    _defect("eks-endpoint-private", put(t.EKS_CLUSTER, vpcConfig__endpointPublicAccess=True)),
    _defect("eks-endpoint-inside", put(t.EKS_COMPONENT, endpointPrivateAccess=False)),
    _defect("eks-secrets-own-key", put(t.EKS_CLUSTER, encryptionConfig=None)),
    _defect("eks-control-plane-logs", put(t.EKS_CLUSTER, enabledClusterLogTypes=["audit"])),
    _defect("eks-version-pinned", put(t.EKS_CLUSTER, upgradePolicy__supportType="EXTENDED")),
    _defect("eks-deletion-protection", put(t.EKS_COMPONENT, deletionProtection=None)),
    _defect("eks-access-by-api", put(t.EKS_CLUSTER, accessConfig__authenticationMode="CONFIG_MAP")),
    _defect("nodes-no-ssh", put(t.NODE_GROUP, remoteAccess={"ec2SshKey": "key"})),
    _defect("metadata-needs-token", put(t.LAUNCH_TEMPLATE, metadataOptions__httpTokens="optional")),
    _defect("metadata-one-hop", put(t.LAUNCH_TEMPLATE, metadataOptions__httpPutResponseHopLimit=2)),
    _defect("volumes-encrypted", put(t.LAUNCH_TEMPLATE, blockDeviceMappings=[{"ebs": {"encrypted": "false"}}])),
    _defect("machines-private", put(t.LAUNCH_TEMPLATE, networkInterfaces=[{"associatePublicIpAddress": "true"}])),
    _defect(
        "user-data-no-secret",
        put(t.LAUNCH_TEMPLATE, userData=base64.b64encode(b"export PASSWORD=hunter2hunter2").decode()),
    ),
    _defect("scaling-group-launch-template", put(t.SCALING_GROUP, launchTemplate=None)),
    _defect(
        "scaling-group-tags-propagate",
        put(
            t.SCALING_GROUP,
            tags=[{"key": k, "value": "x", "propagateAtLaunch": False} for k in ("Project", "Site", "ManagedBy")],
        ),
    ),
    _defect("function-no-secret", put(t.FUNCTION, environment__variables={"DB_PASSWORD": "hunter2hunter2"})),
    _defect("function-closed", put(t.FUNCTION_PERMISSION, principal="*")),
    _defect("parameter-no-secret", put(t.SSM_PARAMETER, type="String")),
    _defect("iam-no-star", _policy(action="*")),
    _defect("iam-no-service-star", _policy(action="s3:*")),
    _defect("iam-sensitive-actions-narrow", _policy(action="secretsmanager:GetSecretValue", resource="*")),
    _defect("iam-pass-role-narrow", _policy(action="iam:PassRole", resource="*")),
    _defect("iam-no-escalation", _policy(action="iam:PutRolePolicy", resource="arn:aws:iam::123456789012:role/x")),
    _defect("iam-trust-closed", put(t.ROLE, assumeRolePolicy=_document(action="sts:AssumeRole", Principal="*"))),
    _defect(
        "iam-no-managed-admin",
        put(t.ROLE_POLICY_ATTACHMENT, policyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    ),
    _defect("iam-no-users", add(t.IAM_USER, "somebody")),
    _defect("policy-readable-at-preview", put(t.ROLE_POLICY, policy="no document")),
    _defect("database-private", put(t.DATABASE, publiclyAccessible=True)),
    _defect("database-encrypted", put(t.DATABASE, storageEncrypted=False)),
    _defect("database-own-key", put(t.DATABASE, **WRITER, kmsKeyId=None)),
    _defect("database-insights-own-key", put(t.DATABASE, performanceInsightsKmsKeyId=None)),
    _defect("database-iam-login", put(t.DATABASE, iamDatabaseAuthenticationEnabled=False)),
    _defect(
        "database-requires-tls",
        put(
            t.DB_PARAMETERS,
            stack="dr",
            parameters=[
                {"name": n, "value": v, "applyMethod": "pending-reboot"}
                for n, v in (
                    ("rds.force_ssl", "0"),
                    ("max_connections", "9999"),
                    ("max_locks_per_transaction", "9999"),
                    ("max_prepared_transactions", "9999"),
                    ("max_wal_senders", "9999"),
                    ("max_worker_processes", "9999"),
                    ("max_slot_wal_keep_size", "9999"),
                )
            ],
        ),
    ),
    _defect("database-logs-kept", put(t.DATABASE, enabledCloudwatchLogsExports=[])),
    _defect("database-enhanced-monitoring", put(t.DATABASE, monitoringInterval=0)),
    _defect("database-certificate-authority", put(t.DATABASE, caCertIdentifier="rds-ca-2019")),
    _defect("database-copies-tags", put(t.DATABASE, copyTagsToSnapshot=False)),
    _defect("database-master-name", put(t.DATABASE, **WRITER, username="postgres")),
    _defect("database-password-not-in-state", put(t.DATABASE, **WRITER, password="x" * 20)),
    _defect("database-events", drop(t.DB_EVENTS)),
    _defect("database-own-subnets", put(t.DATABASE, dbSubnetGroupName=None)),
    _defect("cache-encrypted", put(t.CACHE, atRestEncryptionEnabled=False)),
    _defect("cache-requires-tls", put(t.CACHE, transitEncryptionMode="preferred")),
    _defect("cache-requires-login", put(t.CACHE, userGroupIds=None)),
    _defect("cache-own-key", put(t.CACHE, kmsKeyId=None)),
    _defect("cache-snapshots", put(t.CACHE, snapshotRetentionLimit=0)),
    _defect("cache-minor-upgrades", put(t.CACHE, autoMinorVersionUpgrade=False)),
    _defect("cache-own-subnets", put(t.CACHE, subnetGroupName="default")),
    _defect("table-restorable", put(t.TABLE, pointInTimeRecovery__enabled=False)),
    _defect("table-deletion-protection", put(t.TABLE, deletionProtectionEnabled=False)),
    _defect(
        "table-own-key",
        add(
            t.TABLE,
            "other",
            pointInTimeRecovery={"enabled": True},
            deletionProtectionEnabled=True,
            replicas=[
                {"consistencyMode": "STRONG", "pointInTimeRecovery": True, "deletionProtectionEnabled": True},
            ],
            globalTableWitness={"regionName": "eu-west-3"},
        ),
        "stateful-protected",
    ),
    _defect("bucket-not-public", put(t.BUCKET_PRIVATE, restrictPublicBuckets=False)),
    _defect("bucket-own-key", drop(t.BUCKET_ENCRYPTION, name="state-encryption")),
    _defect("bucket-versioned", put(t.BUCKET_VERSIONING, versioningConfiguration__status="Suspended")),
    _defect("bucket-requires-tls", put(t.BUCKET_POLICY, policy=NOT_TLS)),
    _defect("bucket-no-acls", put(t.BUCKET_OWNERSHIP, name="logs-owner", rule__objectOwnership="ObjectWriter")),
    _defect("bucket-lifecycle", drop(t.BUCKET_LIFECYCLE)),
    _defect("bucket-access-logged", drop(t.BUCKET_LOGGING)),
    _defect("bucket-policy-closed", put(t.BUCKET_POLICY, name="logs", policy=OPEN), "bucket-requires-tls"),
    _defect("bucket-not-force-destroyed", put(t.BUCKET, forceDestroy=True)),
    _defect("key-rotates", put(t.KEY, enableKeyRotation=False)),
    _defect("key-policy-closed", put(t.KEY, policy=OPEN)),
    _defect("key-deletion-window", put(t.KEY, deletionWindowInDays=7)),
    _defect("key-lockout-check", put(t.KEY, bypassPolicyLockoutSafetyCheck=True)),
    _defect("key-enabled", put(t.KEY, isEnabled=False)),
    _defect("secret-own-key", put(t.SECRET, kmsKeyId=None)),
    _defect("secret-recoverable", put(t.SECRET, recoveryWindowInDays=0)),
    _defect("secret-rotates", drop(t.SECRET_ROTATION)),
    _defect("topic-own-key", put(t.TOPIC, kmsMasterKeyId="alias/aws/sns")),
    _defect("topic-policy-closed", put(t.TOPIC_POLICY, policy=OPEN), "topic-requires-tls"),
    _defect("topic-requires-tls", put(t.TOPIC_POLICY, policy=NOT_TLS)),
    _defect("subscription-not-http", put(t.SUBSCRIPTION, protocol="http")),
    _defect("logs-kept", put(t.LOG_GROUP, retentionInDays=30)),
    _defect("logs-own-key", put(t.LOG_GROUP, kmsKeyId=None)),
    _defect("vault-own-key", put(t.BACKUP_VAULT, kmsKeyArn=None)),
)

MISSION = (
    _defect(
        "nat-per-zone",
        point(
            t.NAT_GATEWAY,
            "subnetId",
            (t.SUBNET, "network-public-euc1-az3"),
            name="network-nat-euc1-az2",
            stack="primary",
        ),
    ),
    _defect(
        "world-reaches-load-balancers-only",
        add(
            t.GROUP_INGRESS,
            "wrong",
            {"securityGroupId": (t.SECURITY_GROUP, "network-groups-app")},
            description="Wrong",
            cidrIpv4="0.0.0.0/0",
            ipProtocol="tcp",
            fromPort=443,
            toPort=443,
        ),
    ),
    _defect("group-names-groups", put(t.GROUP_INGRESS, name=INGRESS, cidrIpv4="10.20.0.0/16")),
    _defect("alb-behind-firewall", drop(t.WEB_ACL_ASSOCIATION)),
    _defect("alb-two-zones", put(t.LOAD_BALANCER, subnets=[], subnetMappings=[])),
    _defect("alb-zonal-shift", put(t.LOAD_BALANCER, enableZonalShift=False)),
    _defect("app-two-zones", point(t.SCALING_GROUP, "vpcZoneIdentifiers", (t.SUBNET, "network-app-euc1-az2"))),
    _defect("nodes-two-zones", point(t.NODE_GROUP, "subnetIds", (t.SUBNET, "network-app-euc1-az2"))),
    _defect("app-capacity-per-zone", put(t.SCALING_GROUP, minSize=1), "sites-run-alike"),
    _defect("nodes-capacity", put(t.NODE_GROUP, scalingConfig__minSize=0)),
    _defect("app-replaced-when-sick", put(t.SCALING_GROUP, healthCheckType="EC2")),
    _defect(
        "app-in-private-subnets",
        point(t.NODE_GROUP, "subnetIds", (t.SUBNET, "network-public-euc1-az2")),
        "nodes-two-zones",
    ),
    _defect(
        "data-in-private-subnets",
        point(t.CACHE_SUBNETS, "subnetIds", (t.SUBNET, "network-public-euc1-az2")),
        "cache-two-zones",
    ),
    _defect("site-independent", put(t.ALARM, stack="dr", okActions=["arn:aws:sns:eu-central-1:123456789012:trading"])),
    _defect("tagged", put(t.VPC, tagsAll={"Project": "trading"})),
    _defect("alarm-reaches-somebody", put(t.ALARM, name="alarms-zone-latency", alarmActions=[])),
    _defect("topic-has-subscriber", drop(t.SUBSCRIPTION)),
    _defect("database-standby", put(t.DATABASE, **REPLICA, multiAz=False)),
    _defect("database-restorable", put(t.DATABASE, **REPLICA, backupRetentionPeriod=1)),
    _defect("database-deletion-protection", put(t.DATABASE, deletionProtection=False)),
    _defect("stateful-protected", unprotect(t.KEY)),
    _defect("database-final-snapshot", put(t.DATABASE, **WRITER, skipFinalSnapshot=True)),
    _defect("database-backups-outlive-it", put(t.DATABASE, deleteAutomatedBackups=None)),
    _defect("database-alarms", drop(t.ALARM, name="alarms-trading-dr-g1-replica-lag")),
    _defect("database-storage-grows", put(t.DATABASE, maxAllocatedStorage=None)),
    _defect(
        "database-two-zones",
        point(t.DB_SUBNETS, "subnetIds", (t.SUBNET, "network-data-euc1-az2"), stack="primary"),
    ),
    _defect("cache-fails-over", put(t.CACHE, multiAzEnabled=False)),
    _defect("cache-two-zones", point(t.CACHE_SUBNETS, "subnetIds", (t.SUBNET, "network-data-euc1-az2"))),
    _defect("secret-copied-abroad", put(t.SECRET, replicas=[])),
    _defect(
        "fence-survives-a-region",
        put(
            t.TABLE,
            replicas=[{"consistencyMode": "EVENTUAL", "pointInTimeRecovery": True, "deletionProtectionEnabled": True}],
        ),
    ),
)

KNOWN: tuple[Mode, ...] = ("known",)

ESTATE = (
    _defect(
        "writer-has-replica-abroad",
        put(t.DATABASE, **REPLICA, replicateSourceDb="arn:aws:rds:eu-central-1:1:db:another"),
        "replica-follows-a-known-writer",
        modes=KNOWN,
    ),
    _defect(
        "one-writer",
        put(t.DATABASE, **REPLICA, replicateSourceDb=None, skipFinalSnapshot=False, finalSnapshotIdentifier="x"),
        "writer-has-replica-abroad",
        "backups-copied-abroad",
        modes=KNOWN,
    ),
    _defect(
        "replica-follows-a-known-writer",
        put(t.DATABASE, **REPLICA, replicateSourceDb="arn:aws:rds:eu-central-1:1:db:forgotten"),
        "writer-has-replica-abroad",
        modes=KNOWN,
    ),
    _defect("replica-same-shape", put(t.DATABASE, **REPLICA, instanceClass="db.r8g.2xlarge"), modes=KNOWN),
    _defect(
        "replica-limits",
        put(
            t.DB_PARAMETERS,
            stack="dr",
            parameters=[
                {"name": "rds.force_ssl", "value": "1"},
                {"name": "max_slot_wal_keep_size", "value": "1000"},
            ],
        ),
        modes=KNOWN,
    ),
    _defect("backups-copied-abroad", drop(t.BACKUP_REPLICATION), modes=KNOWN),
    _defect(
        "failover-leads-to-two-regions",
        put(t.RECORD, name="failover-dr", aliases=[{"name": "primary.trading.example.com", "zoneId": "Z"}]),
        modes=KNOWN,
    ),
    _defect("sites-addresses-apart", put(t.VPC, stack="dr", cidrBlock="10.20.0.0/16"), modes=KNOWN),
    _defect("sites-listen-alike", put(t.LISTENER, name="edge-https", port=8443), modes=KNOWN),
    _defect("sites-open-alike", put(t.GROUP_INGRESS, name=INGRESS, fromPort=5433, toPort=5433), modes=KNOWN),
    _defect("sites-run-alike", put(t.SCALING_GROUP, name="machines-dr", minSize=6), modes=KNOWN),
    _defect("replica-count", _five_more_replicas, modes=KNOWN),
)

DEFECTS = (*SECURITY, *MISSION, *ESTATE)
