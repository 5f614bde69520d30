"""What the load balancer, Kubernetes and Route 53 ask, and the pulse that measures the path each second."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

import psycopg

from service.cache import Cache
from service.database import Connection, Database, DatabaseUnavailableError
from service.fence import Fence
from service.metrics import Metrics

_log = logging.getLogger(__name__)

PULSE_SECONDS: Final = 1.0

STALE_SECONDS: Final = 10.0
"""Older news of the database than this make the service unready. Longer than a failover's gap should be, so that not
every target of a zone leaves the load balancer at once while the writer moves."""

REUSE_SECONDS: Final = 1.0
"""An answer about writing serves everyone who asks within it: Route 53's checkers come by the dozen."""

_WRITE: Final = """
    INSERT INTO ops.probe (site, written_at) VALUES (%s, now())
    ON CONFLICT (site) DO UPDATE SET written_at = excluded.written_at
"""
_BEAT: Final = "SELECT extract(epoch FROM clock_timestamp() - beat_at)::float8 FROM ops.heartbeat"


@dataclass(frozen=True, slots=True)
class Answer:
    """yes or no, and why not."""

    ok: bool
    reason: str = ""


class Health:
    """Knows what was measured last."""

    def __init__(self, site: str, database: Database, cache: Cache, fence: Fence, metrics: Metrics) -> None:
        self.draining = False
        self._site = site
        self._database = database
        self._cache = cache
        self._fence = fence
        self._metrics = metrics
        self._alive_at = float("-inf")
        self._writable = Answer(False, "not asked yet")
        self._writable_at = float("-inf")
        self._asking = asyncio.Lock()

    def ready(self) -> Answer:
        """Whether orders may be sent here. Redis has no part in it, and a standby's service is ready too."""
        if self.draining:
            return Answer(False, "draining")
        if monotonic() - self._alive_at > STALE_SECONDS:
            return Answer(False, "the database does not answer")
        return Answer(True)

    async def writable(self) -> Answer:
        """Whether this site takes orders: fenced in, no standby, and a write that succeeded just now."""
        async with self._asking:
            if monotonic() - self._writable_at > REUSE_SECONDS:
                self._writable = await self._ask()
                self._writable_at = monotonic()
        return self._writable

    async def pulse(self) -> None:
        """Measure for ever."""
        while True:
            await asyncio.gather(self._measure(), self._cache.ping())
            await asyncio.sleep(PULSE_SECONDS)

    async def _ask(self) -> Answer:
        if not await self._fence.names_us():
            return Answer(False, "the fence does not name this site")
        try:
            async with asyncio.timeout(3):
                return await self._database.run(self._write)
        except (DatabaseUnavailableError, psycopg.Error, TimeoutError) as error:
            return Answer(False, f"a write failed: {type(error).__name__}")

    async def _write(self, connection: Connection) -> Answer:
        row = await (await connection.execute("SELECT pg_is_in_recovery()")).fetchone()
        if row is None or row[0]:
            return Answer(False, "the database is a standby")
        await connection.execute(_WRITE, (self._site,))
        return Answer(True)

    async def _measure(self) -> None:
        try:
            await self._database.run(self._round_trip)
        except (DatabaseUnavailableError, psycopg.Error) as error:
            self._metrics.database_up.set(0)
            _log.warning("the database does not answer", extra={"reason": str(error)})
            return
        self._metrics.database_up.set(1)
        self._alive_at = monotonic()
        with suppress(DatabaseUnavailableError, psycopg.Error):  # no table before the bootstrap ran
            await self._database.run(self._heartbeat)

    async def _round_trip(self, connection: Connection) -> None:
        await connection.execute("SELECT 1")  # begins the transaction and waits for a server connection
        with self._metrics.timed(self._metrics.round_trip):
            await connection.execute("SELECT 1")

    async def _heartbeat(self, connection: Connection) -> None:
        row = await (await connection.execute(_BEAT)).fetchone()
        if row is not None:
            self._metrics.report(self._metrics.heartbeat_age, max(0.0, row[0]))
