"""The parameter group, read by the PostgreSQL that it is for."""

from __future__ import annotations

import psycopg
import pytest

from components.database.parameters import STATIC
from drills.postgres import MASTER
from drills.site import REPLICA, STANDBY, Site, real_parameters


def test_it_knows_every_parameter_and_takes_every_value(site: Site) -> None:
    assert site.writer.ask("SELECT count(*) FROM pg_file_settings WHERE error IS NOT NULL") == 0
    with site.writer.connect(MASTER, site.passwords.master) as connection:
        for name, value in real_parameters().items():
            row = connection.execute("SELECT source, setting FROM pg_settings WHERE name = %s", (name,)).fetchone()
            assert row is not None, name
            assert row[0] == "configuration file", name
            assert row[1] in {value, {"0": "off", "1": "on"}.get(value)}, name


def test_what_changes_at_a_restart_only_is_known_to(site: Site) -> None:
    for name in real_parameters():
        context = site.writer.ask("SELECT context FROM pg_settings WHERE name = %s", name)
        assert context != "postmaster" or name in STATIC, name


@pytest.mark.parametrize("name", [STANDBY, REPLICA])
def test_copies_follow(site: Site, name: str) -> None:
    assert site.standbys[name].ask("SELECT pg_is_in_recovery()") is True
    expected = "sync" if name == STANDBY else "async"
    found = "SELECT sync_state FROM pg_stat_replication WHERE application_name = %s"
    assert site.writer.ask(found, name) == expected


def test_nobody_gets_in_without_tls(site: Site) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        site.writer.connect(MASTER, site.passwords.master, sslmode="disable")
