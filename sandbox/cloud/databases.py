"""Write-ahead log positions: a writer's moves, a replica's trails it, and both stand still when their region is off."""

# An id is called id, as in AWS and Pulumi.
# ruff: noqa: A002

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.cloud.spec import aws
from sandbox.cloud.store import Record, Store

INSTANCE = aws("rds", "Instance")
RATE = 4 * 1024 * 1024  # bytes of log that the emulated load writes per second
LAG = 0.5  # seconds that a cross-region replica trails its source
_START = 0x1000000  # where a fresh PostgreSQL begins


@dataclass(frozen=True, slots=True)
class Position:
    """Where one database stands in the log, in bytes; `text` as PostgreSQL prints it."""

    arn: str
    region: str
    identifier: str
    source: str  # the ARN of what it replicates, empty for a writer
    lsn: int

    @property
    def text(self) -> str:
        """The LSN in PostgreSQL's notation."""
        return f"{self.lsn >> 32:X}/{self.lsn & 0xFFFFFFFF:08X}"


def new_writer(store: Store, start: int = _START) -> dict[str, Any]:
    """The hidden property of an instance that begins to write now."""
    return {"lsn": start, "since": store.clock()}


def promote(store: Store, region: str, id: str) -> None:
    """Make a replica a writer of its own, as somebody does outside Pulumi who calls PromoteReadReplica."""
    record = store.get(region, INSTANCE, id)
    if record is None:
        raise KeyError(f"{INSTANCE} {id} in {region}")
    start = new_writer(store, position(store, record))
    store.write(region, INSTANCE, id, {"_wal": start, "replicateSourceDb": None})


def position(store: Store, record: Record, at: float | None = None) -> int:
    """Where an instance stands, now or at a moment."""
    at = store.clock() if at is None else at
    clock: dict[str, Any] = record.properties["_wal"]
    source = clock.get("source")
    if source is None:
        return int(clock["lsn"] + RATE * _uptime(store, record.region, clock["since"], at))
    upstream = find(store, source)
    if upstream is None or "stopped" in clock:
        return int(clock.get("stopped", clock["lsn"]))
    cuts = (
        since
        for region in (record.region, upstream.region)
        for since, until in store.outages(region)
        if since <= at <= until
    )
    reached = position(store, upstream, min([at, *cuts]) - LAG)
    return max(int(clock["lsn"]), reached)


def find(store: Store, arn: str) -> Record | None:
    """An instance by its ARN, in any region."""
    return store.find(INSTANCE, "arn", arn)


def positions(store: Store) -> dict[str, Position]:
    """All instances' positions, by ARN."""
    return {
        record.properties["arn"]: Position(
            record.properties["arn"],
            record.region,
            record.properties["identifier"],
            record.properties["_wal"].get("source", ""),
            position(store, record),
        )
        for record in store.resources(type=INSTANCE)
    }


def _uptime(store: Store, region: str, since: float, at: float) -> float:
    down = sum(max(0.0, min(at, until) - max(since, begin)) for begin, until in store.outages(region) if begin < at)
    return max(0.0, at - since - down)
