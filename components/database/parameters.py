"""PostgreSQL parameters, and how RDS may apply each.

Multi-AZ is not among them: RDS mirrors the storage below PostgreSQL, so that neither synchronous_standby_names
nor synchronous_commit decides whether the standby has a commit. synchronous_commit stays on all the same: off
would lose acknowledged commits when the writer itself crashes.
Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.MultiAZSingleStandby.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from components.sizing import DatabaseSizing

STATIC: Final = frozenset(
    {
        "autovacuum_max_workers",
        "max_connections",
        "max_locks_per_transaction",
        "max_prepared_transactions",
        "max_replication_slots",
        "max_wal_senders",
        "max_worker_processes",
        "rds.logical_replication",
        "shared_preload_libraries",
        "track_activity_query_size",
    }
)
"""Parameters that change at a restart only; RDS refuses to apply one of them immediately, without naming it
(https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html)."""

SLOT_WAL_SHARE: Final = 0.25
"""Share of the first allocation that WAL kept for a lost replica may fill before its slot is given up: a dead
region must not fill the writer's disk."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter and its value as RDS takes it: text."""

    name: str
    value: str

    @property
    def apply_method(self) -> Literal["immediate", "pending-reboot"]:
        """How RDS may apply it."""
        return "pending-reboot" if self.name in STATIC else "immediate"


Audience = Literal["trading", "reporting"]


def parameters(sizing: DatabaseSizing, *, allocated_storage_gib: int, audience: Audience) -> tuple[Parameter, ...]:
    """The parameter group of an instance, sorted by name.

    Equal for a writer and the replica that must be able to replace it: a replica stops replaying when one of its
    connection, worker, sender, lock or prepared-transaction limits is below the writer's
    (https://www.postgresql.org/docs/18/hot-standby.html#HOT-STANDBY-ADMIN).

    audience decides what yields on a replica when a query and the replay of a change exclude each other. For
    "trading" the query is cancelled after a second, because every second of delayed replay is a second of lost
    orders. A "reporting" replica lets the report finish and falls behind for as long. Neither sends
    hot_standby_feedback: it would spare the reports, and bloat the writer's tables instead.
    """
    patience_ms = 1_000 if audience == "trading" else 1_800_000
    slot_wal_mb = int(allocated_storage_gib * 1024 * SLOT_WAL_SHARE)
    values = {
        "autovacuum_vacuum_scale_factor": "0.02",
        "checkpoint_timeout": "900",
        "hot_standby_feedback": "0",
        "idle_in_transaction_session_timeout": "30000",
        "log_lock_waits": "1",
        "log_min_duration_statement": "250",
        "max_connections": str(sizing.max_connections),
        "max_locks_per_transaction": "64",
        "max_prepared_transactions": "0",
        "max_slot_wal_keep_size": str(slot_wal_mb),
        "max_standby_archive_delay": str(patience_ms),
        "max_standby_streaming_delay": str(patience_ms),
        "max_wal_senders": "20",
        "max_worker_processes": "32",
        "random_page_cost": "1.1",
        "rds.force_ssl": "1",
        "shared_preload_libraries": "pg_stat_statements",
        "synchronous_commit": "on",
        "tcp_keepalives_count": "3",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "track_activity_query_size": "4096",
        "track_io_timing": "1",
    }
    return tuple(Parameter(name, value) for name, value in sorted(values.items()))
