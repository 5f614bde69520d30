"""The way to PostgreSQL: a small pool of connections to pgBouncer, and further tries when one of them breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from service.settings import POOL_MAX_LIFETIME_SECONDS, ServiceSettings

Result = TypeVar("Result")
Connection = psycopg.AsyncConnection

WAIT_SECONDS: Final = 2
"""For a connection of the pool. A request that waits longer is better refused."""

PAUSES: Final = (0.05, 0.3, 1.2)
"""Seconds before each further try; the last lies beyond pgBouncer's server_login_retry of one second."""

BROKEN: Final = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
"""The connection, or the pooler's own to the database, is gone; an InternalError is psycopg's word for a COMMIT that
the dying server and the pooler both answered."""


class DatabaseUnavailableError(Exception):
    """The database did not answer, or takes no writes."""


class Database:
    """Runs transactions. Statements are prepared: pgBouncer carries them over its server connections."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            kwargs=settings.connection | {"application_name": f"service-{settings.site}"},
            min_size=min(2, settings.database_connections),
            max_size=settings.database_connections,
            max_lifetime=POOL_MAX_LIFETIME_SECONDS,
            timeout=WAIT_SECONDS,
            reconnect_timeout=30,
            open=False,
        )

    async def open(self) -> None:
        """Begin to connect, without waiting: the service starts without its database, and is not ready."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()

    async def run(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Run work in one transaction, and again after each of PAUSES while connections break.

        A commit whose answer was lost may have happened: work must be safe to repeat, as an order is by its
        client_ref. Raises DatabaseUnavailableError.
        """
        pauses = iter(PAUSES)
        while True:
            try:
                return await self._once(work)
            except psycopg.errors.ReadOnlySqlTransaction as error:
                raise DatabaseUnavailableError("the database is a standby") from error
            except PoolTimeout as error:
                raise DatabaseUnavailableError(f"no connection within {WAIT_SECONDS} s") from error
            except BROKEN as error:
                pause = next(pauses, None)
                if pause is None:
                    raise DatabaseUnavailableError(str(error).partition("\n")[0]) from error
            await asyncio.sleep(pause)
            await self._pool.check()  # the pool's other connections went through the same pooler

    async def _once(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        async with self._pool.connection() as connection:
            return await work(connection)
