"""Everything that the environment decides. A secret may also be a file of its name in SECRETS_DIR."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import Field, FilePath, HttpUrl, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

POOL_MAX_LIFETIME_SECONDS: Final = 60
"""A connection to the pooler is closed at this age, so that a pooler that drains is left within its grace period, and
one that is new gets its share."""

Port = Annotated[int, Field(ge=1, le=65_535)]


class ConfigurationError(Exception):
    """What is wrong with the environment, one line for each variable; never a value, which may be secret."""


class Environment(BaseSettings):
    """What every program of the image has in common: a database, always verified by name."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    site: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$", description="primary or dr")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    database_host: str = Field(min_length=1, description="the name that the certificate must carry")
    database_port: Port = 6432
    database_name: str = "trading"
    database_user: str = Field(min_length=1, description="such as app_login_a")
    database_password: SecretStr = Field(min_length=1)
    database_ca: FilePath = Field(description="the bundle that the certificate must chain to")

    @property
    def connection(self) -> dict[str, str | int]:
        """Keyword arguments for psycopg; they hold the password."""
        return {
            "host": self.database_host,
            "port": self.database_port,
            "dbname": self.database_name,
            "user": self.database_user,
            "password": self.database_password.get_secret_value(),
            "sslmode": "verify-full",
            "sslrootcert": str(self.database_ca),
            "gssencmode": "disable",
            "connect_timeout": 3,
        }


class FencedEnvironment(Environment):
    """What follows the fence: the one place that says which site may write."""

    fence_file: Path | None = Field(default=None, description="a file that holds the site that may write")
    fence_url: HttpUrl | None = Field(default=None, description="an address that answers with that site")

    @model_validator(mode="after")
    def _one_fence(self) -> Self:
        if self.fence_file is not None and self.fence_url is not None:
            raise ValueError("set FENCE_FILE or FENCE_URL, not both")
        return self


class ServiceSettings(FencedEnvironment):
    """The service's own."""

    listen_address: str = "0.0.0.0"  # noqa: S104 (a pod's address is not known beforehand)
    listen_port: Port = 8443
    tls_certificate: FilePath
    tls_key: FilePath
    drain_seconds: float = Field(default=5, ge=0, le=300, description="serves on, unready, after SIGTERM")

    database_connections: int = Field(default=10, ge=1, le=100)

    redis_host: str = Field(default="", description="empty: no Redis at all")
    redis_port: Port = 6379
    redis_user: str = "default"
    redis_password: SecretStr = SecretStr("")
    redis_ca: FilePath | None = Field(default=None, description="the bundle; without it, the system's")


Kind = TypeVar("Kind", bound=BaseSettings)


def read(kind: type[Kind]) -> Kind:
    """Read the environment. Raises ConfigurationError with every variable that is missing or wrong."""
    try:
        return kind(_secrets_dir=os.environ.get("SECRETS_DIR"))
    except ValidationError as wrong:
        lines = (
            f"{'.'.join(str(part) for part in error['loc']).upper() or 'environment'}: {error['msg']}"
            for error in wrong.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError("\n".join(lines)) from None
