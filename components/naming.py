"""Names that one side computes and the other relies on, so that neither has to ask for them.

Everything here is a pure function of configuration: a site can name what its peer owns while the
peer's region is unreachable.
"""

from __future__ import annotations

from typing import Final

PLATFORM: Final = "trading"

FENCE_TABLE: Final = f"{PLATFORM}-fence"
"""The table that says which site may write; the bootstrap makes it, with a replica in both regions."""

FENCE_KEY: Final = "writer"
"""The table's one item."""


def failover_name(domain: str) -> str:
    """The name that clients use; it answers with whichever site may trade."""
    return f"api.{domain}"


def probe_name(domain: str, site: str) -> str:
    """The name of one site, never of the failover record: health checks ask here."""
    return f"{site}.{domain}"


def database_identifier(site: str, generation: int) -> str:
    """The RDS identifier of a site's database; a rebuilt database is a new generation with a new name."""
    return f"{PLATFORM}-{site}-g{generation}"


def master_secret_name() -> str:
    """The secret of the master login; the primary site owns it and replicates it under the same name."""
    return f"{PLATFORM}/database/master"


def cache_secret_name() -> str:
    """The secret of a site's own cache: one name, another secret in each region."""
    return f"{PLATFORM}/cache/app"
