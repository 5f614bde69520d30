"""The settings of a stack of this program."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import pulumi

from components.naming import PLATFORM
from components.regions import ZONE_IDS
from components.settings.model import Settings
from components.settings.reader import Raw, read, running_configuration
from components.settings.surroundings import Surroundings
from components.settings.windows import Daily


def load() -> Settings:
    """The running stack's settings, with the peer stack's name completed. Raises SettingsError."""
    values, secrets = running_configuration()
    settings = parse(values, stack=pulumi.get_stack(), secrets=secrets)
    name = settings.peer_stack
    if not name or "/" in name:
        return settings
    full_name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{name}"
    return settings.model_copy(update={"peer_stack": full_name})


def parse(values: Mapping[str, str], *, stack: str, secrets: frozenset[str] = frozenset()) -> Settings:
    """Settings from configuration as the engine hands it over: full key to text. Raises SettingsError."""
    return read(Settings, values, namespace=PLATFORM, stack=stack, secrets=secrets, surroundings=_surroundings)


def _surroundings(raw: Raw) -> Surroundings:
    """What the nested settings are held against, as far as it is right itself."""
    region, tps, hours = raw.get("region"), None, None
    with suppress(KeyError, ValueError, TypeError):
        tps = int(raw["targetTps"])
    with suppress(KeyError, ValueError, TypeError):
        hours = Daily.parse(raw["tradingHours"])
    return Surroundings(
        region=region if region in ZONE_IDS else None,
        target_tps=tps if tps is not None and tps > 0 else None,
        trading_hours=hours,
    )
