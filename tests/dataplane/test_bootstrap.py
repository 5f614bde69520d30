"""The bootstrap's SQL in a real database: again and again, on a standby, after a promotion; and what each login may."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import pytest

from components.app_tier.pgbouncer import APP_LOGINS, AUTH_LOGIN
from components.database.sql import VERSION, scripts
from drills.postgres import DATABASE, MASTER, Server
from drills.processes import running, until
from drills.site import REPLICA, SITE, Site
from sandbox.cli.pins import REPO
from service.bootstrap import NEWER, POOLED, STANDBY, bootstrap


def ask(connection: psycopg.Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query.encode(), parameters or None).fetchone()
    return row[0] if row else None


def run(site: Site, server: Server, **passwords: str) -> subprocess.CompletedProcess[str]:
    """As the Job and Systems Manager do."""
    environment = database_environment(server, MASTER, site.passwords.master)
    environment |= {f"{login.upper()}_PASSWORD": password for login, password in passwords.items()}
    command = [sys.executable, "-m", "service.bootstrap"]
    return subprocess.run(command, cwd=REPO, env=environment, capture_output=True, text=True, check=False)


def database_environment(server: Server, user: str, password: str) -> dict[str, str]:
    """Straight to the server. glibc does not resolve *.localhost, which the certificates name: libpq is told where."""
    return {
        "PATH": os.environ["PATH"],
        "PGHOSTADDR": "127.0.0.1",
        "SITE": SITE,
        "DATABASE_HOST": server.host,
        "DATABASE_PORT": str(server.port),
        "DATABASE_NAME": DATABASE,
        "DATABASE_USER": user,
        "DATABASE_PASSWORD": password,
        "DATABASE_CA": str(server.bundle),
    }


def state(site: Site) -> list[Any]:
    with site.writer.connect(MASTER, site.passwords.master) as connection:
        found: list[Any] = []
        for query in (
            "SELECT * FROM ops.script ORDER BY name",
            "SELECT * FROM pooler.login ORDER BY name",
            "SELECT rolname, rolconfig, rolconnlimit FROM pg_roles ORDER BY rolname",
            "SELECT relname, relacl::text FROM pg_class WHERE relnamespace::regnamespace::text"
            " IN ('ops', 'pooler', 'trading') ORDER BY relname",
        ):
            found.append(connection.execute(query.encode()).fetchall())
        return found


def test_a_second_run_changes_nothing(site: Site) -> None:
    before = state(site)
    done = run(site, site.writer, **site.passwords.logins)
    assert done.returncode == 0, done.stderr
    assert state(site) == before
    assert {row[0]: (row[1], row[2]) for row in before[0]} == {
        script.name: (VERSION, script.sha256) for script in scripts()
    }


def test_a_standby_is_left_alone(site: Site) -> None:
    done = run(site, site.standbys[REPLICA], **site.passwords.logins)
    assert done.returncode == STANDBY
    assert "this database is a standby" in done.stderr


def test_a_promoted_replica_takes_it_as_it_is(own_site: Site) -> None:
    own_site.bootstrap()
    replica = own_site.standbys[REPLICA]
    written = own_site.writer.ask("SELECT pg_current_wal_lsn()::text")
    until(lambda: replica.ask("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", written), 10, "the replica has it all")
    before = state(own_site)
    replica.ask("SELECT pg_promote()")
    own_site.writer = replica
    done = run(own_site, replica, **own_site.passwords.logins)
    assert done.returncode == 0, done.stderr
    assert state(own_site) == before


def test_an_older_set_is_refused_by_a_newer_database(site: Site) -> None:
    with site.writer.connect(MASTER, site.passwords.master) as connection:
        connection.execute("INSERT INTO ops.script (name, version, sha256) VALUES ('9999_later.sql', 99, 'x')")
        try:
            assert run(site, site.writer).returncode == NEWER
        finally:
            connection.execute("DELETE FROM ops.script WHERE version = 99")


def test_a_failure_leaves_nothing_behind(own_site: Site) -> None:
    with own_site.writer.connect(MASTER, own_site.passwords.master) as connection:
        connection.execute("CREATE SCHEMA pooler")
        connection.execute("CREATE TABLE pooler.login (wrong integer)")
        with pytest.raises(psycopg.errors.UndefinedColumn):
            bootstrap(connection, own_site.passwords.logins)
        assert ask(connection, "SELECT to_regnamespace('ops')") is None


def test_no_password_is_written_anywhere(site: Site) -> None:
    everything = [asdict(site.passwords)["master"], *site.passwords.logins.values()]
    texts = [path.read_text(errors="replace") for path in Path(site.directory).glob("*.log")]
    texts.append(str(state(site)))
    texts.append(str(site.writer.ask("SELECT array_agg(rolpassword) FROM pg_authid")))
    for password in everything:
        assert not [text for text in texts if password in text]


def test_the_pooler_learns_the_applications_verifiers_and_no_others(site: Site) -> None:
    with site.writer.connect(AUTH_LOGIN, site.passwords.logins[AUTH_LOGIN]) as connection:
        for login in APP_LOGINS:
            stored = site.writer.ask("SELECT rolpassword FROM pg_authid WHERE rolname = %s", login)
            assert ask(connection, "SELECT verifier FROM pooler.lookup(%s)", login) == stored
        for other in (AUTH_LOGIN, "monitoring", MASTER, "nobody"):
            assert ask(connection, "SELECT verifier FROM pooler.lookup(%s)", other) is None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM pooler.login")
    assert set(APP_LOGINS) == POOLED


def test_the_lookup_cannot_be_led_astray(site: Site) -> None:
    """A caller's own objects must not take the place of those that the function means."""
    with site.writer.connect(AUTH_LOGIN, site.passwords.logins[AUTH_LOGIN]) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TEMP TABLE login (name text)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.login (name text)")
    settings = site.writer.connect(MASTER, site.passwords.master)
    with settings as connection:
        definition = "SELECT proconfig FROM pg_proc WHERE oid = 'pooler.lookup(text)'::regprocedure"
        assert ask(connection, definition) == ['search_path=""']


FORBIDDEN = [
    ("app_login_a", "SELECT * FROM pooler.login"),
    ("app_login_a", "SELECT pooler.lookup('app_login_b')"),
    ("app_login_a", "DELETE FROM trading.orders"),
    ("app_login_a", "UPDATE trading.orders SET amount = 0"),
    ("app_login_a", "INSERT INTO ops.heartbeat VALUES (true, 'dr', now())"),
    ("app_login_a", "CREATE TABLE public.mine (id integer)"),
    ("reporting", "SELECT * FROM pooler.login"),
    ("heartbeat", "SELECT * FROM trading.orders"),
    ("monitoring", "SELECT * FROM trading.orders"),
    (AUTH_LOGIN, "SELECT * FROM trading.orders"),
]


@pytest.mark.parametrize(("login", "statement"), FORBIDDEN)
def test_no_login_may_more_than_it_must(site: Site, login: str, statement: str) -> None:
    with (
        site.writer.connect(login, site.passwords.logins[login]) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_reporting_reads_and_never_writes(site: Site) -> None:
    with site.writer.connect("reporting", site.passwords.logins["reporting"]) as connection:
        connection.execute("SELECT * FROM trading.orders")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM trading.orders")


def test_monitoring_sees_replication(site: Site) -> None:
    with site.writer.connect("monitoring", site.passwords.logins["monitoring"]) as connection:
        assert ask(connection, "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn IS NOT NULL") == 2


def test_the_heartbeat_beats_while_the_fence_names_its_site(site: Site) -> None:
    def age() -> float:
        query = "SELECT extract(epoch FROM clock_timestamp() - beat_at)::float8 FROM ops.heartbeat"
        with site.writer.connect(MASTER, site.passwords.master) as connection:
            found = ask(connection, query)
        return float("inf") if found is None else float(found)

    environment = database_environment(site.writer, "heartbeat", site.passwords.logins["heartbeat"])
    environment["FENCE_FILE"] = str(site.fence)
    command, log = [sys.executable, "-m", "service.heartbeat"], site.directory / "heartbeat.log"
    with running("heartbeat", command, log, is_up=lambda: age() < 5, environment=environment, directory=REPO):
        try:
            site.fence.write_text("dr\n")
            until(lambda: age() > 2.5, 10, "it stops with the fence")
        finally:
            site.fence.write_text(f"{SITE}\n")
        until(lambda: age() < 2, 10, "and goes on with it")


def test_a_password_rotates_under_load_without_one_failure(own_site: Site) -> None:
    """Login b gets a new password while a trades; clients move to b one by one; then a's changes, and a is dead."""
    site = own_site
    site.bootstrap()
    pooler = site.pooler()
    errors: list[Exception] = []
    done = threading.Event()
    served = {"app_login_a": 0, "app_login_b": 0}
    in_use = ["app_login_a"]

    def trade() -> None:
        while not done.is_set():
            login = in_use[0]
            try:
                with pooler.connect(login, site.passwords.logins[login]) as connection:
                    for _ in range(20):
                        assert ask(connection, "SELECT 1") == 1
                        served[login] += 1
            except Exception as error:  # each of them is the failure that is looked for
                errors.append(error)

    with pooler.connect("app_login_b", site.passwords.logins["app_login_b"]):
        pass  # b was in use some time ago: its old password is in pgBouncer's memory
    traders = [threading.Thread(target=trade) for _ in range(3)]
    for trader in traders:
        trader.start()
    try:
        until(lambda: served["app_login_a"] > 100, 20, "a trades")
        site.passwords.logins["app_login_b"] = "the-next-password-of-b"
        site.bootstrap()
        in_use[0] = "app_login_b"
        until(lambda: served["app_login_b"] > 200, 20, "b trades")
    finally:
        done.set()
        for trader in traders:
            trader.join()
    assert errors == []
    old = site.passwords.logins["app_login_a"]
    site.passwords.logins["app_login_a"] = "the-next-password-of-a"
    site.bootstrap()
    with pytest.raises(psycopg.OperationalError):
        site.writer.connect("app_login_a", old)
