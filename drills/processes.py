"""Processes that end with the block that started them, however it ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from drills.programs import runs_as

STOP_SECONDS: Final = 10

ROOM_BYTES: Final = 2 * 1024**3
"""A site takes a quarter of it, and two run at a time."""

ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LC_ALL": "C"}
"""What a program sees: nothing of the user's, whose ~/.postgresql libpq would read."""


class DidNotStartError(Exception):
    """The program ended or stayed silent; the message holds the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A program that runs, and where it writes its log."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def tell(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.popen.send_signal(number)

    def is_running(self) -> bool:
        """Whether it still is."""
        return self.popen.poll() is None

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Its exit code, once it ended. Raises subprocess.TimeoutExpired."""
        return self.popen.wait(seconds)

    def said(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace")


@contextmanager
def running(
    name: str,
    command: list[str],
    log: Path,
    *,
    is_up: Callable[[], bool],
    stop: signal.Signals = signal.SIGTERM,
    seconds: float = 30,
    environment: Mapping[str, str] = ENVIRONMENT,
    directory: Path = Path("/"),
) -> Iterator[Process]:
    """Start, wait until it is up, and end it with the block: politely, then not.

    In a session of its own: ^C reaches this program, which then ends the others in order.
    Raises DidNotStartError.
    """
    with log.open("ab") as output:
        popen = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=directory,
            start_new_session=True,
        )  # fmt: skip
    process = Process(name=name, popen=popen, log=log)
    try:
        _await(process, is_up, seconds)
        yield process
    finally:
        _end(process, stop)


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait. Raises TimeoutError that says for what."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def free_port() -> int:
    """A loopback port that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether someone listens on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def private_directory() -> Iterator[Path]:
    """A directory for one drill, gone afterwards. In /tmp: the name of a unix socket has 107 bytes."""
    directory = Path(tempfile.mkdtemp(prefix="drill-", dir="/tmp"))
    try:
        give(directory)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _place() -> str:
    """In memory if there is room: a drill is not about this machine's disk, which others use too."""
    memory = Path("/dev/shm")  # noqa: S108 (mkdtemp makes the directory private)
    room = shutil.disk_usage(memory).free if memory.is_dir() and os.access(memory, os.W_OK) else 0
    return str(memory) if room >= ROOM_BYTES else "/tmp"  # noqa: S108


def give(path: Path, mode: int | None = None) -> Path:
    """Make it the programs' own."""
    if mode is not None:
        path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, *runs_as())
    return path


def write(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    """Write a file that is the programs' own, secret from its first byte."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
    return give(path, mode)


def _await(process: Process, is_up: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_up():
        ended = process.popen.poll()
        if ended is not None or time.monotonic() > deadline:
            state = f"ended with {ended}" if ended is not None else f"is not up after {seconds} s"
            raise DidNotStartError(f"{process.name} {state}:\n{process.said()[-3000:]}")
        time.sleep(0.05)


def _end(process: Process, stop: signal.Signals) -> None:
    if not process.is_running():
        return
    process.tell(signal.SIGCONT)  # a drill may have frozen it
    process.tell(stop)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.tell(signal.SIGKILL)
        process.wait()
