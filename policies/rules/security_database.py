"""PostgreSQL, Redis, DynamoDB."""

from __future__ import annotations

from functools import partial

from policies.graph import Graph, Node
from policies.rule import Rule, at_least, every
from policies.tokens import (
    CACHE,
    DATABASE,
    DB_EVENTS,
    DB_PARAMETERS,
    DB_SUBNETS,
    KEY,
    TABLE,
)

_rule = partial(Rule, family="security")

WEAK_USERNAMES = ("postgres", "admin", "administrator", "root", "rdsadmin")


def is_replica(node: Node) -> bool:
    """Whether a database follows another one; an unknown source is one."""
    return node.has("replicateSourceDb") or node.is_unknown("replicateSourceDb")


def parameter(graph: Graph, database: Node, name: str) -> str | None:
    """A parameter's value in the database's parameter group, None where it is left to the default."""
    for group in graph.targets(database, "parameterGroupName", DB_PARAMETERS):
        for item in group.items("parameters"):
            if item.get("name") == name:
                return str(item.get("value"))
    return None


DB_PRIVATE = _rule(
    id="database-private",
    severity="critical",
    protects="No database has an address on the internet.",
    why="A password is then all that stands between the orders and everybody.",
    references=("fsbp:RDS.2", "cis3:2.3.3", "ckv:CKV_AWS_17"),
    fix="Set publicly_accessible to False.",
    check=every(DATABASE, lambda g, n: n.get("publiclyAccessible") in (False, None), "publicly_accessible is set"),
)

DB_ENCRYPTED = _rule(
    id="database-encrypted",
    severity="critical",
    protects="Databases are encrypted at rest.",
    why="It cannot be turned on later, nor for a snapshot or replica alone.",
    references=("fsbp:RDS.3", "cis3:2.3.1", "ckv:CKV_AWS_16"),
    fix="Set storage_encrypted.",
    check=every(DATABASE, lambda g, n: n.get("storageEncrypted") is True, "storage_encrypted is not set"),
)

DB_OWN_KEY = _rule(
    id="database-own-key",
    severity="high",
    protects="A database's key belongs to this account.",
    why="Only a key of our own can be shared with a backup account, or withdrawn.",
    references=("ckv:CKV_AWS_354",),
    fix="Set kms_key_id to a customer-managed key of the region.",
    check=every(DATABASE, lambda g, n: g.refers(n, "kmsKeyId", KEY), "kms_key_id is not set"),
)

DB_INSIGHTS_KEY = _rule(
    id="database-insights-own-key",
    severity="low",
    protects="What Performance Insights keeps, queries included, is encrypted with our key.",
    why="Queries carry names and amounts.",
    references=("ckv:CKV_AWS_353", "ckv:CKV_AWS_354"),
    fix="Set performance_insights_enabled and performance_insights_kms_key_id.",
    check=every(
        DATABASE,
        lambda g, n: n.get("performanceInsightsEnabled") is True and g.refers(n, "performanceInsightsKmsKeyId", KEY),
        "Performance Insights is off, or not under a key of this account",
    ),
)

DB_IAM = _rule(
    id="database-iam-login",
    severity="medium",
    protects="People and jobs log in with short-lived credentials.",
    why="A shared password never goes away.",
    references=("fsbp:RDS.10", "ckv:CKV_AWS_161"),
    fix="Set iam_database_authentication_enabled.",
    check=every(
        DATABASE,
        lambda g, n: n.get("iamDatabaseAuthenticationEnabled") is True,
        "iam_database_authentication_enabled is not set",
    ),
)

DB_TLS = _rule(
    id="database-requires-tls",
    severity="high",
    protects="PostgreSQL refuses connections in clear.",
    why="One forgotten client would send its password and every row in clear.",
    references=("fsbp:RDS.38", "ckv:CKV2_AWS_69", "G29"),
    fix="Set rds.force_ssl to 1 in the parameter group.",
    check=every(
        DATABASE,
        lambda g, n: parameter(g, n, "rds.force_ssl") == "1",
        "rds.force_ssl is not 1 in its parameter group",
    ),
)

DB_LOGS = _rule(
    id="database-logs-kept",
    severity="medium",
    protects="PostgreSQL's log leaves the instance.",
    why="On the instance it is gone after days, and with the instance.",
    references=("fsbp:RDS.9", "fsbp:RDS.36", "ckv:CKV_AWS_129", "ckv:CKV2_AWS_30"),
    fix='Set enabled_cloudwatch_logs_exports to ["postgresql", "upgrade"].',
    check=every(
        DATABASE, lambda g, n: "postgresql" in n.items("enabledCloudwatchLogsExports"), "postgresql is not exported"
    ),
)

DB_MONITORED = _rule(
    id="database-enhanced-monitoring",
    severity="low",
    protects="What the instance's operating system does is seen.",
    why="CloudWatch sees the hypervisor's side only: no process, no swap.",
    references=("fsbp:RDS.6", "ckv:CKV_AWS_118"),
    fix="Set monitoring_interval and monitoring_role_arn.",
    check=every(DATABASE, lambda g, n: at_least(n.get("monitoringInterval"), 1), "monitoring_interval is not set"),
)

DB_CA = _rule(
    id="database-certificate-authority",
    severity="low",
    protects="The database's certificate is of a current authority.",
    why="Clients that verify it stop connecting when the authority expires.",
    references=("ckv:CKV_AWS_211",),
    fix="Set ca_cert_identifier to rds-ca-rsa2048-g1 or newer.",
    check=every(
        DATABASE,
        lambda g, n: isinstance(ca := n.get("caCertIdentifier"), str) and ca.endswith("-g1"),
        "ca_cert_identifier is not of the current generation",
    ),
)

DB_TAGS = _rule(
    id="database-copies-tags",
    severity="low",
    protects="Snapshots carry the tags of their database.",
    why="Access and costs are told apart by tag.",
    references=("fsbp:RDS.17", "ckv:CKV2_AWS_60"),
    fix="Set copy_tags_to_snapshot.",
    check=every(DATABASE, lambda g, n: n.get("copyTagsToSnapshot") is True, "copy_tags_to_snapshot is not set"),
)

DB_USERNAME = _rule(
    id="database-master-name",
    severity="low",
    protects="The master user's name is not the first that anyone tries.",
    why="Half of a login is then known.",
    references=("fsbp:RDS.25",),
    fix="Choose another username.",
    check=every(DATABASE, lambda g, n: n.get("username") not in WEAK_USERNAMES, "username is a common one"),
)

DB_PASSWORD = _rule(
    id="database-password-not-in-state",
    severity="high",
    protects="The master password is in no state file.",
    why="Everybody who may preview would otherwise hold the database.",
    references=("G6",),
    fix="Use password_wo and password_wo_version.",
    check=every(
        DATABASE,
        lambda g, n: not n.has("password") and not n.is_unknown("password"),
        "password is set; use password_wo",
    ),
)

DB_SUBSCRIBED = _rule(
    id="database-events",
    severity="medium",
    protects="A database's failovers and failures reach somebody.",
    why="An unnoticed failover leaves no standby for the next one.",
    references=("fsbp:RDS.20", "fsbp:RDS.19"),
    fix="Add an aws.rds.EventSubscription with the instance in source_ids.",
    check=every(
        DATABASE,
        lambda g, n: any(e.get("enabled") is not False for e in g.referrers(n, "sourceIds", DB_EVENTS)),
        "no event subscription names it",
    ),
)

DB_OWN_SUBNETS = _rule(
    id="database-own-subnets",
    severity="high",
    protects="Databases stand in subnets that were chosen for them.",
    why="Without a group RDS takes the default VPC, whose subnets are public.",
    references=("fsbp:RDS.46",),
    fix="Set db_subnet_group_name.",
    check=every(DATABASE, lambda g, n: g.refers(n, "dbSubnetGroupName", DB_SUBNETS), "db_subnet_group_name is not set"),
)

CACHE_ENCRYPTED = _rule(
    id="cache-encrypted",
    severity="high",
    protects="The cache is encrypted at rest.",
    why="Its snapshots hold sessions; it cannot be turned on later.",
    references=("fsbp:ElastiCache.4", "ckv:CKV_AWS_29", "G71"),
    fix="Set at_rest_encryption_enabled.",
    check=every(
        CACHE,
        lambda g, n: n.get("atRestEncryptionEnabled") in (True, "true"),
        "at_rest_encryption_enabled is not set",
    ),
)

CACHE_TLS = _rule(
    id="cache-requires-tls",
    severity="high",
    protects="The cache takes TLS only.",
    why="Sessions in clear can be taken over.",
    references=("fsbp:ElastiCache.5", "ckv:CKV_AWS_30", "G71"),
    fix="Set transit_encryption_enabled, and leave transit_encryption_mode at required.",
    check=every(
        CACHE,
        lambda g, n: (
            n.get("transitEncryptionEnabled") is True and n.get("transitEncryptionMode") in ("required", None, "")
        ),
        "it takes connections in clear",
    ),
)

CACHE_LOGIN = _rule(
    id="cache-requires-login",
    severity="high",
    protects="The cache asks who is there.",
    why="Whoever reaches its port otherwise reads and changes every session.",
    references=("fsbp:ElastiCache.6", "ckv:CKV_AWS_31"),
    fix="Set user_group_ids, or auth_token.",
    check=every(
        CACHE,
        lambda g, n: n.has("userGroupIds") or n.has("authToken"),
        "it has neither users nor a token",
    ),
)

CACHE_OWN_KEY = _rule(
    id="cache-own-key",
    severity="medium",
    protects="The cache's key belongs to this account.",
    why="Only a key of our own can be withdrawn.",
    references=("ckv:CKV_AWS_191",),
    fix="Set kms_key_id.",
    check=every(CACHE, lambda g, n: g.refers(n, "kmsKeyId", KEY), "kms_key_id is not set"),
)

CACHE_SNAPSHOTS = _rule(
    id="cache-snapshots",
    severity="medium",
    protects="The cache can be filled from yesterday's snapshot.",
    why="An empty one sends every read to the database at once.",
    references=("fsbp:ElastiCache.1",),
    fix="Set snapshot_retention_limit to 1 or more.",
    check=every(CACHE, lambda g, n: at_least(n.get("snapshotRetentionLimit"), 1), "it is never backed up"),
)

CACHE_UPGRADES = _rule(
    id="cache-minor-upgrades",
    severity="medium",
    protects="The cache gets its security fixes.",
    why="Nobody remembers to install them.",
    references=("fsbp:ElastiCache.2",),
    fix="Leave auto_minor_version_upgrade on.",
    check=every(
        CACHE,
        lambda g, n: n.get("autoMinorVersionUpgrade") in (True, "true", None, ""),
        "auto_minor_version_upgrade is off",
    ),
)

CACHE_OWN_SUBNETS = _rule(
    id="cache-own-subnets",
    severity="high",
    protects="The cache stands in subnets that were chosen for it.",
    why="The default group's subnets may be public.",
    references=("fsbp:ElastiCache.7",),
    fix="Set subnet_group_name.",
    check=every(
        CACHE,
        lambda g, n: n.has("subnetGroupName") and n.get("subnetGroupName") != "default",
        "subnet_group_name is not set",
    ),
)

TABLE_RESTORABLE = _rule(
    id="table-restorable",
    severity="medium",
    protects="Every table can be restored to any moment of the last month.",
    why="One wrong delete is otherwise for ever.",
    references=("fsbp:DynamoDB.2", "ckv:CKV_AWS_28"),
    fix="Set point_in_time_recovery, on replicas too.",
    check=every(
        TABLE,
        lambda g, n: (
            n.get("pointInTimeRecovery.enabled") is True
            and all(r.get("pointInTimeRecovery") is True for r in n.items("replicas"))
        ),
        "point_in_time_recovery is not set on the table and every replica",
    ),
)

TABLE_PROTECTED = _rule(
    id="table-deletion-protection",
    severity="medium",
    protects="No table is deleted by mistake.",
    why="The fence lives in one: without it neither site may write.",
    references=("fsbp:DynamoDB.6", "ckv:CKV2_AWS_16"),
    fix="Set deletion_protection_enabled.",
    check=every(
        TABLE,
        lambda g, n: (
            n.get("deletionProtectionEnabled") is True
            and all(r.get("deletionProtectionEnabled") is True for r in n.items("replicas"))
        ),
        "deletion_protection_enabled is not set on the table and every replica",
    ),
)

TABLE_OWN_KEY = _rule(
    id="table-own-key",
    severity="low",
    protects="Tables are encrypted with our keys.",
    why="Only a key of our own can be withdrawn.",
    references=("ckv:CKV_AWS_119",),
    fix="Set server_side_encryption with a key of each region.",
    check=every(
        TABLE, lambda g, n: n.get("serverSideEncryption.enabled") is True, "it is encrypted with AWS's own key"
    ),
)

RULES = (
    DB_PRIVATE,
    DB_ENCRYPTED,
    DB_OWN_KEY,
    DB_INSIGHTS_KEY,
    DB_IAM,
    DB_TLS,
    DB_LOGS,
    DB_MONITORED,
    DB_CA,
    DB_TAGS,
    DB_USERNAME,
    DB_PASSWORD,
    DB_SUBSCRIBED,
    DB_OWN_SUBNETS,
    CACHE_ENCRYPTED,
    CACHE_TLS,
    CACHE_LOGIN,
    CACHE_OWN_KEY,
    CACHE_SNAPSHOTS,
    CACHE_UPGRADES,
    CACHE_OWN_SUBNETS,
    TABLE_RESTORABLE,
    TABLE_PROTECTED,
    TABLE_OWN_KEY,
)
