"""What the platform needs inside the database: scripts in order, each idempotent, run in one transaction.

Plain SQL without secrets. Logins get their passwords apart, as SCRAM verifiers (components/database/logins.py), by
whoever runs the scripts (service/bootstrap.py). Nothing here imports Pulumi: the directory is part of the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Final

VERSION: Final = 1
"""Raised with every change to a script, and recorded in the database, which refuses an older set afterwards."""

STATEMENT_TIMEOUT_SECONDS: Final = 4
"""What 0100_roles.sql sets for the application's logins."""


@dataclass(frozen=True, slots=True)
class Script:
    """One file: its name, which is its place in the order, and its text."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """The text's fingerprint, recorded beside the name."""
        return sha256(self.text.encode()).hexdigest()


def scripts() -> tuple[Script, ...]:
    """All of them, in the order in which they run."""
    found = (entry for entry in files(__package__ or __name__).iterdir() if entry.name.endswith(".sql"))
    return tuple(Script(entry.name, entry.read_text()) for entry in sorted(found, key=lambda entry: entry.name))
