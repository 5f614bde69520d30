"""A directory with the programs of one Debian suite, fetched by apt and unpacked, not installed.

apt resolves and verifies with lists and a cache of its own, so that the machine's packages and settings stay
as they are; only the mirror and the way there (a proxy) are the machine's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from sandbox.cli.pins import cache_directory

_TIMEOUT_SECONDS: Final = 300

_MOUNTED: Final = ("tmp", "dev")
"""Directories of the machine that are seen inside under the same name: drills keep their files in /tmp."""

_UNUSED: Final = ("perl", "libperl", "systemd", "locales", "libc-l10n", "adduser", "debconf")
"""What the packages depend on for their installation only: 200 MB."""

_CONFIGURATION: Final = """
Dir::State "{home}/state";
Dir::State::status "{home}/status";
Dir::Cache "{home}/cache";
Dir::Etc::sourcelist "{home}/sources.list";
Dir::Etc::sourceparts "-";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Debug::NoLocking "true";
"""


class UnavailableError(Exception):
    """Why the suite cannot be had on this machine."""


def provide(suite: str, packages: Sequence[str], keyring: Path, *, user: int, group: int) -> Path:
    """The tree, from the cache or made now. Raises UnavailableError."""
    wanted = sha256(" ".join([suite, str(user), *sorted(packages)]).encode()).hexdigest()[:8]
    root = cache_directory() / f"{suite}-{wanted}"
    if root.exists():
        return root
    missing = [tool for tool in ("apt-get", "dpkg-deb", "unshare", "chroot") if shutil.which(tool) is None]
    if missing:
        raise UnavailableError(f"{suite} needs {', '.join(missing)}")
    if not keyring.exists():
        raise UnavailableError(f"{suite} cannot be verified without {keyring}")
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent, prefix=f".{suite}-") as home:
        try:
            made = _make(Path(home), suite, packages, keyring)
        except subprocess.SubprocessError as error:
            raise UnavailableError(f"{suite} cannot be fetched: {_reason(error)}") from error
        _describe(made, user, group)
        try:
            made.rename(root)
        except OSError:  # another process was faster
            if not root.exists():
                raise
    return root


def enter(root: Path, *, user: int, group: int) -> tuple[str, ...]:
    """What comes before a command that is to run inside. Its process is the command's own, so signals reach it."""
    mounts = " && ".join(f'mount --rbind /{name} "$0/{name}"' for name in _MOUNTED)
    if os.geteuid() == 0:
        inside = f'exec chroot --userspec={user}:{group} "$0" "$@"'
        return ("unshare", "--mount", "sh", "-c", f"{mounts} && {inside}", str(root))
    inside = f'exec unshare --user --map-user={user} --map-group={group} --root="$0" "$@"'
    return ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", f"{mounts} && {inside}", str(root))


def _make(home: Path, suite: str, packages: Sequence[str], keyring: Path) -> Path:
    for name in ("state/lists/partial", "cache/archives/partial"):
        (home / name).mkdir(parents=True)
    (home / "status").touch()
    (home / "apt.conf").write_text(_CONFIGURATION.format(home=home))
    (home / "sources.list").write_text(f"deb [signed-by={keyring}] {_mirror()} {suite} main\n")
    environment = os.environ | {"APT_CONFIG": str(home / "apt.conf")}
    _run(["apt-get", "update", "--error-on=any"], environment)
    _run(["apt-get", "install", "--yes", "--download-only", *packages], environment)
    archives = sorted((home / "cache" / "archives").glob("*.deb"))
    # base-files first: it brings the links from /lib to /usr/lib that the others unpack through.
    archives.sort(key=lambda archive: not archive.name.startswith("base-files_"))
    made = home / "tree"
    made.mkdir(mode=0o755)
    for archive in archives:
        if archive.name.partition("_")[0].rstrip("0123456789.-") not in _UNUSED:
            _run(["dpkg-deb", "--extract", str(archive), str(made)], environment)
    return made


def _mirror() -> str:
    """Where this machine's apt gets its packages from."""
    for line in _run(["apt-get", "update", "--print-uris"], os.environ).splitlines():
        address = line.partition(" ")[0].strip("'")
        if "/dists/" in address:
            return address.partition("/dists/")[0]
    raise UnavailableError("this machine's apt has no sources")


def _describe(root: Path, user: int, group: int) -> None:
    """What programs look up about themselves and this machine."""
    (root / "etc" / "passwd").write_text(f"drill:x:{user}:{group}::/:/bin/false\n")
    (root / "etc" / "group").write_text(f"drill:x:{group}:\n")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    for name in _MOUNTED:
        (root / name).mkdir(exist_ok=True)


def _run(command: list[str], environment: os._Environ[str] | dict[str, str]) -> str:
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=True
    )
    return done.stdout


def _reason(error: subprocess.SubprocessError) -> str:
    lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
    return lines[-1] if lines else str(error)
