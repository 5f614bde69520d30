"""What the emulated AWS remembers: one SQLite file that all providers, stacks and tests share."""

# An id is called id, and a type is called type, as in AWS and Pulumi.
# ruff: noqa: A002

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    region TEXT, type TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (type, region, id));
CREATE TABLE IF NOT EXISTS operations (
    seq INTEGER PRIMARY KEY, time REAL, region TEXT, service TEXT, operation TEXT, type TEXT, id TEXT, error TEXT);
CREATE TABLE IF NOT EXISTS outages (region TEXT, since REAL, until REAL);
CREATE TABLE IF NOT EXISTS retained (
    kind TEXT, region TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, region, id));
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One resource as AWS holds it. Properties that start with an underscore are never shown to Pulumi."""

    region: str
    type: str
    id: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One API call, with the region it was addressed to and the error it ended with, if any."""

    time: float
    region: str
    service: str
    operation: str
    type: str
    id: str
    error: str


@dataclass(frozen=True, slots=True)
class Retained:
    """What AWS keeps after a delete: a final snapshot, a key or a secret that is pending deletion."""

    kind: str
    region: str
    id: str
    properties: dict[str, Any]


class Store:
    """Resources, the operation log, switched-off regions and what outlives a delete. No path: in memory."""

    def __init__(self, path: Path | str | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._lock = threading.RLock()
        self._depth = 0
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(str(path or ":memory:"), timeout=60, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA busy_timeout=60000")
        if path is not None:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=OFF")  # a lost sandbox is rebuilt, a slow one is not used
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and one writer at a time, over threads and processes. May be nested."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    def _query(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, args).fetchall()

    # Resources

    def get(self, region: str, type: str, id: str) -> Record | None:
        """The resource, or None where there is none."""
        rows = self._query("SELECT body FROM resources WHERE type=? AND region=? AND id=?", type, region, id)
        return Record(region, type, id, json.loads(rows[0][0])) if rows else None

    def find(self, type: str, attribute: str, value: Any, region: str | None = None) -> Record | None:
        """The first resource of a type whose attribute ("id" or a property) has this value."""
        for record in self.resources(region, type):
            if (record.id if attribute == "id" else record.properties.get(attribute)) == value:
                return record
        return None

    def resources(self, region: str | None = None, type: str | None = None) -> list[Record]:
        """All resources, in a region, of a type."""
        rows = self._query(
            "SELECT region, type, id, body FROM resources"
            " WHERE (?1 IS NULL OR region=?1) AND (?2 IS NULL OR type=?2) ORDER BY rowid",
            region,
            type,
        )
        return [Record(r, t, i, json.loads(body)) for r, t, i, body in rows]

    def put(self, region: str, type: str, id: str, properties: Mapping[str, Any]) -> None:
        """Set a resource's properties, whether it exists or not."""
        self._query(
            "INSERT INTO resources VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET body=excluded.body",
            *(region, type, id, json.dumps(dict(properties))),
        )

    def write(self, region: str, type: str, id: str, changes: Mapping[str, Any]) -> None:
        """Change a resource behind Pulumi's back; None removes a property."""
        with self.transaction():
            record = self.get(region, type, id)
            if record is None:
                raise KeyError(f"{type} {id} in {region}")
            merged = {**record.properties, **changes}
            self.put(region, type, id, {k: v for k, v in merged.items() if v is not None})

    def remove(self, region: str, type: str, id: str) -> None:
        """Delete a resource, without AWS's rules."""
        self._query("DELETE FROM resources WHERE type=? AND region=? AND id=?", type, region, id)

    # Operations

    def log(self, operation: Operation) -> None:
        """Append to the operation log."""
        self._query(
            "INSERT INTO operations (time, region, service, operation, type, id, error) VALUES (?,?,?,?,?,?,?)",
            *(operation.time, operation.region, operation.service, operation.operation),
            *(operation.type, operation.id, operation.error),
        )

    def operations(self, since: float | None = None) -> list[Operation]:
        """The log in order, from a point in time on."""
        rows = self._query(
            "SELECT time, region, service, operation, type, id, error FROM operations WHERE time>=? ORDER BY seq",
            since or 0.0,
        )
        return [Operation(*row) for row in rows]

    def clear_operations(self) -> None:
        """Empty the log."""
        self._query("DELETE FROM operations")

    # Regions

    def switch_off(self, region: str) -> None:
        """Make every endpoint of a region unreachable."""
        if region not in self.regions_off():
            self._query("INSERT INTO outages VALUES (?,?,NULL)", region, self.clock())

    def switch_on(self, region: str) -> None:
        """End a region's outage."""
        self._query("UPDATE outages SET until=? WHERE region=? AND until IS NULL", self.clock(), region)

    def regions_off(self) -> list[str]:
        """The regions that cannot be reached now."""
        return [r for (r,) in self._query("SELECT region FROM outages WHERE until IS NULL ORDER BY region")]

    def outages(self, region: str) -> list[tuple[float, float]]:
        """A region's outages as (since, until); a present one lasts until now."""
        rows = self._query("SELECT since, until FROM outages WHERE region=? ORDER BY since", region)
        return [(since, self.clock() if until is None else until) for since, until in rows]

    # What outlives a delete

    def retain(self, kind: str, region: str, id: str, properties: Mapping[str, Any]) -> None:
        """Keep something that its resource's delete leaves behind."""
        self._query(
            "INSERT INTO retained VALUES (?,?,?,?) ON CONFLICT DO UPDATE SET body=excluded.body",
            *(kind, region, id, json.dumps(dict(properties))),
        )

    def retained(self, kind: str | None = None) -> list[Retained]:
        """What AWS still keeps."""
        rows = self._query(
            "SELECT kind, region, id, body FROM retained WHERE ?1 IS NULL OR kind=?1 ORDER BY rowid", kind
        )
        return [Retained(k, r, i, json.loads(body)) for k, r, i, body in rows]

    def release(self, kind: str, region: str, id: str) -> None:
        """Forget something retained, as AWS does when its time is up."""
        self._query("DELETE FROM retained WHERE kind=? AND region=? AND id=?", kind, region, id)
