"""pgBouncer, on the file as it is rendered, between real clients and a real PostgreSQL."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from cryptography import x509

from components.app_tier.pgbouncer import AUTH_LOGIN, MINIMUM_VERSION, STATS_LOGIN, hba_conf, pgbouncer_ini
from drills.certificates import Authority
from drills.pooler import RunningPooler
from drills.processes import until
from drills.site import Site

LOGIN = "app_login_a"


def connect(site: Site, pooler: RunningPooler, login: str = LOGIN, **more: object) -> psycopg.Connection:
    return pooler.connect(login, site.passwords.logins[login], **more)


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def test_it_reads_the_rendered_files_and_complains_about_nothing(site: Site, pooler: RunningPooler) -> None:
    assert number(site.programs.pgbouncer.version) >= number(MINIMUM_VERSION)
    assert (site.directory / "pgbouncer-1.ini").read_text() == pgbouncer_ini(pooler.pooler)
    assert Path(site.pooler_files.hba).read_text() == hba_conf()
    with connect(site, pooler) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not [line for line in pooler.process.said().splitlines() if " ERROR " in line or " WARNING " in line]


def test_both_hops_are_tls_and_the_password_is_scram(site: Site, pooler: RunningPooler) -> None:
    with connect(site, pooler) as connection:
        assert connection.pgconn.ssl_in_use
        row = connection.execute("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
        assert row == (True, "TLSv1.3")
    with connect(site, pooler, require_auth="scram-sha-256"):
        pass
    with pytest.raises(psycopg.OperationalError, match="requested SASL"):
        connect(site, pooler, require_auth="md5,password,none")


def test_a_client_without_tls_is_refused(site: Site, pooler: RunningPooler) -> None:
    with pytest.raises(psycopg.OperationalError, match="SSL required"):
        connect(site, pooler, sslmode="disable")


def test_a_client_notices_a_pooler_that_is_another(site: Site, pooler: RunningPooler) -> None:
    stranger = Authority(site.directory, "stranger")
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        connect(site, pooler, sslrootcert=str(stranger.bundle))
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        connect(site, pooler, host="pooler.other.example")


@pytest.mark.parametrize("login", [AUTH_LOGIN, "monitoring", "reporting", "heartbeat"])
def test_only_the_applications_logins_pass(site: Site, pooler: RunningPooler, login: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        connect(site, pooler, login)


def test_a_wrong_password_is_refused(site: Site, pooler: RunningPooler) -> None:
    with pytest.raises(psycopg.OperationalError, match="SASL authentication failed"):
        pooler.connect(LOGIN, "wrong")


def test_a_server_whose_authority_is_unknown_is_refused(site: Site) -> None:
    stranger = Authority(site.directory, "stranger")
    files = replace(site.pooler_files, server_ca=str(stranger.bundle))
    pooler = site.pooler(replace(site.rendered(), files=files))
    with pytest.raises(psycopg.OperationalError):
        connect(site, pooler)
    assert "certificate verify failed" in pooler.process.said()


def test_a_server_that_has_another_name_is_refused(site: Site) -> None:
    pooler = site.pooler(replace(site.rendered(), database_host="localhost"))  # its certificate: writer.localhost
    with pytest.raises(psycopg.OperationalError):
        connect(site, pooler)
    assert "name `localhost' not present in server certificate" in pooler.process.said()


def test_prepared_statements_outlive_their_server_connection(site: Site, pooler: RunningPooler) -> None:
    """Each client prepares once and meets, transaction by transaction, connections that never saw it."""
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(site, pooler)) for _ in range(6)]
        for client in clients:
            client.prepare_threshold = 0
        seen: set[tuple[int, int]] = set()

        def work(client: psycopg.Connection) -> None:
            for value in range(40):
                row = client.execute("SELECT %s::int + 1, pg_backend_pid(), pg_sleep(0.001)", (value,)).fetchone()
                assert row is not None
                assert row[0] == value + 1
                seen.add((id(client), row[1]))

        with ThreadPoolExecutor(len(clients)) as pool:
            list(pool.map(work, clients))
        assert len(seen) > len(clients), "some client changed its server connection"
        row = clients[0].execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
        assert row is not None
        assert row[0] > 0, "prepared on the server, not pasted together"


def test_jdbcs_startup_parameter_is_ignored_and_an_unknown_one_refused(site: Site, pooler: RunningPooler) -> None:
    assert startup(pooler, extra_float_digits="3") == b"R", "asks for a password"
    assert startup(pooler, made_up="3") == b"E"
    with connect(site, pooler, options="-c geqo=off") as connection:
        assert connection.execute("SHOW geqo").fetchone() == ("on",)


def startup(pooler: RunningPooler, **parameters: str) -> bytes:
    """What comes back for a startup packet: R for a password request, E for an error."""
    context = ssl.create_default_context(cafile=str(pooler.bundle))
    with socket.create_connection(("127.0.0.1", pooler.port), timeout=5) as plain:
        plain.sendall(struct.pack("!II", 8, 80877103))
        assert plain.recv(1) == b"S"
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            words = {"user": LOGIN, "database": "trading", **parameters}
            body = b"".join(f"{key}\0{value}\0".encode() for key, value in words.items()) + b"\0"
            tls.sendall(struct.pack("!II", len(body) + 8, 196608) + body)
            return tls.recv(1)


def test_many_clients_share_few_server_connections(site: Site, pooler: RunningPooler) -> None:
    limit = pooler.pooler.max_server_connections
    with ExitStack() as stack, ThreadPoolExecutor(20) as pool:
        clients = list(pool.map(lambda _: stack.enter_context(connect(site, pooler)), range(120)))
        busy: list[int] = []

        def work(client: psycopg.Connection) -> None:
            row = client.execute(
                "SELECT count(*), pg_sleep(0.01) FROM pg_stat_activity WHERE usename LIKE 'app_login_%'"
            ).fetchone()
            assert row is not None
            busy.append(row[0])

        list(pool.map(work, clients))
    assert 1 < max(busy) <= limit


def test_the_exporter_may_look_and_not_touch(site: Site, pooler: RunningPooler) -> None:
    with pooler.console(STATS_LOGIN, site.passwords.stats) as console:
        assert console.execute("SHOW POOLS").fetchall()
        with pytest.raises(psycopg.errors.ProtocolViolation, match="admin access needed"):
            console.execute("RELOAD")
    with pytest.raises(psycopg.OperationalError):
        pooler.connect(STATS_LOGIN, site.passwords.stats, dbname="pgbouncer")


def test_a_renewed_certificate_cuts_no_connection(site: Site, pooler: RunningPooler) -> None:
    with connect(site, pooler) as standing:
        before = serial(pooler)
        site.authority.issue("pooler", "localhost")
        assert serial(pooler) == before, "not before it is told"
        pooler.reload()
        until(lambda: serial(pooler) != before, 5, "the new certificate is served")
        assert standing.execute("SELECT 1").fetchone() == (1,)


def serial(pooler: RunningPooler) -> int:
    context = ssl.create_default_context(cafile=str(pooler.bundle))
    with socket.create_connection(("127.0.0.1", pooler.port), timeout=5) as plain:
        plain.sendall(struct.pack("!II", 8, 80877103))
        assert plain.recv(1) == b"S"
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            certificate = tls.getpeercert(binary_form=True)
            assert certificate is not None
            return x509.load_der_x509_certificate(certificate).serial_number


def test_told_to_end_it_serves_who_is_there_and_takes_nobody_new(site: Site, pooler: RunningPooler) -> None:
    standing = connect(site, pooler)
    with standing, standing.transaction():
        standing.execute("SELECT 1")
        pooler.process.popen.terminate()
        until(lambda: not can_connect(site, pooler), 5, "nobody new is taken")
        assert standing.execute("SELECT 2").fetchone() == (2,)
        assert pooler.process.is_running()
    standing.close()
    assert pooler.process.wait() == 0


def can_connect(site: Site, pooler: RunningPooler) -> bool:
    try:
        connect(site, pooler).close()
    except psycopg.OperationalError:
        return False
    return True


def test_two_processes_share_a_port_and_pass_cancellations_on(site: Site) -> None:
    first = site.rendered(processes=2, process=1)
    one = site.pooler(first)
    two = site.pooler(replace(first, process=2))
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(site, one)) for _ in range(12)]
        pids = {client.info.backend_pid for client in clients}
        assert pids
        for client in clients[:6]:
            timer = threading.Timer(0.2, client.cancel_safe)
            timer.start()
            started = time.monotonic()
            with pytest.raises(psycopg.errors.QueryCanceled):
                client.execute("SELECT pg_sleep(3)")
            assert time.monotonic() - started < 2
            timer.join()
    for pooler in (one, two):
        assert served(site, pooler) > 0, "the kernel gave each its share"


def served(site: Site, pooler: RunningPooler) -> int:
    with pooler.console(STATS_LOGIN, site.passwords.stats) as console:
        cursor = console.execute("SHOW STATS_TOTALS")
        assert cursor.description is not None
        column = [each.name for each in cursor.description].index("xact_count")
        return sum(int(row[column]) for row in cursor if row[0] == "trading")
