"""What only both stacks together can tell: rules of scope "estate", over merged exported states."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from ipaddress import ip_network
from itertools import combinations

from policies.graph import Graph, Node
from policies.rule import Rule, Violation, every
from policies.rules.mission_database import trades
from policies.rules.security_database import is_replica, parameter
from policies.rules.security_network import group_rules
from policies.tokens import (
    BACKUP_PLAN,
    BACKUP_REPLICATION,
    BACKUP_SELECTION,
    BACKUP_VAULT,
    DATABASE,
    LISTENERS,
    LOAD_BALANCERS,
    RECORD,
    SCALING_GROUP,
    VPC,
)

_rule = partial(Rule, family="mission", scope="estate")

SHAPE = ("instanceClass", "engineVersion", "storageType", "allocatedStorage", "iops", "storageThroughput")
NOT_BELOW = (
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_wal_senders",
    "max_worker_processes",
)
"""Limits of a standby that must not be below its writer's
(https://www.postgresql.org/docs/18/hot-standby.html#HOT-STANDBY-ADMIN)."""
CROSS_REGION_REPLICAS = 5
"""More than five AWS does not promise
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.XRgn.html)."""


def writers(graph: Graph) -> list[Node]:
    """Databases that follow none."""
    return [d for d in graph.of(DATABASE) if not is_replica(d)]


def replicas(graph: Graph, writer: Node) -> list[Node]:
    """Databases that follow this one from another region."""
    return [r for r in graph.referrers(writer, "replicateSourceDb", DATABASE) if r.region != writer.region]


def _pairs(graph: Graph) -> Iterator[tuple[Node, Node]]:
    for writer in writers(graph):
        yield from ((writer, replica) for replica in replicas(graph, writer) if trades(graph, replica))


def _another_writer(graph: Graph) -> Iterator[Violation]:
    for writer in writers(graph)[1:]:
        yield Violation(writer, "two databases take writes")


def _other_shape(graph: Graph) -> Iterator[Violation]:
    for writer, replica in _pairs(graph):
        if any(replica.get(name) != writer.get(name) for name in SHAPE):
            yield Violation(replica, "its class, version or storage is not its writer's")


def _weaker_limits(graph: Graph) -> Iterator[Violation]:
    for writer, replica in _pairs(graph):
        for name in NOT_BELOW:
            theirs, ours = parameter(graph, writer, name), parameter(graph, replica, name)
            if (theirs or "").isdigit() and not ((ours or "").isdigit() and int(str(ours)) >= int(str(theirs))):
                yield Violation(replica, f"{name} is below its writer's: PostgreSQL stops replaying")


def _is_copied_abroad(graph: Graph, writer: Node) -> bool:
    for copy in graph.referrers(writer, "sourceDbInstanceArn", BACKUP_REPLICATION):
        if copy.region != writer.region:
            return True
    for selection in graph.referrers(writer, "resources", BACKUP_SELECTION):
        for plan in graph.targets(selection, "planId", BACKUP_PLAN):
            if any(v.region != plan.region for v in graph.targets(plan, "rules", BACKUP_VAULT)):
                return True
    return False


def _targets_of(graph: Graph, record: Node) -> set[str | None]:
    """Regions of the load balancers that a failover record leads to, over the sites' own names."""
    found: set[str | None] = {b.region for b in graph.targets(record, "aliases", *LOAD_BALANCERS)}
    for probe in graph.targets(record, "aliases", RECORD):
        if probe.get("setIdentifier") in (None, ""):
            found |= {b.region for b in graph.targets(probe, "aliases", *LOAD_BALANCERS)}
    return found


def _same_region(graph: Graph) -> Iterator[Violation]:
    pairs = [r for r in graph.of(RECORD) if r.items("failoverRoutingPolicies")]
    for first, second in combinations(pairs, 2):
        if first.get("name") == second.get("name"):
            one, other = _targets_of(graph, first), _targets_of(graph, second)
            if len(one) != 1 or len(other) != 1 or one == other:
                yield Violation(second, "the two halves do not lead to load balancers in two regions")


def _overlaps(graph: Graph) -> Iterator[Violation]:
    for first, second in combinations(graph.of(VPC), 2):
        blocks = [v.get("cidrBlock") for v in (first, second)]
        if not all(isinstance(b, str) for b in blocks) or ip_network(blocks[0]).overlaps(ip_network(blocks[1])):
            yield Violation(second, "its addresses overlap with the other site's: replication becomes unstable")


def _by_region(graph: Graph, types: tuple[str, ...]) -> dict[str | None, list[Node]]:
    found: dict[str | None, list[Node]] = {}
    for node in graph.of(*types):
        found.setdefault(node.region, []).append(node)
    return found


def _listeners_differ(graph: Graph) -> Iterator[Violation]:
    shapes = {
        region: {(n.get("port"), n.get("protocol"), n.get("sslPolicy") or None) for n in nodes}
        for region, nodes in _by_region(graph, LISTENERS).items()
    }
    if len({frozenset(s) for s in shapes.values()}) > 1:
        yield Violation(graph.of(*LISTENERS)[-1], "the two regions listen on other ports or with other TLS")


def _doors_differ(graph: Graph) -> Iterator[Violation]:
    doors: dict[str | None, set[object]] = {}
    last = None
    for node, rule in group_rules(graph, "ingress"):
        doors.setdefault(node.region, set()).add((rule["ports"], rule["world"]))
        last = node
    if len({frozenset(d) for d in doors.values()}) > 1:
        yield Violation(last, "the two regions' security groups open other ports")


def _capacity_differs(graph: Graph) -> Iterator[Violation]:
    sizes = {
        region: sum(n.get("minSize") for n in nodes if isinstance(n.get("minSize"), int))
        for region, nodes in _by_region(graph, (SCALING_GROUP,)).items()
    }
    if len(set(sizes.values())) > 1:
        yield Violation(graph.of(SCALING_GROUP)[-1], "the two regions run another number of machines")


REPLICA_ABROAD = _rule(
    id="writer-has-replica-abroad",
    severity="critical",
    protects="Every writer has a replica in another region.",
    why="Without one a lost region takes every order since the last copied backup.",
    references=("M2",),
    fix="Bring the other site up as standby.",
    check=every(
        DATABASE,
        lambda g, n: any(trades(g, r) for r in replicas(g, n)),
        "no database in another region follows it",
        where=lambda g, n: not is_replica(n),
    ),
)

ONE_WRITER = _rule(
    id="one-writer",
    severity="critical",
    protects="One database takes writes.",
    why="Two histories of orders cannot be put together again.",
    references=("drill:split-brain",),
    fix="Fence the old writer, and rebuild it as a replica.",
    check=_another_writer,
)

KNOWN_WRITER = _rule(
    id="replica-follows-a-known-writer",
    severity="high",
    protects="Every replica follows a writer of the platform, and never another replica.",
    why="A replica of something forgotten looks healthy and holds nothing; PostgreSQL has no chains across regions.",
    references=("G22", "M2"),
    fix="Make the peer's cache anew (make peer), and rebuild the replica.",
    check=every(
        DATABASE,
        lambda g, n: any(not is_replica(w) for w in g.targets(n, "replicateSourceDb", DATABASE)),
        "it follows nothing that stands here",
        where=lambda g, n: is_replica(n),
    ),
)

SAME_SHAPE = _rule(
    id="replica-same-shape",
    severity="high",
    protects="The replica can carry the writer's load on the day it must.",
    why="Replay is one process; a smaller one falls behind, and cannot be grown in the middle of a failover.",
    references=("M21", "G14"),
    fix="Use the same trading:database settings in both stack files.",
    check=_other_shape,
)

SAME_LIMITS = _rule(
    id="replica-limits",
    severity="critical",
    protects="The replica allows what its writer allows.",
    why="PostgreSQL pauses replay on a standby whose limits are below the writer's.",
    references=("G8",),
    fix="Use the same trading:targetTps in both stack files.",
    check=_weaker_limits,
)

FEW_REPLICAS = _rule(
    id="replica-count",
    severity="low",
    protects="No writer has more than five replicas in other regions.",
    why="can't guarantee more than five cross-Region read replica instances",
    references=("G82",),
    fix="Remove some.",
    check=every(
        DATABASE,
        lambda g, n: len(replicas(g, n)) <= CROSS_REGION_REPLICAS,
        "can't guarantee more than five cross-Region read replica instances",
    ),
)

COPIED_ABROAD = _rule(
    id="backups-copied-abroad",
    severity="high",
    protects="Every writer's backups are copied to another region.",
    why="A wrong statement reaches the replica too; when the region goes as well, only copies reach further back.",
    references=("M6", "fsbp:RDS.26", "ckv:CKV_AWS_245", "G36"),
    fix="Add an aws.rds.InstanceAutomatedBackupsReplication in the peer region.",
    check=every(
        DATABASE,
        _is_copied_abroad,
        "its backups stay in its region",
        where=lambda g, n: not is_replica(n),
    ),
)

FAILOVER_REGIONS = _rule(
    id="failover-leads-to-two-regions",
    severity="critical",
    protects="The two halves of the failover pair lead to load balancers in two regions.",
    why="A failover to the same region is none.",
    references=("M15",),
    fix="Point each half at the name of its site.",
    check=_same_region,
)

ADDRESSES = _rule(
    id="sites-addresses-apart",
    severity="high",
    protects="The sites' networks do not overlap.",
    why="CIDR ranges can overlap, which makes the replica unstable; and they could never be connected.",
    references=("G42",),
    fix="Change trading:cidr of one.",
    check=_overlaps,
)

SAME_LISTENERS = _rule(
    id="sites-listen-alike",
    severity="high",
    protects="Clients find the same ports and the same TLS at both sites.",
    why="What works before the failover must work after it.",
    references=("M21",),
    fix="Bring both stacks up from the same commit.",
    check=_listeners_differ,
)

SAME_DOORS = _rule(
    id="sites-open-alike",
    severity="high",
    protects="The security groups of both sites open the same ports.",
    why="A rule added by hand on one side is missing on the day of the failover.",
    references=("M21",),
    fix="Bring both stacks up from the same commit.",
    check=_doors_differ,
)

SAME_CAPACITY = _rule(
    id="sites-run-alike",
    severity="high",
    protects="Both sites run the same number of machines.",
    why="In the hour of a region's loss everybody asks AWS for machines.",
    references=("M21", "M9"),
    fix="Use the same sizes in both stack files.",
    check=_capacity_differs,
)

RULES = (
    REPLICA_ABROAD,
    ONE_WRITER,
    KNOWN_WRITER,
    SAME_SHAPE,
    SAME_LIMITS,
    FEW_REPLICAS,
    COPIED_ABROAD,
    FAILOVER_REGIONS,
    ADDRESSES,
    SAME_LISTENERS,
    SAME_DOORS,
    SAME_CAPACITY,
)
