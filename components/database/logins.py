"""Passwords as PostgreSQL stores them: SCRAM-SHA-256 verifiers, computed where the password is.

PostgreSQL takes a verifier in place of a password, so that no password enters a statement, a log or
pg_stat_statements. Sources: RFC 5802, RFC 7677,
https://www.postgresql.org/docs/18/catalog-pg-authid.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import Final

ITERATIONS: Final = 4096
"""PostgreSQL's default. More would slow every login down, and these passwords are long and random."""

_VERIFIER: Final = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")


def scram_verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """The verifier of a password. Raises ValueError for one that SASLprep might change or refuse."""
    if not password or not password.isascii() or not password.isprintable():
        raise ValueError("a password must be printable ASCII, or client and server may disagree about its bytes")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    server = _hmac(salted, b"Server Key")
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${_text(stored)}:{_text(server)}"


def verifies(verifier: str, password: str) -> bool:
    """Whether the verifier is this password's.

    One that already is must stay: pgBouncer logs in with keys that hold for one salt only, and a new verifier
    of the same password would turn its new connections away until every client has logged in again.
    """
    found = _VERIFIER.fullmatch(verifier)
    if found is None:
        return False
    again = scram_verifier(password, b64decode(found[2]), int(found[1]))
    return hmac.compare_digest(again, verifier)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
