"""`python -m service.bootstrap`: bring a database to what the platform needs. Run it as often as you like.

Runs components/database/sql in one transaction and gives each login whose password is in the environment (or
SECRETS_DIR) its verifier. Exit codes: 0 done; 2 the environment is wrong; 3 the database is a standby, left alone;
4 the database has a newer set.

Passwords rotate without an outage by turns: give the login that is not in use a new password and run this; point
the service at that login and roll it; next time, the other. A password changed under a login that is in use cuts
off new connections until every client knows it: pgBouncer logs in with what its client proved.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import sql
from pydantic import Field, SecretStr

from components.database.logins import scram_verifier, verifies
from components.database.sql import VERSION, scripts
from service import logs
from service.settings import ConfigurationError, Environment, read

_log = logging.getLogger("service.bootstrap")

POOLED: Final = frozenset({"app_login_a", "app_login_b"})
"""The logins for which pgBouncer may ask."""

DONE, WRONG, STANDBY, NEWER = 0, 2, 3, 4


class NewerError(Exception):
    """The database was brought further than this set goes; going back is not the way."""


class BootstrapSettings(Environment):
    """The master login, and a password for each login that is to have one."""

    database_port: int = Field(default=5432, ge=1, le=65_535)  # not through the pooler

    app_login_a_password: SecretStr | None = None
    app_login_b_password: SecretStr | None = None
    pgbouncer_auth_password: SecretStr | None = None
    monitoring_password: SecretStr | None = None
    reporting_password: SecretStr | None = None
    heartbeat_password: SecretStr | None = None

    def passwords(self) -> dict[str, str]:
        """By login."""
        given = ((name.removesuffix("_password"), getattr(self, name)) for name in type(self).model_fields)
        return {
            login: secret.get_secret_value()
            for login, secret in given
            if isinstance(secret, SecretStr) and login != "database"
        }


def bootstrap(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Run everything in one transaction.

    Raises psycopg.errors.ReadOnlySqlTransaction on a standby and NewerError after a newer set.
    """
    with connection.transaction():
        guard, *rest = scripts()
        connection.execute(guard.text.encode())
        row = connection.execute("SELECT max(version) FROM ops.script").fetchone()
        if row is not None and row[0] is not None and row[0] > VERSION:
            raise NewerError(f"the database has version {row[0]} of the scripts, this is {VERSION}")
        for script in rest:
            connection.execute(script.text.encode())
        for script in (guard, *rest):
            connection.execute(
                "INSERT INTO ops.script (name, version, sha256) VALUES (%s, %s, %s) ON CONFLICT (name) DO UPDATE"
                " SET version = excluded.version, sha256 = excluded.sha256, applied_at = now()"
                " WHERE (script.version, script.sha256) <> (excluded.version, excluded.sha256)",
                (script.name, VERSION, script.sha256),
            )
        for login, password in passwords.items():
            _give(connection, login, password)


def _give(connection: psycopg.Connection, login: str, password: str) -> None:
    row = connection.execute("SELECT verifier FROM pooler.login WHERE name = %s", (login,)).fetchone()
    known = "" if row is None else str(row[0])
    verifier = known if known and verifies(known, password) else scram_verifier(password, os.urandom(16))
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login), sql.Literal(verifier)).as_string(connection)
    )
    if verifier != known:
        connection.execute(
            "INSERT INTO pooler.login (name, verifier, pooled) VALUES (%s, %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET verifier = excluded.verifier, changed_at = now()",
            (login, verifier, login in POOLED),
        )
        _log.info("a login has a new password", extra={"login": login})


def main() -> int:
    """Exit codes as above."""
    try:
        settings = read(BootstrapSettings)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return WRONG
    logs.configure(settings.log_level)
    try:
        with psycopg.connect(**settings.connection, autocommit=True) as connection:  # type: ignore[arg-type]
            bootstrap(connection, settings.passwords())
    except psycopg.errors.ReadOnlySqlTransaction as error:
        _log.error("refused", extra={"reason": str(error).partition("\n")[0]})
        return STANDBY
    except NewerError as error:
        _log.error("refused", extra={"reason": str(error)})
        return NEWER
    _log.info("the database is as version %s wants it", VERSION)
    return DONE


if __name__ == "__main__":
    sys.exit(main())
