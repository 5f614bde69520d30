"""The one command, and what it leaves behind: nothing."""

from __future__ import annotations

import re
import signal
import ssl
import subprocess
import sys
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from drills.processes import DidNotStartError, private_directory, running, until
from drills.programs import Programs
from sandbox.cli.pins import REPO

PLACE = re.compile(r"^service +https://localhost:(\d+)$", re.MULTILINE)
LOGS = re.compile(r"^logs +(\S+)/\*\.log$", re.MULTILINE)


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_the_one_command_serves_until_told_and_ends_everything(
    programs: Programs, tmp_path: Path, told: signal.Signals
) -> None:
    output = tmp_path / "said"
    with output.open("wb") as said:
        command = [sys.executable, "-m", "drills", "up"]
        drill = subprocess.Popen(command, cwd=REPO, stdout=said, stderr=said, start_new_session=True)
    try:
        until(lambda: "^C ends" in output.read_text() or drill.poll() is not None, 60, "everything is up")
        text = output.read_text()
        for program in (programs.postgres, programs.pgbouncer, programs.valkey):
            assert f"{program.name} {program.version}" in text
        port, logs = PLACE.findall(text)[0], LOGS.findall(text)[0]
        context = ssl.create_default_context(cafile=f"{logs}/drill-ca.crt")
        connection = HTTPSConnection("localhost", int(port), context=context, timeout=10)
        connection.request("GET", "/health/writable")
        assert connection.getresponse().status == 200
        connection.close()
        started = children(drill.pid)
        assert len(started) == 6, "three of PostgreSQL, pgBouncer, Valkey, the service"
    finally:
        drill.send_signal(told)
        code = drill.wait(60)
    assert code == 0, output.read_text()
    assert not Path(logs).exists()
    assert not [each for each in started if each.exists()]


def children(pid: int) -> list[Path]:
    """What the command started: six programs."""
    started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [Path("/proc") / child for child in started]


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo the reason >&2; exit 3"]
    with (
        pytest.raises(DidNotStartError, match=r"ended with 3:\nthe reason"),
        running("it", command, tmp_path / "log", is_up=lambda: False),
    ):
        pytest.fail("it never ran")


def test_a_program_that_ignores_its_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drills.processes.STOP_SECONDS", 0.2)
    log = tmp_path / "log"
    command = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"]
    with running("it", command, log, is_up=lambda: "up" in log.read_text()) as process:
        pass
    assert process.popen.returncode == -signal.SIGKILL


def test_a_failure_inside_still_removes_everything() -> None:
    with pytest.raises(ZeroDivisionError):
        fail_in_a_private_directory()
    assert not FAILED_IN[0].exists()


FAILED_IN: list[Path] = []


def fail_in_a_private_directory() -> None:
    with private_directory() as directory:
        (directory / "file").touch()
        FAILED_IN.append(directory)
        raise ZeroDivisionError
