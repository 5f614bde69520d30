"""`python -m service.heartbeat`: write the time into the database each second, while the fence names this site.

A replica's copy of it says how far behind it is, also while nobody trades. One writer: the site that the fence
names; a standby's database refuses besides. Any number of these may run on a site.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Final

import psycopg

from service import logs
from service.fence import Fence
from service.settings import ConfigurationError, FencedEnvironment, read

_log = logging.getLogger("service.heartbeat")

BEAT_SECONDS: Final = 1.0

_BEAT: Final = """
    INSERT INTO ops.heartbeat (site, beat_at) VALUES (%s, clock_timestamp())
    ON CONFLICT (one) DO UPDATE SET site = excluded.site, beat_at = excluded.beat_at
"""


async def beat(settings: FencedEnvironment) -> None:
    """Beat for ever, on one connection at a time."""
    fence = Fence(settings)
    while True:
        try:
            connect = psycopg.AsyncConnection.connect(**settings.connection, autocommit=True)  # type: ignore[arg-type]
            async with await connect as connection:
                while True:
                    if await fence.names_us():
                        await connection.execute(_BEAT, (settings.site,))
                    await asyncio.sleep(BEAT_SECONDS)
        except psycopg.Error as error:
            _log.warning("no heartbeat", extra={"reason": str(error).partition("\n")[0]})
        await asyncio.sleep(BEAT_SECONDS)


def main() -> int:
    """Exit code 2 for an environment that cannot be right."""
    try:
        settings = read(FencedEnvironment)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if settings.fence_file is None and settings.fence_url is None:
        sys.stderr.write("FENCE_FILE or FENCE_URL: a heartbeat without a fence could have two writers\n")
        return 2
    logs.configure(settings.log_level)
    asyncio.run(beat(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
