"""The defects that AWS would refuse, or take and do something else with."""

from __future__ import annotations

from dataclasses import replace

from policies import tokens as t
from policies.graph import Node
from tests.policies.defect import REPLICA, WRITER, defect
from tests.policies.world import add, drop, point, put


def _five_more_addresses(nodes: list[Node]) -> list[Node]:
    addresses = [n for n in nodes if n.type == t.EIP and n.stack == "primary"]
    held = {**addresses[0].props, "instance": "i-0123456789abcdef0"}
    return [*nodes, *(replace(addresses[0], urn=f"{addresses[0].urn}-{n}", props=held) for n in range(5))]


def _continuous(nodes: list[Node]) -> list[Node]:
    nodes = add(t.BACKUP_PLAN, "plan", rules=[{"enableContinuousBackup": True}])(nodes)
    targets = {"planId": (t.BACKUP_PLAN, "plan"), "resources": (t.DATABASE, "database-g1-instance")}
    return add(t.BACKUP_SELECTION, "selection", targets)(nodes)


def _parameters(**values: tuple[str, str]) -> list[dict[str, str]]:
    base = {"rds.force_ssl": ("1", "immediate"), "max_slot_wal_keep_size": ("256000", "immediate")}
    return [{"name": n, "value": v, "applyMethod": how} for n, (v, how) in (base | values).items()]


DATABASE = (
    defect(
        "replica-source-by-arn",
        put(t.DATABASE, **REPLICA, replicateSourceDb="trading-primary-g1"),
    ),
    defect(
        "database-key-of-its-region",
        put(t.DATABASE, **REPLICA, kmsKeyId="arn:aws:kms:eu-central-1:123456789012:key/x"),
        "site-independent",
    ),
    defect(
        "replica-inherits",
        put(t.DATABASE, **REPLICA, password="x" * 20),
        "database-password-not-in-state",
    ),
    defect("database-own-password", put(t.DATABASE, **WRITER, manageMasterUserPassword=True)),
    defect("replica-insights-mode", put(t.DATABASE, **REPLICA, databaseInsightsMode="advanced")),
    defect("database-windows-apart", put(t.DATABASE, backupWindow="22:30-23:00")),
    defect("replica-no-final-snapshot", put(t.DATABASE, **REPLICA, finalSnapshotIdentifier="last")),
    defect(
        "database-slot-capped",
        put(
            t.DB_PARAMETERS,
            stack="primary",
            parameters=[p for p in _parameters() if p["name"] != "max_slot_wal_keep_size"],
        ),
    ),
    defect("replica-lag-alarm-threshold", put(t.ALARM, name="alarms-trading-dr-g1-replica-lag", threshold=30)),
    defect("database-upgraded-by-hand", put(t.DATABASE, autoMinorVersionUpgrade=True)),
    defect(
        "parameter-static-waits",
        put(t.DB_PARAMETERS, stack="primary", parameters=_parameters(max_connections=("100", "immediate"))),
    ),
    defect("database-key-single-region", put(t.KEY, name="keys-database", multiRegion=True)),
    defect("database-insights-days", put(t.DATABASE, **WRITER, performanceInsightsRetentionPeriod=90)),
    defect(
        "database-iops-fit",
        put(t.DATABASE, **REPLICA, iops=60_000),
        "replica-same-shape",
    ),
    defect(
        "database-identifier",
        put(t.DATABASE, **WRITER, identifier="Trading--g1"),
        "log-group-made-first",
        modes=("preview",),
    ),
    defect(
        "backup-copies-abroad",
        put(t.BACKUP_REPLICATION, kmsKeyId="arn:aws:kms:eu-central-1:123456789012:key/x"),
        "site-independent",
    ),
    defect("backup-one-owner", _continuous),
    defect("log-group-made-first", drop(t.LOG_GROUP, name="fence-logs")),
    defect("database-version-offered", put(t.DATABASE, **WRITER, engineVersion="9.6.1"), "replica-same-shape"),
    defect("database-class-offered", put(t.DATABASE, **WRITER, instanceClass="db.m1.small"), "replica-same-shape"),
    defect(
        "cache-failover-needs-replica", put(t.CACHE, numCacheClusters=1, replicasPerNodeGroup=None), "cache-fails-over"
    ),
    defect("cache-one-kind-of-login", put(t.CACHE, authToken="x" * 20)),
    defect("cache-final-snapshot", put(t.CACHE, finalSnapshotIdentifier=None)),
    defect("secret-name", put(t.SECRET, name_="trading/login-master")),
)

EDGE = (
    defect(
        "alb-log-bucket-encryption",
        put(
            t.BUCKET_ENCRYPTION,
            name="access-logs-encryption",
            rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}],
        ),
    ),
    defect("alb-name", put(t.LOAD_BALANCER, name_="internal-trading-platform")),
    defect("alb-subnet-size", put(t.SUBNET, name="network-public-euc1-az2", cidrBlock="10.20.128.0/28")),
    defect(
        "waf-log-name",
        put(t.WEB_ACL_LOGGING, logDestinationConfigs=["arn:aws:logs:eu-west-1:123456789012:log-group:waf"]),
    ),
    defect("waf-regional", put(t.WEB_ACL, scope="CLOUDFRONT")),
    defect(
        "listener-certificate-issued",
        point(
            t.LISTENER,
            "certificateArn",
            (t.CERTIFICATE, "certificate-certificate"),
            name="listener-https",
            stack="primary",
        ),
        modes=("preview",),
    ),
    defect(
        "health-check-alarm-region",
        put(t.ALARM, name="global-alarms-nobody-trades", region="eu-west-1"),
        "site-independent",
    ),
    defect("failover-pair-complete", drop(t.RECORD, name="failover-dr")),
    defect(
        "failover-targets-differ",
        put(t.RECORD, name="failover-dr", aliases=[{"name": "primary.trading.example.com", "zoneId": "Z"}]),
        "failover-leads-to-two-regions",
    ),
    defect(
        "failover-both-checked",
        put(t.RECORD, name="failover-dr", healthCheckId=None),
        "failover-gated-by-writes",
        "failover-gated-by-fence",
    ),
    defect("failover-gated-by-writes", put(t.HEALTH_CHECK, name="failover-dr-writable", type="RECOVERY_CONTROL")),
    defect("failover-gated-by-fence", put(t.HEALTH_CHECK, name="failover-dr-fence", type="RECOVERY_CONTROL")),
    defect("health-check-fast", put(t.HEALTH_CHECK, name="failover-dr-writable", requestInterval=30)),
    defect(
        "health-check-without-data",
        put(t.HEALTH_CHECK, name="failover-dr-fence", insufficientDataHealthStatus="Healthy"),
    ),
    defect("health-check-plain-alarm", put(t.ALARM, name="fence-dr", statistic=None, extendedStatistic="p99")),
    defect("health-check-not-itself", put(t.HEALTH_CHECK, name="failover-dr-writable", fqdn="api.trading.example.com")),
    defect("record-alias-no-ttl", put(t.RECORD, name="edge-probe", stack="dr", ttl=60)),
    defect("record-set-identifier", put(t.RECORD, name="failover-dr", setIdentifier=None)),
    defect("target-group-fast", put(t.TARGET_GROUP, deregistrationDelay=300)),
    defect("eks-zonal-shift", put(t.EKS_CLUSTER, zonalShiftConfig=None)),
    defect(
        "acl-lets-answers-through",
        put(t.NETWORK_ACL_RULE, name="network-data-in-app-to-database-5432-request", cidrBlock="192.168.0.0/16"),
    ),
    defect("endpoint-private-dns", put(t.VPC_ENDPOINT, name="network-endpoints-kms", privateDnsEnabled=False)),
    defect("eip-quota", _five_more_addresses),
    defect(
        "topic-key-admits-publishers",
        put(t.KEY, name="global-keys-notifications", policy='{"Statement": [{"Effect": "Deny", "Principal": "*"}]}'),
    ),
    defect("aws-api-limits", put(t.ALARM, comparisonOperator="Bigger")),
)

DEFECTS = (*DATABASE, *EDGE)
