"""The HTTP side: routes, one log line and one measurement per request."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import logs, orders
from service.cache import Cache
from service.database import Database, DatabaseUnavailableError
from service.fence import Fence
from service.health import Answer, Health
from service.metrics import Metrics
from service.settings import ServiceSettings

_log = logging.getLogger(__name__)
_ID: Final = re.compile(r"[A-Za-z0-9=;:._-]{1,128}")
MAX_BODY_BYTES: Final = 16_384


class _TooLargeError(Exception):
    pass


FAILURES: Final = (ValidationError, orders.RejectedError, _TooLargeError, DatabaseUnavailableError, psycopg.Error)


class Service:
    """Everything that one process holds, and the application on top of it."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.metrics = Metrics()
        self.database = Database(settings)
        self.cache = Cache(settings, self.metrics)
        self.health = Health(settings.site, self.database, self.cache, Fence(settings), self.metrics)
        self.app: ASGIApp = Observed(
            Starlette(
                routes=[
                    Route("/orders", self.post_order, methods=["POST"]),
                    Route("/orders/{id:uuid}", self.get_order),
                    Route("/accounts/{id:int}", self.open_account, methods=["PUT"]),
                    Route("/health/live", self.live),
                    Route("/health/ready", self.ready),
                    Route("/health/writable", self.writable),
                    Route("/metrics", self.show_metrics),
                ],
                exception_handlers=dict.fromkeys(FAILURES, _failed),
                lifespan=self._lifespan,
            ),
            self,
        )

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        await self.database.open()
        pulse = asyncio.create_task(self.health.pulse())
        try:
            yield
        finally:
            pulse.cancel()
            with suppress(asyncio.CancelledError):
                await pulse
            await self.database.close()
            await self.cache.close()

    async def post_order(self, request: Request) -> Response:
        """201 for a new order, 200 for one that was taken before."""
        new = orders.NewOrder.model_validate_json(await _body(request))
        with self.metrics.timed(self.metrics.transaction.labels("post_order")):
            order, is_new = await self.database.run(lambda connection: orders.place(connection, new))
        text = order.model_dump_json()
        await self.cache.put(f"order:{order.id}", text)
        _note(request, "post_order", "ok" if is_new else "duplicate", order_id=str(order.id))
        return _json(text, 201 if is_new else 200)

    async def get_order(self, request: Request) -> Response:
        """From the cache, else from the database; an order never changes."""
        order_id: UUID = request.path_params["id"]
        text = await self.cache.get(f"order:{order_id}")
        if text is None:
            with self.metrics.timed(self.metrics.transaction.labels("get_order")):
                order = await self.database.run(lambda connection: orders.find(connection, order_id))
            if order is None:
                raise orders.UnknownError(f"no order {order_id}")
            text = order.model_dump_json()
            await self.cache.put(f"order:{order_id}", text)
        _note(request, "get_order", "ok", order_id=str(order_id))
        return _json(text, 200)

    async def open_account(self, request: Request) -> Response:
        """204, whether it was open or not."""
        account_id: int = request.path_params["id"]
        await self.database.run(lambda connection: orders.open_account(connection, account_id))
        _note(request, "open_account", "ok")
        return Response(status_code=204)

    async def live(self, _: Request) -> Response:
        """200 as long as the event loop turns."""
        return PlainTextResponse("live\n")

    async def ready(self, _: Request) -> Response:
        """200 if orders may be sent here."""
        return _answer("ready", self.health.ready())

    async def writable(self, _: Request) -> Response:
        """200 only if this site takes orders."""
        return _answer("writable", await self.health.writable())

    async def show_metrics(self, _: Request) -> Response:
        """Prometheus's text format."""
        return Response(self.metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")


class Observed:
    """Around the application: request id, log line, metrics, and an answer for what went wrong."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics, started = self._service.metrics, perf_counter()
        logs.request_id.set(_request_id(scope))
        noted: dict[str, Any] = {"operation": "other", "outcome": ""}
        scope["noted"] = noted

        async def reply(message: Message) -> None:
            if message["type"] == "http.response.start":
                noted["status"] = message["status"]
                message["headers"].append((b"x-request-id", logs.request_id.get().encode()))
                if self._service.health.draining:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        with metrics.in_flight.track_inprogress():
            try:
                await self._app(scope, receive, reply)
            except Exception:  # Starlette has answered 500 by now, where it still could
                noted["outcome"] = "error"
                _log.exception("a request failed")
        took = perf_counter() - started
        self._record(scope, noted, took)

    def _record(self, scope: Scope, noted: dict[str, Any], took: float) -> None:
        metrics, path = self._service.metrics, scope["path"]
        if path.startswith(("/health/", "/metrics")):
            return  # asked every second by many; the pulse measures what they would
        operation = noted["operation"] if noted["operation"] != "other" else _operation(scope)
        outcome = noted["outcome"] or ("rejected" if noted.get("status", 500) < 500 else "error")
        metrics.requests.labels(operation, outcome).inc()
        metrics.duration.labels(operation).observe(took)
        extra = {key: value for key, value in noted.items() if key == "order_id"}
        extra |= {"operation": operation, "outcome": outcome, "status": noted.get("status"), "ms": round(took * 1e3, 2)}
        _log.info("request", extra=extra)


def _operation(scope: Scope) -> str:
    place = (scope["method"], scope["path"].strip("/").split("/")[0])
    names = {("POST", "orders"): "post_order", ("GET", "orders"): "get_order", ("PUT", "accounts"): "open_account"}
    return names.get(place, "other")


def _note(request: Request, operation: str, outcome: str, **more: str) -> None:
    request.scope["noted"].update(operation=operation, outcome=outcome, **more)


async def _failed(request: Request, error: Exception) -> Response:
    """What a client is told, and what is counted."""
    noted = request.scope["noted"]
    noted["outcome"] = "rejected"
    match error:
        case ValidationError():
            details = error.errors(include_input=False, include_url=False, include_context=False)
            return JSONResponse({"error": details}, 422)
        case orders.UnknownError():
            return JSONResponse({"error": str(error)}, 404)
        case orders.RejectedError():
            return JSONResponse({"error": str(error)}, 409)
        case _TooLargeError():
            return JSONResponse({"error": "the body is too large"}, 413)
    noted["outcome"] = "unavailable"
    _log.warning("the database failed a request", extra={"reason": str(error).partition("\n")[0]})
    return JSONResponse({"error": "try again"}, 503, headers={"Retry-After": "1"})


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise _TooLargeError
    return bytes(body)


def _request_id(scope: Scope) -> str:
    """The load balancer's or the client's, if it is harmless in a log; else a new one."""
    headers = dict(scope["headers"])
    given = (headers.get(b"x-request-id") or headers.get(b"x-amzn-trace-id") or b"").decode("latin-1")
    return given if _ID.fullmatch(given) else uuid4().hex


def _answer(question: str, answer: Answer) -> Response:
    text = question if answer.ok else f"not {question}: {answer.reason}"
    return PlainTextResponse(f"{text}\n", 200 if answer.ok else 503)


def _json(text: str, status: int) -> Response:
    return Response(text, status, media_type="application/json")
