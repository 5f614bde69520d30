"""Redis as a cache that may be away: every answer can also be had from the database."""

from __future__ import annotations

import logging
from time import monotonic
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from service.metrics import Metrics
from service.settings import ServiceSettings

_log = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 0.1
"""A cache that answers later than the database is none."""

PAUSE_SECONDS: Final = 1.0
"""After a failure nobody asks Redis for so long: a dead cache costs one request its timeout, not every one."""

KEEP_SECONDS: Final = 300


class Cache:
    """Text by key. A failure is a miss."""

    def __init__(self, settings: ServiceSettings, metrics: Metrics) -> None:
        self._metrics = metrics
        self._paused_until = 0.0
        self._redis = _client(settings) if settings.redis_host else None

    async def get(self, key: str) -> str | None:
        """What was kept, or None."""
        if self._redis is None or monotonic() < self._paused_until:
            return None
        try:
            found = await self._redis.get(key)
        except (RedisError, OSError) as error:
            self._failed(error)
            return None
        return None if found is None else str(found)

    async def put(self, key: str, text: str) -> None:
        """Keep for KEEP_SECONDS, or not."""
        if self._redis is None or monotonic() < self._paused_until:
            return
        try:
            await self._redis.set(key, text, ex=KEEP_SECONDS)
        except (RedisError, OSError) as error:
            self._failed(error)

    async def ping(self) -> None:
        """Find out whether Redis is there, and say so in the metrics."""
        if self._redis is None:
            return
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            self._failed(error)
        else:
            self._metrics.report(self._metrics.redis_up, 1)

    async def close(self) -> None:
        """Give the connections back."""
        if self._redis is not None:
            await self._redis.aclose()

    def _failed(self, error: Exception) -> None:
        self._metrics.report(self._metrics.redis_up, 0)
        self._paused_until = monotonic() + PAUSE_SECONDS
        _log.warning("Redis is away; the database answers alone", extra={"reason": type(error).__name__})


def _client(settings: ServiceSettings) -> Redis:
    return Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        username=settings.redis_user,
        password=settings.redis_password.get_secret_value() or None,
        ssl=True,
        ssl_cert_reqs="required",
        ssl_check_hostname=True,
        ssl_ca_certs=None if settings.redis_ca is None else str(settings.redis_ca),
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS * 5,  # a TLS handshake besides
        retry=Retry(NoBackoff(), 0),  # the client's own would wait for seconds, and the database has the answer
        decode_responses=True,
    )
