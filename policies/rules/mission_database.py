"""Orders survive: the database's standby, backups, protection, alarms."""

from __future__ import annotations

from functools import partial

from components.settings import MINIMUM_RETENTION_DAYS
from policies.graph import Graph, Node
from policies.rule import Rule, at_least, every
from policies.rules.security_database import is_replica
from policies.tokens import (
    ALARM,
    BUCKET,
    CACHE,
    CACHE_SUBNETS,
    DATABASE,
    DB_SUBNETS,
    KEY,
    LOAD_BALANCERS,
    SECRET,
    SUBNET,
    TABLE,
    ZONE,
)

_rule = partial(Rule, family="mission")

STATEFUL = (DATABASE, KEY, SECRET, BUCKET, TABLE, ZONE, *LOAD_BALANCERS)
WRITER_METRICS = frozenset({"CPUUtilization", "FreeStorageSpace", "DatabaseConnections"})
REPLICA_METRICS = WRITER_METRICS | {"ReplicaLag"}


def trades(graph: Graph, node: Node) -> bool:
    """Whether a database trades or may have to; only a replica called "-reporting" never does."""
    identifier = node.get("identifier")
    return not (is_replica(node) and isinstance(identifier, str) and identifier.endswith("-reporting"))


def zones(graph: Graph, node: Node, path: str) -> set[object]:
    """The zones of the subnets that a property names."""
    found = {
        s.get("availabilityZoneId") or s.get("availabilityZone") or s.urn for s in graph.targets(node, path, SUBNET)
    }
    return {zone for zone in found if isinstance(zone, str)}


def _is_alarmed(graph: Graph, database: Node) -> bool:
    alarms = [
        a
        for a in graph.referrers(database, "dimensions", ALARM)
        if a.region == database.region and a.get("actionsEnabled") is not False and a.has("alarmActions")
    ]
    wanted = REPLICA_METRICS if is_replica(database) else WRITER_METRICS
    return wanted <= {a.get("metricName") for a in alarms}


STANDBY = _rule(
    id="database-standby",
    severity="critical",
    protects="Every database that trades, or may have to, has a synchronous standby in another zone.",
    why="Without one the loss of a zone stops trading, on the replica just after it was promoted too.",
    references=("M1", "fsbp:RDS.5", "ckv:CKV_AWS_157", "wa:REL10-BP01", "G11"),
    fix="Set multi_az.",
    check=every(DATABASE, lambda g, n: n.get("multiAz") is True, "multi_az is not set", where=trades),
)

RESTORABLE = _rule(
    id="database-restorable",
    severity="critical",
    protects=f"Every database can be restored to any moment of the last {MINIMUM_RETENTION_DAYS} days.",
    why="A wrong statement reaches the standby and the replica within a second; only time travel undoes it.",
    references=("M3", "fsbp:RDS.11", "ckv:CKV_AWS_133", "wa:REL09-BP03", "G4", "G11"),
    fix=f"Set backup_retention_period to {MINIMUM_RETENTION_DAYS} or more, on replicas too.",
    check=every(
        DATABASE,
        lambda g, n: at_least(n.get("backupRetentionPeriod"), MINIMUM_RETENTION_DAYS),
        f"backup_retention_period is below {MINIMUM_RETENTION_DAYS}",
    ),
)

DELETION = _rule(
    id="database-deletion-protection",
    severity="high",
    protects="AWS refuses to delete a database.",
    why="The console and other tools do not know Pulumi's protection.",
    references=("M4", "fsbp:RDS.8", "ckv:CKV_AWS_293"),
    fix="Set deletion_protection (trading:protection on).",
    check=every(DATABASE, lambda g, n: n.get("deletionProtection") is True, "deletion_protection is not set"),
)

PROTECTED = _rule(
    id="stateful-protected",
    severity="high",
    protects="Pulumi refuses to delete or replace whatever holds state, or is found by its name.",
    why="One careless rename otherwise replaces the database.",
    references=("M4", "G15"),
    fix="Set protect (trading:protection on).",
    check=every(STATEFUL, lambda g, n: n.protect, "protect is not set"),
)

FINAL_SNAPSHOT = _rule(
    id="database-final-snapshot",
    severity="high",
    protects="A writer that is deleted after all leaves a snapshot.",
    why="It is the last way back.",
    references=("M4", "G18"),
    fix="Set skip_final_snapshot to False, with a final_snapshot_identifier.",
    check=every(
        DATABASE,
        lambda g, n: n.get("skipFinalSnapshot") is False and n.has("finalSnapshotIdentifier"),
        "its deletion leaves no snapshot",
        where=lambda g, n: not is_replica(n),
    ),
)

HISTORY_KEPT = _rule(
    id="database-backups-outlive-it",
    severity="high",
    protects="Backups stay when their database goes.",
    why="By default the history goes with the instance, on the day when it is needed.",
    references=("G19",),
    fix="Set delete_automated_backups to False.",
    check=every(
        DATABASE, lambda g, n: n.get("deleteAutomatedBackups") is False, "delete_automated_backups is not False"
    ),
)

ALARMED = _rule(
    id="database-alarms",
    severity="high",
    protects="Processors, storage, connections and, on a replica, its lag wake somebody, in the database's own region.",
    why="A full disk stops trading; a replica that is behind loses orders on the day of the failover.",
    references=("M5",),
    fix="Add the alarms, with a topic in alarm_actions.",
    check=every(DATABASE, _is_alarmed, "an alarm is missing, silent or in another region"),
)

GROWS = _rule(
    id="database-storage-grows",
    severity="high",
    protects="Storage grows before it is full.",
    why="PostgreSQL stops at the first write that does not fit; WAL for a lost replica fills it by itself.",
    references=("G23",),
    fix="Set max_allocated_storage above allocated_storage.",
    check=every(
        DATABASE,
        lambda g, n: (
            isinstance(n.get("allocatedStorage"), int)
            and at_least(n.get("maxAllocatedStorage"), 1.1 * n.get("allocatedStorage"))
        ),
        "max_allocated_storage is not a tenth above allocated_storage",
    ),
)

DB_ZONES = _rule(
    id="database-two-zones",
    severity="critical",
    protects="A database's subnets are in two zones or more.",
    why="The standby has nowhere to go otherwise.",
    references=("M1",),
    fix="Give the subnet group a subnet in each zone.",
    check=every(DB_SUBNETS, lambda g, n: len(zones(g, n, "subnetIds")) >= 2, "its subnets are in one zone"),
)

CACHE_FAILS_OVER = _rule(
    id="cache-fails-over",
    severity="high",
    protects="The cache survives the loss of a zone.",
    why="All its reads fall on the database at once.",
    references=("M7", "fsbp:ElastiCache.3", "ckv:CKV2_AWS_50", "G69"),
    fix="Set automatic_failover_enabled and multi_az_enabled, with a replica.",
    check=every(
        CACHE,
        lambda g, n: (
            n.get("automaticFailoverEnabled") is True
            and n.get("multiAzEnabled") is True
            and (at_least(n.get("numCacheClusters"), 2) or at_least(n.get("replicasPerNodeGroup"), 1))
        ),
        "it has no replica in another zone that takes over",
    ),
)

CACHE_ZONES = _rule(
    id="cache-two-zones",
    severity="high",
    protects="The cache's subnets are in two zones or more.",
    why="A replica in the same zone dies with the primary.",
    references=("M7",),
    fix="Give the subnet group a subnet in each zone.",
    check=every(CACHE_SUBNETS, lambda g, n: len(zones(g, n, "subnetIds")) >= 2, "its subnets are in one zone"),
)

SECRET_ABROAD = _rule(
    id="secret-copied-abroad",
    severity="high",
    protects="The site that takes over has the logins in its own region.",
    why="A secret in a dead region cannot be read.",
    references=("M20",),
    fix="Add a replica in the peer region.",
    check=every(
        SECRET,
        lambda g, n: any(isinstance(r.get("region"), str) and r.get("region") != n.region for r in n.items("replicas")),
        "it has no copy in another region",
    ),
)

FENCE_CONSISTENT = _rule(
    id="fence-survives-a-region",
    severity="critical",
    protects="The record of who may write is strongly consistent over three regions.",
    why="An old answer lets two sites write; a fence in one region dies with it.",
    references=("adr:0003",),
    fix='Give the table replicas with consistency_mode "STRONG", and a witness.',
    check=every(
        TABLE,
        lambda g, n: (
            n.items("replicas")
            and all(r.get("consistencyMode") == "STRONG" for r in n.items("replicas"))
            and n.has("globalTableWitness.regionName")
        ),
        "its replicas are not strongly consistent, or it has no witness",
    ),
)

RULES = (
    STANDBY,
    RESTORABLE,
    DELETION,
    PROTECTED,
    FINAL_SNAPSHOT,
    HISTORY_KEPT,
    ALARMED,
    GROWS,
    DB_ZONES,
    CACHE_FAILS_OVER,
    CACHE_ZONES,
    SECRET_ABROAD,
    FENCE_CONSISTENT,
)
