"""From the target rate to what the database must offer: formulas, with their sources, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

SERVICE_TIME_SECONDS: Final = 0.010
"""Time a server connection is busy per transaction, with a commit that crosses zones: the upper end of
3-10 ms, to be replaced by a load test."""

RESERVED_CONNECTIONS: Final = 100
"""Kept back for superuser, replication, exporters, migrations and people."""

IOPS_PER_TRANSACTION: Final = 1.6
"""Page writes left after group commit and checkpoints merge them: 15-30 thousand at 10,000 TPS."""

GP3_BASELINE_IOPS: Final = 12_000
GP3_BASELINE_THROUGHPUT: Final = 500
"""What RDS for PostgreSQL gives gp3 volumes of 400 GiB and more without asking, in IOPS and MiB/s
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage)."""

GP3_MAX_IOPS: Final = 64_000
IO2_MAX_IOPS: Final = 256_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSizing:
    """What a database needs to take the target rate.

    iops: provisioned I/O operations per second; throughput: MiB/s; max_connections: server connections.
    """

    iops: int
    throughput: int
    max_connections: int


def size_database(target_tps: int) -> DatabaseSizing:
    """Size the writer, and the replica that must be able to replace it.

    Connections follow Little's law: rate x service time are busy at once. Each zone's pools hold that many
    alone, so that losing a zone needs no new connection, hence twice the number, plus the reserve.
    """
    busy = ceil(target_tps * SERVICE_TIME_SECONDS)
    iops = max(GP3_BASELINE_IOPS, ceil(target_tps * IOPS_PER_TRANSACTION / 1_000) * 1_000)
    return DatabaseSizing(
        iops=iops,
        throughput=max(GP3_BASELINE_THROUGHPUT, ceil(iops / 32)),
        max_connections=2 * busy + RESERVED_CONNECTIONS,
    )


CLIENT_SHARE: Final = 0.25
"""Of the target rate, what one address may take: four clients at full speed fill the platform. A client that needs
more comes from more addresses."""

LEAST_CLIENT_RATE: Final = 10
"""Requests per second that any client may send, however small the platform."""


def rate_limit_per_client(target_tps: int, *, window_seconds: int) -> int:
    """Requests that one address may send within a window: its share of the target rate."""
    return ceil(max(LEAST_CLIENT_RATE, target_tps * CLIENT_SHARE) * window_seconds)
