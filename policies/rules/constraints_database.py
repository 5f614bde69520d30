"""What RDS and ElastiCache refuse, and what they take and then do something else with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from components.database.parameters import STATIC
from components.settings import orderable
from components.settings.database import IOPS_PER_GIB, STRIPED_STORAGE_GIB
from components.settings.windows import Daily, Weekly
from policies.graph import Graph, Node
from policies.rule import Rule, Violation, at_least, every
from policies.rules.security_database import is_replica, parameter
from policies.tokens import (
    ALARM,
    BACKUP_PLAN,
    BACKUP_REPLICATION,
    BACKUP_SELECTION,
    CACHE,
    DATABASE,
    DB_PARAMETERS,
    EKS_CLUSTER,
    FUNCTION,
    KEY,
    LOG_GROUP,
    SECRET,
)

_rule = partial(Rule, family="aws-constraints")

IDENTIFIER = re.compile(r"(?!.*--)[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
ADVANCED_INSIGHTS_DAYS = 465
IDLE_LAG_SECONDS = 300
"""What RDS measures as lag on an idle writer (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/
USER_PostgreSQL.Replication.ReadReplicas.html)."""
NOT_FOR_REPLICAS = ("password", "passwordWo", "snapshotIdentifier", "restoreToPointInTime", "s3Import")


def _is_arn_of(node: Node, path: str, region: str | None) -> bool:
    value = node.get(path)
    return not isinstance(value, str) or not value.startswith("arn:") or value.split(":")[3] == region


def _windows_apart(graph: Graph, node: Node) -> bool:
    backup, maintenance = node.get("backupWindow"), node.get("maintenanceWindow")
    if not isinstance(backup, str) or not isinstance(maintenance, str):
        return backup is None or maintenance is None
    return not Weekly.parse(maintenance).overlaps_daily(Daily.parse(backup))


def _static_parameters_wait(graph: Graph, node: Node) -> bool:
    return all(p.get("applyMethod") == "pending-reboot" for p in node.items("parameters") if p.get("name") in STATIC)


def _insights_days(graph: Graph, node: Node) -> bool:
    days = node.get("performanceInsightsRetentionPeriod")
    if node.get("databaseInsightsMode") == "advanced" and not at_least(days, ADVANCED_INSIGHTS_DAYS):
        return False
    return days in (None, 0, 7, 731) or (isinstance(days, int) and days % 31 == 0 and 1 <= days // 31 <= 23)


def _iops_fit(graph: Graph, node: Node) -> bool:
    size, iops = node.get("allocatedStorage"), node.get("iops")
    if node.get("storageType") != "gp3" or not isinstance(size, int) or not isinstance(iops, int) or not iops:
        return True
    return size >= STRIPED_STORAGE_GIB and iops <= size * IOPS_PER_GIB


def _two_owners_of_backups(graph: Graph) -> Iterator[Violation]:
    for selection in graph.of(BACKUP_SELECTION):
        plans = graph.targets(selection, "planId", BACKUP_PLAN)
        if any(r.get("enableContinuousBackup") is True for plan in plans for r in plan.items("rules")):
            for database in graph.targets(selection, "resources", DATABASE):
                yield Violation(
                    database, "If you manage your backups in AWS Backup, you can't enable automated backups"
                )


def _wanted_groups(graph: Graph) -> Iterator[tuple[Node, str]]:
    for node in graph.of(DATABASE):
        for export in node.items("enabledCloudwatchLogsExports"):
            yield node, f"/aws/rds/instance/{node.get('identifier')}/{export}"
    for node in graph.of(EKS_CLUSTER):
        if node.items("enabledClusterLogTypes"):
            yield node, f"/aws/eks/{node.get('name')}/cluster"
    for node in graph.of(FUNCTION):
        yield node, f"/aws/lambda/{node.get('name')}"


def _groups_made_by_aws(graph: Graph) -> Iterator[Violation]:
    made = {group.get("name") for group in graph.of(LOG_GROUP)}
    for node, name in _wanted_groups(graph):
        if name not in made:
            yield Violation(node, "AWS makes its log group itself: unencrypted, and kept for ever")


REPLICA_BY_ARN = _rule(
    id="replica-source-by-arn",
    severity="high",
    protects="A replica names its source by ARN.",
    why="By identifier RDS looks in the replica's own region, and with a subnet group of its own refuses.",
    references=("G1",),
    fix="Set replicate_source_db to the ARN.",
    check=every(
        DATABASE,
        lambda g, n: not isinstance(s := n.get("replicateSourceDb"), str) or s.startswith("arn:"),
        "DBInstanceNotFound: the source of a cross-region replica is given by its ARN",
        where=lambda g, n: is_replica(n),
    ),
)

REPLICA_KEY = _rule(
    id="database-key-of-its-region",
    severity="high",
    protects="A database's key is of its own region.",
    why="Keys do not reach across regions.",
    references=("G2", "G3"),
    fix="Set kms_key_id to a key of the instance's region.",
    check=every(
        DATABASE,
        lambda g, n: (
            _is_arn_of(n, "kmsKeyId", n.region) and all(k.region == n.region for k in g.targets(n, "kmsKeyId", KEY))
        ),
        "Cannot create a cross region unencrypted read replica from encrypted source: kms_key_id is of another region",
    ),
)

REPLICA_INHERITS = _rule(
    id="replica-inherits",
    severity="high",
    protects="A replica is told nothing that it inherits.",
    why="RDS, or the provider before it, refuses.",
    references=("G5",),
    fix="Leave the login and the snapshot to the source.",
    check=every(
        DATABASE,
        lambda g, n: not any(n.has(name) or n.is_unknown(name) for name in NOT_FOR_REPLICAS),
        "a login or a snapshot cannot be specified for a replica",
        where=lambda g, n: is_replica(n),
    ),
)

OWN_PASSWORD = _rule(
    id="database-own-password",
    severity="critical",
    protects="No database has a master password that RDS manages.",
    why="RDS refuses replicas of such a database: the DR site could never be made.",
    references=("G6", "adr:0006"),
    fix="Use password_wo with a secret of our own.",
    check=every(
        DATABASE,
        lambda g, n: n.get("manageMasterUserPassword") in (None, False, ""),
        "manage_master_user_password is set: RDS refuses read replicas of this instance",
    ),
)

REPLICA_INSIGHTS = _rule(
    id="replica-insights-mode",
    severity="medium",
    protects="A replica is made without Database Insights' advanced mode.",
    why="RDS does not take it when it makes a replica.",
    references=("G10",),
    fix="Set it in a later update.",
    check=every(
        DATABASE,
        lambda g, n: n.get("databaseInsightsMode") != "advanced",
        "DatabaseInsightsMode: This setting isn't supported for read replicas at creation",
        where=lambda g, n: is_replica(n),
    ),
)

WINDOWS_APART = _rule(
    id="database-windows-apart",
    severity="medium",
    protects="Backups and maintenance have their own hours.",
    why="RDS refuses the pair; a replica that is being backed up cannot be promoted.",
    references=("G12",),
    fix="Move backupWindow or maintenanceWindow.",
    check=every(DATABASE, _windows_apart, "The backup window and maintenance window must not overlap"),
)

REPLICA_NO_SNAPSHOT = _rule(
    id="replica-no-final-snapshot",
    severity="medium",
    protects="A replica is deleted without a final snapshot.",
    why="RDS refuses one, and the deletion with it.",
    references=("G18",),
    fix="Set skip_final_snapshot, and no final_snapshot_identifier.",
    check=every(
        DATABASE,
        lambda g, n: n.get("skipFinalSnapshot") is True and not n.has("finalSnapshotIdentifier"),
        "FinalDBSnapshotIdentifier can't be specified when deleting a read replica",
        where=lambda g, n: is_replica(n),
    ),
)

SLOT_CAPPED = _rule(
    id="database-slot-capped",
    severity="high",
    protects="WAL kept for a lost replica cannot fill the writer's disk.",
    why="The default keeps all of it: a dead region stops the living one.",
    references=("G23",),
    fix="Set max_slot_wal_keep_size in the parameter group.",
    check=every(
        DATABASE,
        lambda g, n: (parameter(g, n, "max_slot_wal_keep_size") or "-1").isdigit(),
        "max_slot_wal_keep_size is not set: without a cap WAL piles up for a lost replica",
    ),
)

LAG_THRESHOLD = _rule(
    id="replica-lag-alarm-threshold",
    severity="low",
    protects="The lag's alarm is silent at night.",
    why="On an idle writer RDS measures up to five minutes; an alarm that cries every night is switched off.",
    references=("G24",),
    fix="Set the threshold above 300 seconds; the heartbeat is the sharp alert.",
    check=every(
        ALARM,
        lambda g, n: at_least(n.get("threshold"), IDLE_LAG_SECONDS),
        "the threshold is below what an idle writer shows",
        where=lambda g, n: n.get("metricName") == "ReplicaLag",
    ),
)

NO_AUTO_UPGRADE = _rule(
    id="database-upgraded-by-hand",
    severity="medium",
    protects="Writer and replica get their minor versions from here, in the right order.",
    why="RDS would move them at different times, into different versions.",
    references=("G26",),
    fix="Set auto_minor_version_upgrade to False.",
    check=every(
        DATABASE, lambda g, n: n.get("autoMinorVersionUpgrade") is False, "auto_minor_version_upgrade is not False"
    ),
)

STATIC_WAITS = _rule(
    id="parameter-static-waits",
    severity="high",
    protects="Parameters that need a restart wait for one.",
    why="RDS refuses the whole group, and does not name the parameter.",
    references=("G28",),
    fix='Set apply_method to "pending-reboot".',
    check=every(DB_PARAMETERS, _static_parameters_wait, "cannot use immediate apply method for static parameter"),
)

DB_KEY_REGIONAL = _rule(
    id="database-key-single-region",
    severity="low",
    protects="A database's key stays in its region.",
    why="RDS treats a multi-Region key as any other; it only carries the key material abroad.",
    references=("G30",),
    fix="Leave multi_region off.",
    check=every(
        DATABASE,
        lambda g, n: not any(k.get("multiRegion") is True for k in g.targets(n, "kmsKeyId", KEY)),
        "its key is a multi-Region key",
    ),
)

INSIGHTS_DAYS = _rule(
    id="database-insights-days",
    severity="medium",
    protects="Performance Insights is kept for as long as RDS allows.",
    why="RDS takes 7 days, months of 31 or 731; advanced Database Insights 465 at least.",
    references=("G32",),
    fix="Set performance_insights_retention_period to 465.",
    check=every(DATABASE, _insights_days, "Invalid Performance Insights retention period"),
)

IOPS_FIT = _rule(
    id="database-iops-fit",
    severity="high",
    protects="The IOPS fit the storage.",
    why="RDS refuses IOPS on gp3 below 400 GiB, and more than 50 a GiB.",
    references=("G33",),
    fix="Raise allocated_storage.",
    check=every(
        DATABASE,
        _iops_fit,
        f"You can't specify IOPS or storage throughput for PostgreSQL on gp3 below {STRIPED_STORAGE_GIB} GiB, "
        f"nor more than {IOPS_PER_GIB} IOPS a GiB",
    ),
)

DB_NAMED = _rule(
    id="database-identifier",
    severity="medium",
    protects="RDS takes the instance's name as it is.",
    why="It refuses some, and stores others in lower case, which looks like drift for ever.",
    references=("G34",),
    fix="Use lower-case letters, digits and single hyphens, a letter first.",
    check=every(
        DATABASE,
        lambda g, n: isinstance(i := n.get("identifier"), str) and IDENTIFIER.fullmatch(i),
        "The parameter DBInstanceIdentifier is not a valid identifier",
    ),
)

COPIES_REGION = _rule(
    id="backup-copies-abroad",
    severity="high",
    protects="Copies of backups are made in another region, under a key of that region.",
    why="The resource belongs to the destination; without a key RDS refuses for an encrypted source.",
    references=("G36", "ckv:CKV_AWS_245"),
    fix="Set region and kms_key_id of the destination.",
    check=every(
        BACKUP_REPLICATION,
        lambda g, n: (
            g.refers(n, "kmsKeyId", KEY)
            and _is_arn_of(n, "kmsKeyId", n.region)
            and not any(d.region == n.region for d in g.targets(n, "sourceDbInstanceArn", DATABASE))
        ),
        "it is in the source's region, or has no key of its own region",
    ),
)

ONE_BACKUP_OWNER = _rule(
    id="backup-one-owner",
    severity="medium",
    protects="Either RDS or AWS Backup decides how long a database's history is.",
    why="Each undoes what the other set.",
    references=("G37",),
    fix="Leave enable_continuous_backup off in the plan.",
    check=_two_owners_of_backups,
)

GROUPS_FIRST = _rule(
    id="log-group-made-first",
    severity="medium",
    protects="Services write to log groups that were made for them.",
    why="What AWS makes itself is unencrypted and kept for ever, and cannot be made by Pulumi any more.",
    references=("G40",),
    fix="Add the aws.cloudwatch.LogGroup, and depend on it.",
    check=_groups_made_by_aws,
)

ORDERABLE_VERSION = _rule(
    id="database-version-offered",
    severity="high",
    protects="RDS still offers the version.",
    why="A withdrawn one blocks the replica's rebuild, on the day when it is needed.",
    references=("G43", "cfn-lint:E3691"),
    fix="Choose a version that components/settings/orderable.json lists (python -m tools.orderable renews it).",
    check=every(
        DATABASE,
        lambda g, n: n.get("engineVersion") in orderable.versions(),
        "Cannot find version for postgres",
    ),
)

ORDERABLE_CLASS = _rule(
    id="database-class-offered",
    severity="high",
    protects="The region offers the instance class.",
    why="The DR region may not have what the primary has.",
    references=("G43", "cfn-lint:E3025"),
    fix="Choose a class that both regions offer.",
    check=every(
        DATABASE,
        lambda g, n: n.region is not None and n.get("instanceClass") in orderable.instance_classes(n.region),
        "Cannot create a DB instance of this class in this region",
    ),
)

CACHE_REPLICAS = _rule(
    id="cache-failover-needs-replica",
    severity="high",
    protects="A cache that fails over has something to fail over to.",
    why="ElastiCache refuses the combination.",
    references=("G69",),
    fix="Set num_cache_clusters to 2 or more, and automatic_failover_enabled with multi_az_enabled.",
    check=every(
        CACHE,
        lambda g, n: (
            (n.get("multiAzEnabled") is not True or n.get("automaticFailoverEnabled") is True)
            and (
                n.get("automaticFailoverEnabled") is not True
                or at_least(n.get("numCacheClusters"), 2)
                or at_least(n.get("replicasPerNodeGroup"), 1)
            )
        ),
        "automatic failover needs at least 2 cache clusters, and Multi-AZ needs automatic failover",
    ),
)

CACHE_ONE_LOGIN = _rule(
    id="cache-one-kind-of-login",
    severity="high",
    protects="The cache knows users or a token, over TLS.",
    why="ElastiCache refuses both together, a token without TLS, and more than one group of users.",
    references=("G70",),
    fix="Keep user_group_ids, with one group.",
    check=every(
        CACHE,
        lambda g, n: (
            not (n.has("authToken") and (n.has("userGroupIds") or n.get("transitEncryptionEnabled") is not True))
            and len(n.items("userGroupIds")) <= 1
        ),
        "AuthToken and UserGroupIds exclude each other; a token needs TLS; at most one user group",
    ),
)

CACHE_SNAPSHOT = _rule(
    id="cache-final-snapshot",
    severity="low",
    protects="A cache that is deleted leaves a snapshot.",
    why="By default it leaves none.",
    references=("G73",),
    fix="Set final_snapshot_identifier.",
    check=every(CACHE, lambda g, n: n.has("finalSnapshotIdentifier"), "final_snapshot_identifier is not set"),
)

SECRET_NAMED = _rule(
    id="secret-name",
    severity="low",
    protects="A secret is found by its name.",
    why="Secrets Manager takes a hyphen and six characters at the end for its own suffix.",
    references=("G45", "G80"),
    fix="Choose a name that does not end so.",
    check=every(
        SECRET,
        lambda g, n: not isinstance(name := n.get("name"), str) or not re.search(r"-[A-Za-z0-9]{6}$", name),
        "the name ends in a hyphen and six characters",
    ),
)

RULES = (
    REPLICA_BY_ARN,
    REPLICA_KEY,
    REPLICA_INHERITS,
    OWN_PASSWORD,
    REPLICA_INSIGHTS,
    WINDOWS_APART,
    REPLICA_NO_SNAPSHOT,
    SLOT_CAPPED,
    LAG_THRESHOLD,
    NO_AUTO_UPGRADE,
    STATIC_WAITS,
    DB_KEY_REGIONAL,
    INSIGHTS_DAYS,
    IOPS_FIT,
    DB_NAMED,
    COPIES_REGION,
    ONE_BACKUP_OWNER,
    GROUPS_FIRST,
    ORDERABLE_VERSION,
    ORDERABLE_CLASS,
    CACHE_REPLICAS,
    CACHE_ONE_LOGIN,
    CACHE_SNAPSHOT,
    SECRET_NAMED,
)
