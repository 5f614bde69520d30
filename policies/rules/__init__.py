"""Every rule of the pack."""

from policies.rules.database import database_keeps_backups, database_survives_a_zone

RULES = (database_keeps_backups, database_survives_a_zone)
