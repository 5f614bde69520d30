"""The only reader of configuration.

Flat keys and their defaults are declared in Pulumi.yaml; nested ones, and what every value may be, in this package.
"""

from components.settings.cache import CacheSettings
from components.settings.database import MAXIMUM_RETENTION_DAYS, MINIMUM_RETENTION_DAYS, DatabaseSettings
from components.settings.load import load, parse
from components.settings.model import Role, Settings, Site
from components.settings.reader import SettingsError

__all__ = [
    "MAXIMUM_RETENTION_DAYS",
    "MINIMUM_RETENTION_DAYS",
    "CacheSettings",
    "DatabaseSettings",
    "Role",
    "Settings",
    "SettingsError",
    "Site",
    "load",
    "parse",
]
