"""The fence: which site may write, from a file or an address. Whoever cannot read it may not write."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from urllib.request import urlopen

from service.settings import FencedEnvironment

_log = logging.getLogger(__name__)


class Fence:
    """Answers whether it names this site. Without a file or address there is no fence, and it always does."""

    def __init__(self, settings: FencedEnvironment) -> None:
        self._site = settings.site
        self._file = settings.fence_file
        self._url = None if settings.fence_url is None else str(settings.fence_url)

    async def names_us(self) -> bool:
        """Read anew at each call; a fence that cannot be read names nobody."""
        try:
            named = await asyncio.to_thread(self._read)
        except OSError as error:
            _log.warning("the fence cannot be read", extra={"reason": str(error)})
            return False
        return named is None or named.strip() == self._site

    def _read(self) -> str | None:
        if self._file is not None:
            return Path(self._file).read_text()
        if self._url is not None:
            with urlopen(self._url, timeout=1) as answer:  # noqa: S310 (settings accept http and https only)
                return str(answer.read(64).decode("ascii", "replace"))
        return None
