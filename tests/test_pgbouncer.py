"""pgBouncer's rendered files, as text; tests/dataplane has the real program read them."""

from __future__ import annotations

from configparser import ConfigParser
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.app_tier.pgbouncer import (
    AUTH_LOGIN,
    QUERY_TIMEOUT_SECONDS,
    Pooler,
    PoolerFiles,
    hba_conf,
    pgbouncer_ini,
    settings,
    userlist,
)
from components.database.sql import STATEMENT_TIMEOUT_SECONDS
from components.sizing import size_app

HOST = "trading-primary-g1.abc123.eu-central-1.rds.amazonaws.com"
ONE = Pooler(database_host=HOST, pool_size=25, max_server_connections=27, max_client_connections=405)


def parsed(pooler: Pooler) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read_string(pgbouncer_ini(pooler))
    return parser


def test_the_database_is_verified_by_its_own_name() -> None:
    ini = parsed(ONE)
    assert ini["databases"]["trading"] == f"host={HOST} port=5432 dbname=trading"
    assert ini["pgbouncer"]["server_tls_sslmode"] == "verify-full"
    assert ini["pgbouncer"]["client_tls_sslmode"] == "require"


def test_the_numbers_are_the_sizings() -> None:
    sizing = size_app(10_000, 2)
    ini = parsed(
        Pooler(
            database_host=HOST,
            pool_size=sizing.server_connections_per_pooler,
            max_server_connections=sizing.max_server_connections_per_pooler,
            max_client_connections=sizing.max_client_connections,
        )
    )["pgbouncer"]
    assert (ini["default_pool_size"], ini["max_db_connections"], ini["max_client_conn"]) == ("25", "27", "405")


def test_every_setting_has_its_reason_and_none_comes_twice() -> None:
    table = settings(replace(ONE, processes=2))
    assert all(setting.why for setting in table)
    assert len({setting.name for setting in table}) == len(table)


def test_a_slow_database_answers_before_the_pooler_gives_it_up() -> None:
    assert STATEMENT_TIMEOUT_SECONDS < QUERY_TIMEOUT_SECONDS


def test_one_process_shares_nothing() -> None:
    ini = parsed(ONE)
    assert "peers" not in ini
    assert "so_reuseport" not in ini["pgbouncer"]


def test_several_processes_know_each_other_and_themselves() -> None:
    inis = [parsed(replace(ONE, processes=3, process=each)) for each in (1, 2, 3)]
    assert [ini["pgbouncer"]["peer_id"] for ini in inis] == ["1", "2", "3"]
    assert len({ini["pgbouncer"]["unix_socket_dir"] for ini in inis}) == 3
    for number, ini in enumerate(inis, 1):
        assert ini["pgbouncer"]["so_reuseport"] == "1"
        assert ini["peers"][str(number)] == f"host={ini['pgbouncer']['unix_socket_dir']} port=6432"


@pytest.mark.parametrize(
    "wrong",
    [
        {"database_host": ""},
        {"database_host": "a host=evil"},
        {"database_name": "trading\n[users]"},
        {"process": 2},
        {"process": 0},
        {"pool_size": 0},
        {"pool_size": 28},
        {"files": PoolerFiles(sockets="/" + "x" * 100)},
    ],
)
def test_what_pgbouncer_would_misread_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        replace(ONE, **wrong)


def test_only_the_application_and_the_exporter_are_let_in() -> None:
    rules = [line.split() for line in hba_conf().splitlines()]
    assert {rule[0] for rule in rules} == {"hostssl", "local"}, "nothing without TLS but the unix socket"
    assert {rule[-1] for rule in rules} == {"scram-sha-256"}
    assert {rule[2] for rule in rules} == {"app_login_a,app_login_b", "pgbouncer_stats"}


@given(st.text(st.characters(exclude_characters="\n\r\0", codec="utf-8"), max_size=40))
def test_any_password_survives_the_user_list(password: str) -> None:
    line = userlist({AUTH_LOGIN: password}).removesuffix("\n")
    assert line.startswith(f'"{AUTH_LOGIN}" "')
    inner = line.removeprefix(f'"{AUTH_LOGIN}" "').removesuffix('"')
    assert inner.replace('""', '"') == password
    assert inner.count('"') % 2 == 0


def test_a_line_break_cannot_smuggle_a_second_user_in() -> None:
    with pytest.raises(ValueError, match="line break"):
        userlist({AUTH_LOGIN: 'x"\n"pgbouncer_stats" "known'})
