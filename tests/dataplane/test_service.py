"""The reference service through the rendered pgBouncer, with a real PostgreSQL and a real Valkey."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import uuid4

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from drills.pooler import RunningPooler
from drills.postgres import MASTER
from drills.processes import Process, until
from drills.service import Reply, RunningService
from drills.site import REPLICA, SITE, Site
from drills.valkey import running_valkey


@dataclass(slots=True, kw_only=True)
class Path:
    """A whole path, hop by hop."""

    site: Site
    pooler: RunningPooler
    cache: Process
    cache_port: int
    service: RunningService

    def order(self, ref: str = "", amount: str = "12.50", account: int = 1) -> Reply:
        body = {"client_ref": ref or uuid4().hex, "account_id": account, "amount": amount}
        return self.service.ask("POST", "/orders", body)

    def metric(self, name: str) -> float | None:
        lines = self.service.ask("GET", "/metrics").text.splitlines()
        return next((float(line.split(" ")[-1]) for line in lines if line.startswith(name)), None)


@pytest.fixture
def path(site: Site) -> Path:
    return begin(site)


def begin(site: Site) -> Path:
    pooler = site.pooler()
    cache, cache_port = site.cache()
    service = site.service(site.environment(pooler, cache_port))
    until(service.is_ready, 15, "the service is ready")
    assert service.ask("PUT", "/accounts/1").status == 204
    return Path(site=site, pooler=pooler, cache=cache, cache_port=cache_port, service=service)


@pytest.fixture
def broken(own_site: Site) -> Path:
    """One that the test may break for good."""
    own_site.bootstrap()
    return begin(own_site)


def test_an_order_is_taken_once_and_moves_the_balance(path: Path) -> None:
    balance = "SELECT balance FROM trading.accounts WHERE id = 7"
    assert path.service.ask("PUT", "/accounts/7").status == 204
    first = path.order("ref-7", "12.5", 7)
    assert first.status == 201
    again = path.order("ref-7", "12.5", 7)
    assert (again.status, again.json()) == (200, first.json())
    with path.site.writer.connect(MASTER, path.site.passwords.master) as connection:
        assert connection.execute(balance.encode()).fetchone() == (Decimal("12.5"),), "once"
    found = path.service.ask("GET", f"/orders/{first.json()['id']}")
    assert (found.status, found.json()) == (200, first.json())
    assert found.json()["amount"] == "12.5000"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"client_ref": "x", "account_id": 1}, 422),
        ({"client_ref": "x", "account_id": 1, "amount": "1.23456"}, 422),
        ({"client_ref": "x", "account_id": 1, "amount": "NaN"}, 422),
        ({"client_ref": "x\n", "account_id": 1, "amount": "1"}, 422),
        ({"client_ref": "x", "account_id": 1, "amount": "1", "admin": True}, 422),
        ({"client_ref": uuid4().hex, "account_id": 404, "amount": "1"}, 404),
        ({"client_ref": "x" * 20_000, "account_id": 1, "amount": "1"}, 413),
    ],
)
def test_what_cannot_be_an_order_is_refused(path: Path, body: dict[str, object], status: int) -> None:
    assert path.service.ask("POST", "/orders", body).status == status
    assert path.service.ask("GET", f"/orders/{uuid4()}").status == 404


def test_a_reference_cannot_stand_for_two_orders(path: Path) -> None:
    ref = uuid4().hex
    assert path.order(ref, "1").status == 201
    assert path.order(ref, "2").status == 409


def test_it_goes_on_without_its_cache_and_finds_it_again(path: Path) -> None:
    until(lambda: path.metric("trading_redis_up") == 1, 5, "the cache is there")
    order = path.order().json()
    path.cache.tell(signal.SIGKILL)
    path.cache.wait()
    until(lambda: path.metric("trading_redis_up") == 0, 5, "the loss is seen")
    assert path.order().status == 201
    assert path.service.ask("GET", f"/orders/{order['id']}").json() == order
    for question in ("ready", "writable"):
        assert path.service.ask("GET", f"/health/{question}").status == 200, "not the cache's to decide"
    path.site.resources.enter_context(
        running_valkey(
            path.site.programs.valkey,
            path.site.directory,
            path.site.authority,
            path.site.passwords.cache,
            path.cache_port,
        )
    )
    until(lambda: path.metric("trading_redis_up") == 1, 5, "it is found again")


def test_a_frozen_cache_costs_a_moment_and_no_order(path: Path) -> None:
    until(lambda: path.metric("trading_redis_up") == 1, 5, "the cache is there")
    path.cache.tell(signal.SIGSTOP)
    assert [path.order().status for _ in range(5)] == [201] * 5
    path.cache.tell(signal.SIGCONT)
    until(lambda: path.metric("trading_redis_up") == 1, 10, "it is found again")


def test_the_cache_has_no_plain_port_and_no_default_user(path: Path) -> None:
    with socket.create_connection(("127.0.0.1", path.cache_port), timeout=5) as plain:
        plain.sendall(b"PING\r\n")
        try:
            answer = plain.recv(16)
        except ConnectionResetError:
            answer = b""
    assert not answer.startswith(b"+")
    bundle = str(path.site.authority.bundle)
    stranger = Redis(host="localhost", port=path.cache_port, ssl=True, ssl_ca_certs=bundle)
    with pytest.raises(AuthenticationError):
        stranger.ping()
    stranger.close()


def test_a_repeated_read_comes_from_the_cache(path: Path) -> None:
    until(lambda: path.metric("trading_redis_up") == 1, 5, "the cache is there")
    order = path.order().json()
    asked = 'trading_database_transaction_seconds_count{operation="get_order"}'
    before = path.metric(asked)
    assert path.service.ask("GET", f"/orders/{order['id']}").json() == order
    assert path.metric(asked) == before


def test_it_takes_writes_only_while_the_fence_names_its_site(path: Path) -> None:
    def writable() -> int:
        return path.service.ask("GET", "/health/writable").status

    assert writable() == 200
    try:
        path.site.fence.write_text("dr\n")
        until(lambda: writable() == 503, 5, "the fence names the other site")
        assert path.service.ask("GET", "/health/ready").status == 200, "warm all the same"
        path.site.fence.unlink()
        assert writable() == 503, "no fence, no writing"
    finally:
        path.site.fence.write_text(f"{SITE}\n")
    until(lambda: writable() == 200, 5, "the fence names this site")


def test_a_standbys_service_is_ready_and_not_writable(site: Site) -> None:
    replica = site.standbys[REPLICA]
    pooler = site.pooler(replace(site.rendered(), database_host=replica.host, database_port=replica.port))
    service = site.service(site.environment(pooler))
    until(service.is_ready, 15, "the service is ready")
    answer = service.ask("GET", "/health/writable")
    assert (answer.status, answer.text) == (503, "not writable: the database is a standby\n")
    body = {"client_ref": "x", "account_id": 1, "amount": "1"}
    assert service.ask("POST", "/orders", body).status == 503


def test_without_a_database_it_lives_is_unready_and_says_try_again(broken: Path) -> None:
    broken.site.writer.process.tell(signal.SIGKILL)
    broken.site.writer.process.wait()
    until(lambda: broken.service.ask("GET", "/health/writable").status == 503, 10, "no write succeeds")
    assert broken.order().status == 503
    assert broken.order().headers["retry-after"] == "1"
    assert broken.service.ask("GET", "/health/live").status == 200
    until(lambda: not broken.service.is_ready(), 20, "the news are stale")
    assert broken.metric("trading_database_up") == 0


def test_orders_survive_the_death_of_every_server_connection(broken: Path) -> None:
    """In the middle of their transactions; no client has to do anything, and no order is taken twice."""
    kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename LIKE 'app_login_%%'"
    with ThreadPoolExecutor(8) as clients:
        replies = [clients.submit(broken.order, amount="1") for _ in range(300)]
        killed = 0
        for _ in range(3):
            time.sleep(0.3)
            killed += broken.site.writer.ask(kill)
        answers = [reply.result() for reply in replies]
    assert killed > 0
    assert {answer.status for answer in answers} <= {200, 201}, broken.service.process.said()
    assert len({answer.json()["id"] for answer in answers}) == 300
    with broken.site.writer.connect(MASTER, broken.site.passwords.master) as connection:
        row = connection.execute("SELECT balance FROM trading.accounts WHERE id = 1").fetchone()
    assert row == (Decimal(300),), "each once"


def test_told_to_end_it_finishes_what_it_began(path: Path) -> None:
    with path.site.writer.connect(MASTER, path.site.passwords.master, autocommit=False) as blocker:
        blocker.execute("SELECT * FROM trading.accounts WHERE id = 1 FOR UPDATE")
        replies: list[Reply] = []
        client = threading.Thread(target=lambda: replies.append(path.order()))
        client.start()
        until(lambda: (path.metric("trading_requests_in_flight") or 0) >= 2, 5, "the order waits for the lock")
        path.service.process.tell(signal.SIGTERM)
        until(lambda: path.service.ask("GET", "/health/ready").status == 503, 5, "the load balancer can look away")
        assert path.service.ask("GET", "/health/live").headers["connection"] == "close"
        blocker.rollback()
    client.join()
    assert replies[0].status == 201
    assert path.service.process.wait(15) == 0


def test_its_logs_are_json_with_ids_and_without_secrets(path: Path) -> None:
    headers = {"X-Request-Id": "asked-by-test"}
    body = {"client_ref": uuid4().hex, "account_id": 1, "amount": "1"}
    reply = path.service.ask("POST", "/orders", body, headers)
    assert reply.headers["x-request-id"] == "asked-by-test"
    path.service.ask("GET", "/nowhere", headers={"X-Request-Id": 'a"}\x01 b'})
    said = path.service.process.said()
    entries = [json.loads(line) for line in said.splitlines()]
    [entry] = [entry for entry in entries if entry.get("request_id") == "asked-by-test"]
    assert entry["order_id"] == reply.json()["id"]
    assert (entry["operation"], entry["outcome"], entry["status"]) == ("post_order", "ok", 201)
    passwords = path.site.passwords
    for secret in (passwords.master, passwords.cache, *passwords.logins.values()):
        assert secret not in said


def test_round_trips_are_measured_below_a_millisecond(path: Path) -> None:
    until(lambda: (path.metric("trading_database_round_trip_seconds_count") or 0) > 0, 5, "the pulse beats")
    assert path.metric('trading_database_round_trip_seconds_bucket{le="0.00025"}') is not None
    assert path.metric("trading_database_up") == 1
    path.order()
    assert (path.metric('trading_requests_total{operation="post_order",outcome="ok"}') or 0) >= 1
