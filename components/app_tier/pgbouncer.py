"""pgBouncer's files, rendered from the sizing: pgbouncer.ini, its hba file and the form of its user list.

One pooler is one process, since pgBouncer is single-threaded; several on one machine share the port (so_reuseport)
and pass each other the cancel requests that the kernel gave to the wrong one (peers). Pods each have an address
of their own and need neither.

Drain: SIGTERM closes the listener and ends when the last client has gone (since 1.23). Clients must therefore let go
by themselves within the grace period: the application's pool closes connections of a certain age
(POOL_MAX_LIFETIME_SECONDS of the service). SIGHUP reads every file anew, certificates too, and cuts no connection.

Needs pgBouncer 1.25.2 or later (CVE-2025-12819, CVE-2026-6664 to 6667).
Sources: https://www.pgbouncer.org/config.html, https://www.pgbouncer.org/usage.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

MINIMUM_VERSION: Final = "1.25.2"

POOLER_PORT: Final = 6432

APP_LOGINS: Final = ("app_login_a", "app_login_b")
"""Two logins with the same rights: one is in use while the other's password changes."""

AUTH_LOGIN: Final = "pgbouncer_auth"
STATS_LOGIN: Final = "pgbouncer_stats"

QUERY_TIMEOUT_SECONDS: Final = 5
"""pgBouncer gives a silent server up. It must lie above the statement_timeout of the logins, so that a database that
is merely slow answers first, with an error that says so."""

DRAIN_SECONDS: Final = 90
"""Grace period after SIGTERM; longer than any client keeps a connection."""

_LONGEST_SOCKET_PATH: Final = 107
"""sockaddr_un on Linux, without its final zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolerFiles:
    """Where a pooler finds its files, and a directory for its unix sockets.

    tls_certificate and tls_key face the clients. server_ca is the bundle that the database's certificate must chain
    to (https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem).
    """

    hba: str = "/etc/pgbouncer/hba.conf"
    users: str = "/run/pgbouncer/secrets/userlist.txt"
    tls_certificate: str = "/run/pgbouncer/tls/tls.crt"
    tls_key: str = "/run/pgbouncer/tls/tls.key"
    server_ca: str = "/etc/pgbouncer/ca/global-bundle.pem"
    sockets: str = "/run/pgbouncer/sockets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooler:
    """One pgBouncer process.

    database_host: the RDS endpoint's own name, which its certificate names; an alias would fail verify-full, and put
    a DNS control plane into every failover. pool_size, max_server_connections, max_client_connections: AppSizing's
    server_connections_per_pooler, max_server_connections_per_pooler and max_client_connections.
    processes and process: how many share this machine's port, and which of them this is, from 1.
    listen_address: "*" for all.
    """

    database_host: str
    database_port: int = 5432
    database_name: str = "trading"
    pool_size: int
    max_server_connections: int
    max_client_connections: int
    listen_address: str = "*"
    listen_port: int = POOLER_PORT
    processes: int = 1
    process: int = 1
    files: PoolerFiles = field(default_factory=PoolerFiles)

    def __post_init__(self) -> None:
        """Refuse what pgBouncer would read as something else."""
        for name in ("database_host", "database_name", "listen_address"):
            value = getattr(self, name)
            if not value or set(value) & set(" \t\n\r;#='\""):
                raise ValueError(f"{name} {value!r} must be a plain word")
        if not 1 <= self.process <= self.processes:
            raise ValueError(f"process {self.process} is not one of 1 to {self.processes}")
        if not 0 < self.pool_size <= self.max_server_connections:
            raise ValueError(f"pool_size {self.pool_size} must be 1 to {self.max_server_connections}")
        socket = f"{self.socket_directory}/.s.PGSQL.{self.listen_port}"
        if len(socket) > _LONGEST_SOCKET_PATH:
            raise ValueError(f"{socket} is longer than the {_LONGEST_SOCKET_PATH} bytes of a unix socket's name")

    @property
    def socket_directory(self) -> str:
        """This process's own: the only way to address one among several on a port."""
        return self.files.sockets if self.processes == 1 else f"{self.files.sockets}/{self.process}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the [pgbouncer] section, and why it is there."""

    name: str
    value: str | int
    why: str


def settings(pooler: Pooler) -> tuple[Setting, ...]:
    """Every setting that differs from pgBouncer's default."""
    return _listening(pooler) + _pooling(pooler) + _identity(pooler) + _FAILOVER + _LOGGING + _sharing(pooler)


def _listening(pooler: Pooler) -> tuple[Setting, ...]:
    files = pooler.files
    return (
        Setting("listen_addr", pooler.listen_address, "none by default"),
        Setting("listen_port", pooler.listen_port, "named, so that it cannot drift from the flows"),
        Setting("listen_backlog", 4096, "after a failover every client connects at once; the default is 128"),
        Setting("unix_socket_dir", pooler.socket_directory, "the exporter's way in, one process at a time"),
        Setting("unix_socket_mode", "0770", "nobody else on the machine"),
        Setting("client_tls_sslmode", "require", "disabled by default; clients verify us, passwords verify them"),
        Setting("client_tls_cert_file", files.tls_certificate, "what clients verify"),
        Setting("client_tls_key_file", files.tls_key, "its key"),
        Setting(
            "client_tls_ca_file",
            files.server_ca,
            "asks for no client certificate; without it start-up needs the system's bundle, and a lean image has none",
        ),
        Setting("client_tls_protocols", "tlsv1.3", "every client is ours"),
        Setting("server_tls_sslmode", "verify-full", "the default, prefer, encrypts for whoever answers"),
        Setting("server_tls_ca_file", files.server_ca, "what the database's certificate must chain to"),
        Setting("server_tls_protocols", "secure", "TLS 1.2 and 1.3, both of which RDS speaks"),
    )


def _pooling(pooler: Pooler) -> tuple[Setting, ...]:
    return (
        Setting("pool_mode", "transaction", "thousands of clients on tens of connections"),
        Setting("default_pool_size", pooler.pool_size, "from the sizing; the default is 20"),
        Setting("max_db_connections", pooler.max_server_connections, "holds while two logins have pools, too"),
        Setting("max_client_conn", pooler.max_client_connections, "from the sizing; the default refuses the 101st"),
        Setting("max_prepared_statements", 200, "drivers prepare; per server connection, least recently used go"),
        Setting("server_lifetime", 600, "an hour by default: connections follow a moved endpoint within ten minutes"),
        Setting("idle_transaction_timeout", 10, "a client that vanished inside a transaction holds locks"),
        Setting(
            "ignore_startup_parameters",
            "extra_float_digits,options",
            "JDBC and libpq send them, and an unknown one is refused; what `options` asks for has no effect",
        ),
    )


def _identity(pooler: Pooler) -> tuple[Setting, ...]:
    return (
        Setting("auth_type", "hba", "TLS and SCRAM for clients; the default, md5, takes MD5 hashes"),
        Setting("auth_hba_file", pooler.files.hba, "who may log in from where"),
        Setting("auth_file", pooler.files.users, "the two logins that the database is not asked for"),
        Setting("auth_user", AUTH_LOGIN, "asks the database for the verifiers of all others"),
        Setting(
            "auth_query",
            "SELECT username, verifier FROM pooler.lookup($1)",
            "RDS lets nobody read pg_authid, which the default asks; the schema is named, search_path is not trusted",
        ),
        Setting("stats_users", STATS_LOGIN, "the exporter's, which may look and not touch; nobody is admin"),
    )


_FAILOVER: Final = (
    # The three that a measured failover depends on: with the defaults clients wait 15 s for the new writer, with a
    # frozen writer for ever; with these 1 to 2 s and 5 s (docs/data-path.md).
    Setting("dns_max_ttl", 2, "pgBouncer ignores the record's TTL and keeps an address for 15 s"),
    Setting("server_login_retry", 1, "after a failed login every client is turned away for 15 s"),
    Setting("query_timeout", QUERY_TIMEOUT_SECONDS, "a frozen server is never given up otherwise"),
    Setting("dns_nxdomain_ttl", 2, "a name that is missing for a moment is missing for 15 s otherwise"),
    # For packets that vanish, as when a zone loses its network: TCP alone would wait two hours.
    Setting("tcp_keepalive", 1, "the default, made explicit for the next three"),
    Setting("tcp_keepidle", 3, "seconds of silence before the first probe; the system's are 7200"),
    Setting("tcp_keepintvl", 1, "seconds between probes"),
    Setting("tcp_keepcnt", 3, "probes without an answer that end a connection"),
    Setting("tcp_user_timeout", 3000, "milliseconds that sent data may stay unacknowledged; never by default"),
    Setting("server_connect_timeout", 3, "a connection that takes longer goes nowhere; the default is 15"),
    Setting("query_wait_timeout", 5, "an order that waited this long is refused, not kept for 120 s"),
)

_LOGGING: Final = (
    Setting("log_connections", 0, "a line for each of thousands a second; the metrics count them"),
    Setting("log_disconnections", 0, "the same"),
)


def _sharing(pooler: Pooler) -> tuple[Setting, ...]:
    if pooler.processes == 1:
        return ()
    return (
        Setting("so_reuseport", 1, "several processes on one port: the kernel spreads the connections"),
        Setting("peer_id", pooler.process, "names this process in cancel keys"),
    )


def pgbouncer_ini(pooler: Pooler) -> str:
    """pgbouncer.ini. No secret is in it; it logs to standard error."""
    database = f"host={pooler.database_host} port={pooler.database_port} dbname={pooler.database_name}"
    sections = {
        "databases": [f"{pooler.database_name} = {database}"],
        "peers": [
            f"{process} = host={pooler.files.sockets}/{process} port={pooler.listen_port}"
            for process in range(1, pooler.processes + 1)
            if pooler.processes > 1
        ],
        "pgbouncer": [f"{setting.name} = {setting.value}" for setting in settings(pooler)],
    }
    return "\n".join("\n".join([f"[{name}]", *lines, ""]) for name, lines in sections.items() if lines)


def hba_conf(database_name: str = "trading") -> str:
    """Who may log in: the application over TLS, the exporter over the unix socket, nobody else."""
    logins = ",".join(APP_LOGINS)
    return (
        f"hostssl {database_name} {logins} 0.0.0.0/0 scram-sha-256\n"
        f"hostssl {database_name} {logins} ::/0 scram-sha-256\n"
        f"local pgbouncer {STATS_LOGIN} scram-sha-256\n"
    )


def userlist(passwords: Mapping[str, str]) -> str:
    """auth_file, from logins to their passwords.

    The result is a secret: it is rendered where pgBouncer runs, from the mounted secrets, and never by Pulumi. It must
    hold AUTH_LOGIN's password in the clear, since pgBouncer logs in with it; a SCRAM verifier only serves to check
    others.
    Raises ValueError for a line break, which the format cannot hold.
    """
    return "".join(f"{_quoted((login, password))}\n" for login, password in sorted(passwords.items()))


def _quoted(words: Iterable[str]) -> str:
    quoted = []
    for word in words:
        if set(word) & set("\n\r\0"):
            raise ValueError("a login or password with a line break has no place in pgBouncer's user list")
        quoted.append('"' + word.replace('"', '""') + '"')
    return " ".join(quoted)
