"""From the target rate to what every layer must offer: formulas, with their sources, and nothing else.

Every figure that depends on the workload is a constant here, said to be an estimate where it is one; a load test
replaces the constant, and everything downstream follows. Two laws carry the rest. Little's law: rate x time busy
is how many are busy at once. And the platform's own: each zone, alone, carries the whole target rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

MAX_ZONES: Final = 4
"""The most zones that a site may have (trading:zones)."""

SERVICE_TIME_SECONDS: Final = 0.010
"""Time a server connection is busy per transaction, with a commit that crosses zones: the upper end of
3-10 ms, to be replaced by a load test."""

STATEMENTS_PER_TRANSACTION: Final = 5
"""BEGIN, INSERT, UPDATE and COMMIT of the reference service's order, and one read. Estimate."""

# --- the application ------------------------------------------------------------------------------------------

REPLICA_TPS: Final = 300
"""What one replica serves at its CPU target: 500 a second and vCPU at 60%. The reference service took 840 orders per
core-second on a shared 2-core machine (TLS, pgBouncer, cache); an estimate for other cores and other services, to be
replaced by a load test."""

REPLICA_CPU_MILLICORES: Final = 1_000
"""One event loop uses one core and no more."""

REPLICA_MEMORY_MIB: Final = 512
"""The process at rest takes a sixth of it; the rest is requests in flight."""

BURST: Final = 1.5
"""The autoscaler may go this far above the size that carries the target rate."""

STANDBY_SHARE: Final = 0.1
"""What a standby keeps warm, of the full size: enough to prove the path, and to scale from."""

CONNECTIONS_PER_REPLICA: Final = 10
"""Little's law gives REPLICA_TPS x SERVICE_TIME = 3; three times that rides out a slow moment."""

NODE_REPLICAS: Final = 6
"""Replicas on a node or instance of eight vCPUs; the other two are for the system, agents and the pooler."""

# --- the poolers ----------------------------------------------------------------------------------------------

POOLER_STATEMENTS_PER_SECOND: Final = 15_000
"""One pgBouncer process is one thread. 59,000 simple statements per core-second were measured without TLS, and
16,500 with TLS on both sides and the reference service's orders (4,100 a core-second of four statements each)."""

MIN_POOLERS_PER_ZONE: Final = 2
"""One may restart while the other serves the zone."""

SURGE_POOLERS_PER_ZONE: Final = 1
"""A rolling update starts the new process before it ends the old one."""

MIN_POOL: Final = 5
"""A pool of one or two would make every slow statement a queue, whatever the mean says."""

AUTH_CONNECTIONS: Final = 2
"""Server connections of a pooler beyond its pool: for auth_query, which runs as a user of its own."""

UNEVEN: Final = 1.5
"""How far the busiest pooler lies above the mean: connections are spread once, when they open."""

# --- the database ---------------------------------------------------------------------------------------------

RESERVED_CONNECTIONS: Final = 100
"""Kept back for superuser, replication, exporters, migrations and people."""

STATEMENTS_PER_DATABASE_VCPU: Final = 3_200
"""10,000 TPS of five statements on the 16 vCPUs of a 4xlarge. Estimate."""

IOPS_PER_TRANSACTION: Final = 1.6
"""Page writes left after group commit and checkpoints merge them: 15-30 thousand at 10,000 TPS."""

GP3_BASELINE_IOPS: Final = 12_000
GP3_BASELINE_THROUGHPUT: Final = 500
"""What RDS for PostgreSQL gives gp3 volumes of 400 GiB and more without asking, in IOPS and MiB/s
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage)."""

GP3_MAX_IOPS: Final = 64_000
IO2_MAX_IOPS: Final = 256_000

INSTANCE_VCPUS: Final = {
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "12xlarge": 48,
    "16xlarge": 64,
    "24xlarge": 96,
    "48xlarge": 192,
}
"""vCPUs of the r8g sizes (https://aws.amazon.com/rds/instance-types/)."""


class DoesNotFitError(ValueError):
    """Pools that could open more connections than the database takes; the message shows the arithmetic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSizing:
    """What a database needs to take the target rate.

    iops: provisioned I/O operations per second; throughput: MiB/s; max_connections: server connections;
    vcpus: what the statements need; instance_class: the smallest that has them, a recommendation.
    """

    iops: int
    throughput: int
    max_connections: int
    vcpus: int
    instance_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSizing:
    """What the app tier of one site needs, so that any one of its zones carries the target rate alone.

    A replica is one process of the application, a pooler one process of pgBouncer. With `trading:compute` asg, a
    node is an instance that runs NODE_REPLICAS replicas and one pooler.

    server_connections_per_pooler: pgBouncer's default_pool_size; max_server_connections_per_pooler: its
    max_db_connections, which also holds while logins rotate; max_client_connections: its max_client_conn.
    """

    target_tps: int
    zones: int
    replicas_per_zone: int
    max_replicas_per_zone: int
    standby_replicas_per_zone: int
    cpu_millicores: int
    memory_mib: int
    connections_per_replica: int
    nodes_per_zone: int
    max_nodes_per_zone: int
    standby_nodes_per_zone: int
    poolers_per_zone: int
    max_poolers_per_zone: int
    server_connections_per_pooler: int
    max_server_connections_per_pooler: int
    max_client_connections: int

    @property
    def max_server_connections(self) -> int:
        """What all pools of the site can hold at once, at their maximum."""
        return self.zones * self.max_poolers_per_zone * self.max_server_connections_per_pooler

    def capacity(self, zones: int = 1) -> int:
        """Transactions per second that this many zones carry: the least of what replicas, poolers and pools allow."""
        poolers = zones * self.poolers_per_zone
        return min(
            zones * self.replicas_per_zone * REPLICA_TPS,
            poolers * POOLER_STATEMENTS_PER_SECOND // STATEMENTS_PER_TRANSACTION,
            int(poolers * self.server_connections_per_pooler / SERVICE_TIME_SECONDS),
        )


def size_database(target_tps: int) -> DatabaseSizing:
    """Size the writer, and the replica that must be able to replace it.

    max_connections takes the pools of MAX_ZONES zones at their maximum, of both compute modes at once, plus the
    reserve: the number of zones and the mode may differ between the sites and may change, and while a site
    switches its mode both fleets stand. The parameter must be equal on writer and replica and changes only at
    a restart, so it follows from the rate and nothing else.
    """
    iops = max(GP3_BASELINE_IOPS, ceil(target_tps * IOPS_PER_TRANSACTION / 1_000) * 1_000)
    vcpus = ceil(target_tps * STATEMENTS_PER_TRANSACTION / STATEMENTS_PER_DATABASE_VCPU)
    pools = sum(size(target_tps, MAX_ZONES).max_server_connections for size in (_size_pods, _size_instances))
    return DatabaseSizing(
        iops=iops,
        throughput=max(GP3_BASELINE_THROUGHPUT, ceil(iops / 32)),
        max_connections=pools + RESERVED_CONNECTIONS,
        vcpus=vcpus,
        instance_class=_instance_class(vcpus),
    )


def size_app(target_tps: int, zones: int) -> AppSizing:
    """Size the app tier on EKS, where replicas and poolers are pods that scale apart.

    Raises ValueError for a number of zones that the platform does not have.
    """
    _check_zones(zones)
    sizing = _size_pods(target_tps, zones)
    check_fits(size_database(target_tps).max_connections, sizing)
    return sizing


def size_instances(target_tps: int, zones: int) -> AppSizing:
    """Size the app tier on EC2 Auto Scaling, where each instance runs its replicas and a pooler.

    Raises ValueError for a number of zones that the platform does not have.
    """
    _check_zones(zones)
    sizing = _size_instances(target_tps, zones)
    check_fits(size_database(target_tps).max_connections, sizing)
    return sizing


def check_fits(max_connections: int, *fleets: AppSizing) -> None:
    """Refuse fleets whose pools, all full, would leave less than the reserve.

    Raises DoesNotFitError with the arithmetic.
    """
    needed = sum(fleet.max_server_connections for fleet in fleets)
    if needed <= max_connections - RESERVED_CONNECTIONS:
        return
    terms = " + ".join(
        f"{fleet.zones} zones x {fleet.max_poolers_per_zone} poolers x {fleet.max_server_connections_per_pooler}"
        for fleet in fleets
    )
    raise DoesNotFitError(
        f"the pools can open {terms} = {needed} connections, and the database takes {max_connections} less "
        f"{RESERVED_CONNECTIONS} in reserve = {max_connections - RESERVED_CONNECTIONS}; "
        f"raise max_connections to {needed + RESERVED_CONNECTIONS} or more, or lower the target rate"
    )


def _size_pods(target_tps: int, zones: int) -> AppSizing:
    poolers = _poolers(target_tps)
    return _sizing(
        target_tps,
        zones,
        replicas=_replicas(target_tps),
        poolers=poolers,
        max_poolers=poolers + SURGE_POOLERS_PER_ZONE,
    )


def _size_instances(target_tps: int, zones: int) -> AppSizing:
    # As many instances as the replicas or the poolers need, whichever are more; one pooler on each.
    instances = max(ceil(_replicas(target_tps) / NODE_REPLICAS), _poolers(target_tps))
    return _sizing(
        target_tps,
        zones,
        replicas=instances * NODE_REPLICAS,
        poolers=instances,
        max_poolers=ceil(instances * BURST),
    )


def _sizing(target_tps: int, zones: int, *, replicas: int, poolers: int, max_poolers: int) -> AppSizing:
    nodes = ceil(replicas / NODE_REPLICAS)
    max_nodes = ceil(nodes * BURST)
    max_replicas = max_nodes * NODE_REPLICAS
    pool = max(MIN_POOL, ceil(target_tps * SERVICE_TIME_SECONDS / poolers))
    # One zone's poolers may have to take every zone's clients, when theirs are gone.
    clients = zones * max_replicas * CONNECTIONS_PER_REPLICA
    standby = max(MIN_POOLERS_PER_ZONE, ceil(replicas * STANDBY_SHARE))
    return AppSizing(
        target_tps=target_tps,
        zones=zones,
        replicas_per_zone=replicas,
        max_replicas_per_zone=max_replicas,
        standby_replicas_per_zone=standby,
        cpu_millicores=REPLICA_CPU_MILLICORES,
        memory_mib=REPLICA_MEMORY_MIB,
        connections_per_replica=CONNECTIONS_PER_REPLICA,
        nodes_per_zone=nodes,
        max_nodes_per_zone=max_nodes,
        standby_nodes_per_zone=ceil(standby / NODE_REPLICAS),
        poolers_per_zone=poolers,
        max_poolers_per_zone=max_poolers,
        server_connections_per_pooler=pool,
        max_server_connections_per_pooler=pool + AUTH_CONNECTIONS,
        max_client_connections=ceil(clients / poolers * UNEVEN),
    )


def _replicas(target_tps: int) -> int:
    """Replicas of one zone that carry the whole rate; two at least, so that one may restart."""
    return max(2, ceil(target_tps / REPLICA_TPS))


def _poolers(target_tps: int) -> int:
    """Poolers of one zone that carry the whole rate."""
    statements = target_tps * STATEMENTS_PER_TRANSACTION
    return max(MIN_POOLERS_PER_ZONE, ceil(statements / POOLER_STATEMENTS_PER_SECOND))


def _instance_class(vcpus: int) -> str:
    size = next((size for size, has in INSTANCE_VCPUS.items() if has >= vcpus), "48xlarge")
    return f"db.r8g.{size}"


def _check_zones(zones: int) -> None:
    if not 2 <= zones <= MAX_ZONES:
        raise ValueError(f"{zones} zones: a site has 2 to {MAX_ZONES}; one alone does not survive its own loss")


CLIENT_SHARE: Final = 0.25
"""Of the target rate, what one address may take: four clients at full speed fill the platform. A client that needs
more comes from more addresses."""

LEAST_CLIENT_RATE: Final = 10
"""Requests per second that any client may send, however small the platform."""


def rate_limit_per_client(target_tps: int, *, window_seconds: int) -> int:
    """Requests that one address may send within a window: its share of the target rate."""
    return ceil(max(LEAST_CLIENT_RATE, target_tps * CLIENT_SHARE) * window_seconds)
