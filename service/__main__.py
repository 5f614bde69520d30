"""`python -m service`: serve until SIGTERM, then drain."""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from service import logs
from service.settings import ConfigurationError, ServiceSettings, read
from service.web import Service

_log = logging.getLogger("service")

CERTIFICATE_CHECK_SECONDS: Final = 10.0


class DrainingServer(uvicorn.Server):
    """On the first signal: unready, but serving, so that the load balancer can look away; then ends in order.

    A second signal ends the wait.
    """

    def __init__(self, config: uvicorn.Config, service: Service, drain_seconds: float) -> None:
        super().__init__(config)
        self._service = service
        self._drain_seconds = drain_seconds
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        """Remember the loop, for the signal handler."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)  # type: ignore[arg-type]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain."""
        if self._service.health.draining or self._loop is None:
            self.should_exit = True
            return
        self._service.health.draining = True
        self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_seconds, self._end)

    def _end(self) -> None:
        self.should_exit = True


async def renew_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Load the certificate again when its file changed: for new connections; those that stand go on."""
    loaded = certificate.stat().st_mtime_ns
    while True:
        await asyncio.sleep(CERTIFICATE_CHECK_SECONDS)
        try:
            changed = certificate.stat().st_mtime_ns
            if changed != loaded:
                context.load_cert_chain(certificate, key)
                loaded = changed
                _log.info("a renewed certificate is in use")
        except (OSError, ssl.SSLError) as error:  # half-written: the next look finds it whole
            _log.warning("the certificate cannot be renewed", extra={"reason": str(error)})


async def serve(settings: ServiceSettings) -> None:
    """Serve until told to end."""
    service = Service(settings)
    config = uvicorn.Config(
        service.app,
        host=settings.listen_address,
        port=settings.listen_port,
        ssl_certfile=str(settings.tls_certificate),
        ssl_keyfile=str(settings.tls_key),
        timeout_keep_alive=75,  # longer than the load balancer's idle timeout of 60, or it meets closed connections
        timeout_graceful_shutdown=20,
        backlog=2048,
        access_log=False,
        log_config=None,
        server_header=False,
    )
    config.load()
    if config.ssl is None:
        raise ConfigurationError("TLS_CERTIFICATE: cannot be used")
    config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    renewal = asyncio.create_task(renew_certificate(config.ssl, settings.tls_certificate, settings.tls_key))
    try:
        await DrainingServer(config, service, settings.drain_seconds).serve()
    finally:
        renewal.cancel()
        with suppress(asyncio.CancelledError):
            await renewal


def main() -> int:
    """Exit code 2 for an environment that cannot be right."""
    try:
        settings = read(ServiceSettings)
        logs.configure(settings.log_level)
        asyncio.run(serve(settings))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ssl.SSLError as error:
        sys.stderr.write(f"TLS_CERTIFICATE, TLS_KEY: {error.reason or error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
