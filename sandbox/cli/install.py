"""Pulumi's own installer, into the user's cache."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .pins import PulumiPin, cache_directory

_CONNECT_SECONDS = 8
_TOTAL_SECONDS = 300

# In a process of its own: the installer has no time-out, and a socket default is process-wide.
_SCRIPT = f"""
import socket, sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
socket.setdefaulttimeout({_CONNECT_SECONDS})
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


def binary(pin: PulumiPin) -> Path:
    """Where the installer puts the CLI."""
    return _root(pin) / "bin" / "pulumi"


def run(pin: PulumiPin) -> Path:
    """Installs the pinned version, or fails fast."""
    command = [sys.executable, "-c", _SCRIPT, str(_root(pin)), pin.version]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TOTAL_SECONDS)
    return binary(pin)


def reason(error: subprocess.SubprocessError) -> str:
    """The last line of what the installer said."""
    if isinstance(error, subprocess.CalledProcessError):
        lines = str(error.stderr).strip().splitlines() or [str(error)]
        return f"its download site is out of reach or refused ({lines[-1]})"
    return f"no answer within {_TOTAL_SECONDS} s"


def _root(pin: PulumiPin) -> Path:
    return cache_directory() / f"pulumi-{pin.version}"
