"""A whole data path on this machine: the site's database with its standbys, a pooler, a cache and the service."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from components.app_tier.pgbouncer import AUTH_LOGIN, STATS_LOGIN, Pooler, PoolerFiles
from components.database.parameters import parameters
from components.sizing import size_app, size_database
from drills import pooler as poolers
from drills.certificates import Authority
from drills.pooler import RunningPooler, running_pooler
from drills.postgres import DATABASE, MASTER, Cluster, Server, make_synchronous
from drills.processes import Process, free_port, private_directory, write
from drills.programs import Programs
from drills.service import RunningService, running_service
from drills.valkey import USER as CACHE_USER
from drills.valkey import running_valkey
from service.bootstrap import bootstrap

TARGET_TPS: Final = 1_000
ZONES: Final = 2
SITE: Final = "primary"

STANDBY: Final = "standby"
REPLICA: Final = "replica"


def real_parameters() -> dict[str, str]:
    """The parameter group, less what only RDS knows."""
    group = parameters(size_database(TARGET_TPS), allocated_storage_gib=400, audience="trading")
    return {each.name: each.value for each in group if not each.name.startswith("rds.")}


def _password() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Passwords:
    """Made anew for each drill."""

    master: str = field(default_factory=_password)
    replication: str = field(default_factory=_password)
    cache: str = field(default_factory=_password)
    stats: str = field(default_factory=_password)
    logins: dict[str, str] = field(
        default_factory=lambda: {
            login: _password()
            for login in ("app_login_a", "app_login_b", AUTH_LOGIN, "monitoring", "reporting", "heartbeat")
        }
    )


@dataclass(slots=True, kw_only=True)
class Site:
    """What runs, and how to reach it. Whatever a drill adds by `enter` ends with the site."""

    programs: Programs
    directory: Path
    authority: Authority
    passwords: Passwords
    writer: Server
    standbys: dict[str, Server]
    pooler_files: PoolerFiles
    fence: Path
    resources: ExitStack

    def bootstrap(self) -> None:
        """Run the database's bootstrap, as the master."""
        with self.writer.connect(MASTER, self.passwords.master) as connection:
            bootstrap(connection, self.passwords.logins)

    def rendered(self, *, processes: int = 1, process: int = 1, port: int | None = None) -> Pooler:
        """A pooler as the sizing wants it, of this site's writer."""
        sizing = size_app(TARGET_TPS, ZONES)
        return Pooler(
            database_host=self.writer.host,
            database_port=self.writer.port,
            database_name=DATABASE,
            pool_size=sizing.server_connections_per_pooler,
            max_server_connections=sizing.max_server_connections_per_pooler,
            max_client_connections=sizing.max_client_connections,
            listen_address="127.0.0.1",
            listen_port=port or free_port(),
            processes=processes,
            process=process,
            files=self.pooler_files,
        )

    def pooler(self, pooler: Pooler | None = None) -> RunningPooler:
        """Start one."""
        rendered = pooler or self.rendered()
        program = self.programs.pgbouncer
        return self.resources.enter_context(running_pooler(program, self.directory, rendered, self.authority.bundle))

    def cache(self) -> tuple[Process, int]:
        """Start Valkey; its port comes second."""
        return self.resources.enter_context(
            running_valkey(self.programs.valkey, self.directory, self.authority, self.passwords.cache)
        )

    def environment(self, pooler: RunningPooler, cache_port: int | None = None) -> dict[str, str]:
        """The service's environment. Passwords are files in SECRETS_DIR, as in a pod."""
        secrets_directory = self.directory / "secrets"
        secrets_directory.mkdir(exist_ok=True, mode=0o700)
        login = "app_login_a"
        write(secrets_directory / "database_password", self.passwords.logins[login])
        write(secrets_directory / "redis_password", self.passwords.cache)
        certificate, key = self.authority.issue("service", "localhost")
        environment = {
            "SITE": SITE,
            "SECRETS_DIR": str(secrets_directory),
            "TLS_CERTIFICATE": str(certificate),
            "TLS_KEY": str(key),
            "DATABASE_HOST": poolers.HOST,
            "DATABASE_PORT": str(pooler.port),
            "DATABASE_NAME": DATABASE,
            "DATABASE_USER": login,
            "DATABASE_CA": str(self.authority.bundle),
            "FENCE_FILE": str(self.fence),
            "DRAIN_SECONDS": "1",
        }
        if cache_port is not None:
            environment |= {
                "REDIS_HOST": "localhost",
                "REDIS_PORT": str(cache_port),
                "REDIS_USER": CACHE_USER,
                "REDIS_CA": str(self.authority.bundle),
            }
        return environment

    def service(self, environment: dict[str, str]) -> RunningService:
        """Start the service."""
        return self.resources.enter_context(running_service(self.directory, environment, self.authority.bundle))


@contextmanager
def running_site(programs: Programs, *, standbys: bool = True) -> Iterator[Site]:
    """The database, alone or with a synchronous standby and an asynchronous replica; the rest is started on it."""
    with ExitStack() as resources:
        directory = resources.enter_context(private_directory())
        authority, passwords = Authority(directory), Passwords()
        cluster = Cluster(programs.postgres, directory, authority, real_parameters())
        writer = resources.enter_context(
            cluster.writer(master_password=passwords.master, replication_password=passwords.replication)
        )
        names = (STANDBY, REPLICA) if standbys else ()
        copies = {
            name: resources.enter_context(cluster.standby(name, writer, replication_password=passwords.replication))
            for name in names
        }
        if standbys:
            make_synchronous(writer, STANDBY)
        known = {AUTH_LOGIN: passwords.logins[AUTH_LOGIN], STATS_LOGIN: passwords.stats}
        yield Site(
            programs=programs,
            directory=directory,
            authority=authority,
            passwords=passwords,
            writer=writer,
            standbys=copies,
            pooler_files=poolers.files(directory, authority, server_ca=authority.bundle, passwords=known),
            fence=write(directory / "fence", f"{SITE}\n", 0o644),
            resources=resources,
        )
