"""One defect for every rule: the change that must make it speak, and the others that then speak too."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

from policies import tokens as t
from policies.graph import Node
from tests.policies import defects_constraints
from tests.policies.defect import KNOWN, REPLICA, WRITER, defect
from tests.policies.world import Change, add, drop, point, put, unprotect


def _document(*, action: str = "s3:ListBucket", resource: str = "arn:aws:s3:::b", **extra: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **extra}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _policy(**parts: Any) -> Change:
    return add(t.ROLE_POLICY, "wrong", policy=_document(**parts))


OPEN = _document(Principal="*")
NOT_TLS = _document(Principal={"AWS": "arn:aws:iam::123456789012:root"})
INGRESS = "network-groups-app-to-database-5432-ingress"


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
    defect("vpc-flow-logs", drop(t.FLOW_LOG)),
    defect("vpc-default-group-empty", drop(t.DEFAULT_SECURITY_GROUP)),
    defect("subnet-no-automatic-public-address", put(t.SUBNET, mapPublicIpOnLaunch=True)),
    defect("group-no-admin-from-world", _world(22, 22), "group-only-web-from-world", "sites-open-alike"),
    defect("group-only-web-from-world", _world(8080, 8080), "sites-open-alike"),
    defect("group-no-free-egress", put(t.GROUP_EGRESS, cidrIpv4="0.0.0.0/0", ipProtocol="-1")),
    defect("group-described", put(t.SECURITY_GROUP, description="Managed by Pulumi")),
    defect(
        "group-one-kind-of-rules",
        put(
            t.SECURITY_GROUP,
            name="network-groups-database",
            ingress=[{"protocol": "tcp", "fromPort": n, "toPort": n} for n in (443, 80)],
        ),
        "sites-open-alike",
    ),
    defect(
        "group-in-use",
        add(t.SECURITY_GROUP, "stray", description="Nothing", tagsAll={"Project": 1, "Site": 1, "ManagedBy": 1}),
    ),
    defect("acl-attached", put(t.NETWORK_ACL, subnetIds=[])),
    defect(
        "acl-no-admin-from-world",
        put(t.NETWORK_ACL_RULE, name="network-public-in-internet-to-load-balancer-443-request", fromPort=22, toPort=22),
    ),
    defect("eip-used", put(t.NAT_GATEWAY, allocationId=None)),
    defect(
        "listener-strong-tls",
        put(t.LISTENER, name="listener-https", sslPolicy="ELBSecurityPolicy-TLS13-1-0-2021-06"),
        "sites-listen-alike",
    ),
    defect("listener-http-redirects", put(t.LISTENER, name="edge-http", defaultActions=[{"type": "forward"}])),
    defect("listener-certificate", put(t.LISTENER, name="listener-https", certificateArn=None)),
    defect("target-group-tls", put(t.TARGET_GROUP, protocol="HTTP")),
    defect("target-group-health-check", put(t.TARGET_GROUP, healthCheck__path=None)),
    defect("alb-deletion-protection", put(t.LOAD_BALANCER, enableDeletionProtection=False)),
    defect("alb-drops-invalid-headers", put(t.LOAD_BALANCER, dropInvalidHeaderFields=False)),
    defect("alb-desync-mitigation", put(t.LOAD_BALANCER, desyncMitigationMode="monitor")),
    defect(
        "alb-access-logs",
        put(t.LOAD_BALANCER, accessLogs={"enabled": False, "bucket": "trading-logs"}),
        # What made the log bucket an exception was that the load balancer writes to it.
        "alb-log-bucket-encryption",
        "bucket-access-logged",
        "bucket-own-key",
    ),
    defect("waf-has-rules", put(t.WEB_ACL, rules=[]), "waf-known-bad-inputs"),
    defect("waf-rules-act", put(t.WEB_ACL, ruleJson="[]", rules=[{"name": "x"}])),
    defect("waf-known-bad-inputs", put(t.WEB_ACL, rules=[{"name": "x", "action": {"block": {}}}])),
    defect("waf-logged", drop(t.WEB_ACL_LOGGING)),
    defect("waf-metrics", put(t.WEB_ACL, visibilityConfig__cloudwatchMetricsEnabled=False)),
    defect("certificate-validated-by-dns", put(t.CERTIFICATE, validationMethod="EMAIL")),
    defect("certificate-no-wildcard", put(t.CERTIFICATE, domainName="*.example.com")),
    defect(
        "certificate-transparency", put(t.CERTIFICATE, options={"certificateTransparencyLoggingPreference": "DISABLED"})
    ),
    defect("certificate-strong-key", put(t.CERTIFICATE, keyAlgorithm="RSA_1024")),
    defect("zone-query-log", add(t.ZONE, "unlogged"), "stateful-protected"),
    defect("eks-endpoint-private", put(t.EKS_CLUSTER, vpcConfig__endpointPublicAccess=True)),
    defect("eks-endpoint-inside", put(t.EKS_COMPONENT, endpointPrivateAccess=False)),
    defect("eks-secrets-own-key", put(t.EKS_CLUSTER, encryptionConfig=None)),
    defect("eks-control-plane-logs", put(t.EKS_CLUSTER, enabledClusterLogTypes=["audit"])),
    defect("eks-version-pinned", put(t.EKS_CLUSTER, upgradePolicy__supportType="EXTENDED")),
    defect("eks-deletion-protection", put(t.EKS_COMPONENT, deletionProtection=None)),
    defect("eks-access-by-api", put(t.EKS_CLUSTER, accessConfig__authenticationMode="CONFIG_MAP")),
    defect("nodes-no-ssh", put(t.NODE_GROUP, remoteAccess={"ec2SshKey": "key"})),
    defect("metadata-needs-token", put(t.LAUNCH_TEMPLATE, metadataOptions__httpTokens="optional")),
    defect("metadata-one-hop", put(t.LAUNCH_TEMPLATE, metadataOptions__httpPutResponseHopLimit=2)),
    defect("volumes-encrypted", put(t.LAUNCH_TEMPLATE, blockDeviceMappings=[{"ebs": {"encrypted": "false"}}])),
    defect("machines-private", put(t.LAUNCH_TEMPLATE, networkInterfaces=[{"associatePublicIpAddress": "true"}])),
    defect(
        "user-data-no-secret",
        put(t.LAUNCH_TEMPLATE, userData=base64.b64encode(b"export PASSWORD=hunter2hunter2").decode()),
    ),
    defect("scaling-group-launch-template", put(t.SCALING_GROUP, launchTemplate=None)),
    defect(
        "scaling-group-tags-propagate",
        put(
            t.SCALING_GROUP,
            tags=[{"key": k, "value": "x", "propagateAtLaunch": False} for k in ("Project", "Site", "ManagedBy")],
        ),
    ),
    defect("function-no-secret", put(t.FUNCTION, environment__variables={"DB_PASSWORD": "hunter2hunter2"})),
    defect("function-closed", put(t.FUNCTION_PERMISSION, principal="*")),
    defect("parameter-no-secret", put(t.SSM_PARAMETER, type="String")),
    defect("iam-no-star", _policy(action="*")),
    defect("iam-no-service-star", _policy(action="s3:*")),
    defect("iam-sensitive-actions-narrow", _policy(action="secretsmanager:GetSecretValue", resource="*")),
    defect("iam-pass-role-narrow", _policy(action="iam:PassRole", resource="*")),
    defect("iam-no-escalation", _policy(action="iam:PutRolePolicy", resource="arn:aws:iam::123456789012:role/x")),
    defect("iam-trust-closed", put(t.ROLE, assumeRolePolicy=_document(action="sts:AssumeRole", Principal="*"))),
    defect(
        "iam-no-managed-admin",
        put(t.ROLE_POLICY_ATTACHMENT, policyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    ),
    defect("iam-no-users", add(t.IAM_USER, "somebody")),
    defect("policy-readable-at-preview", put(t.ROLE_POLICY, policy="no document")),
    defect("database-private", put(t.DATABASE, publiclyAccessible=True)),
    defect("database-encrypted", put(t.DATABASE, storageEncrypted=False)),
    defect("database-own-key", put(t.DATABASE, **WRITER, kmsKeyId=None)),
    defect("database-insights-own-key", put(t.DATABASE, performanceInsightsKmsKeyId=None)),
    defect("database-iam-login", put(t.DATABASE, iamDatabaseAuthenticationEnabled=False)),
    defect(
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
    defect("database-logs-kept", put(t.DATABASE, enabledCloudwatchLogsExports=[])),
    defect("database-enhanced-monitoring", put(t.DATABASE, monitoringInterval=0)),
    defect("database-certificate-authority", put(t.DATABASE, caCertIdentifier="rds-ca-2019")),
    defect("database-copies-tags", put(t.DATABASE, copyTagsToSnapshot=False)),
    defect("database-master-name", put(t.DATABASE, **WRITER, username="postgres")),
    defect("database-password-not-in-state", put(t.DATABASE, **WRITER, password="x" * 20)),
    defect("database-events", drop(t.DB_EVENTS)),
    defect("database-own-subnets", put(t.DATABASE, dbSubnetGroupName=None)),
    defect("cache-encrypted", put(t.CACHE, atRestEncryptionEnabled=False)),
    defect("cache-requires-tls", put(t.CACHE, transitEncryptionMode="preferred")),
    defect("cache-requires-login", put(t.CACHE, userGroupIds=None)),
    defect("cache-own-key", put(t.CACHE, kmsKeyId=None)),
    defect("cache-snapshots", put(t.CACHE, snapshotRetentionLimit=0)),
    defect("cache-minor-upgrades", put(t.CACHE, autoMinorVersionUpgrade=False)),
    defect("cache-own-subnets", put(t.CACHE, subnetGroupName="default")),
    defect("table-restorable", put(t.TABLE, pointInTimeRecovery__enabled=False)),
    defect("table-deletion-protection", put(t.TABLE, deletionProtectionEnabled=False)),
    defect(
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
    defect("bucket-not-public", put(t.BUCKET_PRIVATE, restrictPublicBuckets=False)),
    defect("bucket-own-key", drop(t.BUCKET_ENCRYPTION, name="state-encryption")),
    defect("bucket-versioned", put(t.BUCKET_VERSIONING, versioningConfiguration__status="Suspended")),
    defect("bucket-requires-tls", put(t.BUCKET_POLICY, policy=NOT_TLS)),
    defect("bucket-no-acls", put(t.BUCKET_OWNERSHIP, name="logs-owner", rule__objectOwnership="ObjectWriter")),
    defect("bucket-lifecycle", drop(t.BUCKET_LIFECYCLE)),
    defect("bucket-access-logged", drop(t.BUCKET_LOGGING, name="state-bucket-logging")),
    defect("bucket-policy-closed", put(t.BUCKET_POLICY, name="logs", policy=OPEN), "bucket-requires-tls"),
    defect("bucket-not-force-destroyed", put(t.BUCKET, forceDestroy=True)),
    defect("key-rotates", put(t.KEY, enableKeyRotation=False)),
    defect("key-policy-closed", put(t.KEY, policy=OPEN)),
    defect("key-deletion-window", put(t.KEY, deletionWindowInDays=7)),
    defect("key-lockout-check", put(t.KEY, bypassPolicyLockoutSafetyCheck=True)),
    defect("key-enabled", put(t.KEY, isEnabled=False)),
    defect("secret-own-key", put(t.SECRET, kmsKeyId=None)),
    defect("secret-recoverable", put(t.SECRET, recoveryWindowInDays=0)),
    defect("secret-rotates", drop(t.SECRET_ROTATION)),
    defect("topic-own-key", put(t.TOPIC, kmsMasterKeyId="alias/aws/sns")),
    defect("topic-policy-closed", put(t.TOPIC_POLICY, policy=OPEN), "topic-requires-tls"),
    defect("topic-requires-tls", put(t.TOPIC_POLICY, policy=NOT_TLS)),
    defect("subscription-not-http", put(t.SUBSCRIPTION, protocol="http")),
    defect("logs-kept", put(t.LOG_GROUP, retentionInDays=30)),
    defect("logs-own-key", put(t.LOG_GROUP, kmsKeyId=None)),
    defect("vault-own-key", put(t.BACKUP_VAULT, kmsKeyArn=None)),
)

MISSION = (
    defect(
        "nat-per-zone",
        point(
            t.NAT_GATEWAY,
            "subnetId",
            (t.SUBNET, "network-public-euc1-az3"),
            name="network-nat-euc1-az2",
            stack="primary",
        ),
    ),
    defect(
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
    defect("group-names-groups", put(t.GROUP_INGRESS, name=INGRESS, cidrIpv4="10.20.0.0/16")),
    defect("alb-behind-firewall", drop(t.WEB_ACL_ASSOCIATION)),
    defect("alb-two-zones", put(t.LOAD_BALANCER, subnets=[], subnetMappings=[])),
    defect("alb-zonal-shift", put(t.LOAD_BALANCER, enableZonalShift=False)),
    defect("app-two-zones", point(t.SCALING_GROUP, "vpcZoneIdentifiers", (t.SUBNET, "network-app-euc1-az2"))),
    defect("nodes-two-zones", point(t.NODE_GROUP, "subnetIds", (t.SUBNET, "network-app-euc1-az2"))),
    defect("app-capacity-per-zone", put(t.SCALING_GROUP, minSize=1), "sites-run-alike"),
    defect("nodes-capacity", put(t.NODE_GROUP, scalingConfig__minSize=0)),
    defect("app-replaced-when-sick", put(t.SCALING_GROUP, healthCheckType="EC2")),
    defect(
        "app-in-private-subnets",
        point(t.NODE_GROUP, "subnetIds", (t.SUBNET, "network-public-euc1-az2")),
        "nodes-two-zones",
    ),
    defect(
        "data-in-private-subnets",
        point(t.CACHE_SUBNETS, "subnetIds", (t.SUBNET, "network-public-euc1-az2"), stack="primary"),
        "cache-two-zones",
    ),
    defect("site-independent", put(t.ALARM, stack="dr", okActions=["arn:aws:sns:eu-central-1:123456789012:trading"])),
    defect("tagged", put(t.VPC, tagsAll={"Project": "trading"})),
    defect("alarm-reaches-somebody", put(t.ALARM, name="alarms-zone-latency", alarmActions=[])),
    defect("topic-has-subscriber", drop(t.SUBSCRIPTION)),
    defect("database-standby", put(t.DATABASE, **REPLICA, multiAz=False)),
    defect("database-restorable", put(t.DATABASE, **REPLICA, backupRetentionPeriod=1)),
    defect("database-deletion-protection", put(t.DATABASE, deletionProtection=False)),
    defect("stateful-protected", unprotect(t.KEY)),
    defect("database-final-snapshot", put(t.DATABASE, **WRITER, skipFinalSnapshot=True)),
    defect("database-backups-outlive-it", put(t.DATABASE, deleteAutomatedBackups=None)),
    defect("database-alarms", drop(t.ALARM, name="alarms-trading-dr-g1-replica-lag")),
    defect("database-storage-grows", put(t.DATABASE, maxAllocatedStorage=None)),
    defect(
        "database-two-zones",
        point(t.DB_SUBNETS, "subnetIds", (t.SUBNET, "network-data-euc1-az2"), stack="primary"),
    ),
    defect("cache-fails-over", put(t.CACHE, multiAzEnabled=False)),
    defect(
        "cache-two-zones", point(t.CACHE_SUBNETS, "subnetIds", (t.SUBNET, "network-data-euc1-az2"), stack="primary")
    ),
    defect("secret-copied-abroad", put(t.SECRET, name="login-secret", replicas=[])),
    defect(
        "fence-survives-a-region",
        put(
            t.TABLE,
            replicas=[{"consistencyMode": "EVENTUAL", "pointInTimeRecovery": True, "deletionProtectionEnabled": True}],
        ),
    ),
)

ESTATE = (
    defect(
        "writer-has-replica-abroad",
        put(t.DATABASE, **REPLICA, replicateSourceDb="arn:aws:rds:eu-central-1:1:db:another"),
        "replica-follows-a-known-writer",
        modes=KNOWN,
    ),
    defect(
        "one-writer",
        put(t.DATABASE, **REPLICA, replicateSourceDb=None, skipFinalSnapshot=False, finalSnapshotIdentifier="x"),
        "writer-has-replica-abroad",
        "backups-copied-abroad",
        modes=KNOWN,
    ),
    defect(
        "replica-follows-a-known-writer",
        put(t.DATABASE, **REPLICA, replicateSourceDb="arn:aws:rds:eu-central-1:1:db:forgotten"),
        "writer-has-replica-abroad",
        modes=KNOWN,
    ),
    defect("replica-same-shape", put(t.DATABASE, **REPLICA, instanceClass="db.r8g.2xlarge"), modes=KNOWN),
    defect(
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
    defect("backups-copied-abroad", drop(t.BACKUP_REPLICATION), modes=KNOWN),
    defect(
        "failover-leads-to-two-regions",
        put(t.RECORD, name="failover-dr", aliases=[{"name": "primary.trading.example.com", "zoneId": "Z"}]),
        "failover-targets-differ",
        modes=KNOWN,
    ),
    defect("sites-addresses-apart", put(t.VPC, stack="dr", cidrBlock="10.20.0.0/16"), modes=KNOWN),
    defect("sites-listen-alike", put(t.LISTENER, name="listener-https", port=8443), modes=KNOWN),
    defect("sites-open-alike", put(t.GROUP_INGRESS, name=INGRESS, fromPort=5433, toPort=5433), modes=KNOWN),
    defect("sites-run-alike", put(t.SCALING_GROUP, name="machines-dr", minSize=6), modes=KNOWN),
    defect("replica-count", _five_more_replicas, modes=KNOWN),
)

DEFECTS = (*SECURITY, *MISSION, *ESTATE, *defects_constraints.DEFECTS)
