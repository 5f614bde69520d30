"""The reference service's parts, without a database."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from components.database.logins import scram_verifier, verifies
from components.database.sql import scripts
from sandbox.cli.pins import REPO
from service import logs, metrics
from service.bootstrap import BootstrapSettings
from service.fence import Fence
from service.settings import ConfigurationError, FencedEnvironment, ServiceSettings, read

NAMED = re.compile(r"^\| (trading_\w+) \|", re.MULTILINE)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """One in which every program would start."""
    file = tmp_path / "any.pem"
    file.touch()
    right = {
        "SITE": "primary",
        "DATABASE_HOST": "pooler",
        "DATABASE_USER": "app_login_a",
        "DATABASE_PASSWORD": "hidden",
        "DATABASE_CA": str(file),
        "TLS_CERTIFICATE": str(file),
        "TLS_KEY": str(file),
    }
    for name, value in right.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_right_environment_is_read(environment: pytest.MonkeyPatch) -> None:
    settings = read(ServiceSettings)
    assert settings.connection["sslmode"] == "verify-full"
    assert "hidden" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE", "Primary!"),
        ("DATABASE_HOST", ""),
        ("DATABASE_PORT", "70000"),
        ("DATABASE_CA", "/nowhere"),
        ("TLS_KEY", "/nowhere"),
        ("DRAIN_SECONDS", "-1"),
        ("FENCE_URL", "file:///etc/passwd"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(name, value)
    environment.delenv("DATABASE_PASSWORD")
    with pytest.raises(ConfigurationError) as refused:
        read(ServiceSettings)
    said = str(refused.value).splitlines()
    assert {line.partition(":")[0] for line in said} == {name, "DATABASE_PASSWORD"}, "all at once"


def test_two_fences_are_one_too_many(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("FENCE_FILE", "/run/fence")
    environment.setenv("FENCE_URL", "https://fence.example/")
    with pytest.raises(ConfigurationError, match="not both"):
        read(ServiceSettings)


@pytest.mark.parametrize("program", ["service", "service.bootstrap", "service.heartbeat"])
def test_each_program_says_what_is_missing_and_ends_with_2(program: str) -> None:
    command = [sys.executable, "-m", program]
    done = subprocess.run(command, cwd=REPO, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "DATABASE_HOST: Field required" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_may_be_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.delenv("DATABASE_PASSWORD")
    (tmp_path / "database_password").write_text("from a file")
    environment.setenv("SECRETS_DIR", str(tmp_path))
    assert read(ServiceSettings).database_password == SecretStr("from a file")


def test_the_bootstraps_passwords_are_those_of_the_logins(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("REPORTING_PASSWORD", "r")
    assert read(BootstrapSettings).passwords() == {"reporting": "r"}, "the master's own is none of them"


@pytest.mark.parametrize(("content", "ours"), [("primary\n", True), ("dr", False), ("", False), (None, False)])
def test_whoever_cannot_read_the_fence_may_not_write(
    environment: pytest.MonkeyPatch, tmp_path: Path, content: str | None, ours: bool
) -> None:
    fence = tmp_path / "fence"
    if content is not None:
        fence.write_text(content)
    environment.setenv("FENCE_FILE", str(fence))
    assert asyncio.run(Fence(read(FencedEnvironment)).names_us()) is ours


def test_the_documented_metrics_are_the_ones_that_are_shown() -> None:
    ours = metrics.Metrics()
    ours.report(ours.redis_up, 1)
    ours.report(ours.heartbeat_age, 0.5)
    ours.requests.labels("post_order", "ok").inc()
    shown = set(re.findall(r"^# TYPE (trading_\w+) ", ours.page().decode(), re.MULTILINE))
    assert {name for name in shown if not name.endswith("_created")} == set(NAMED.findall(metrics.__doc__ or ""))
    assert metrics.ROUND_TRIP_BUCKETS[0] == 0.00025


def test_a_gauge_is_absent_until_it_is_known() -> None:
    assert b"trading_redis_up" not in metrics.Metrics().page()


def test_a_log_line_is_one_json_object() -> None:
    record = logging.makeLogRecord({"msg": "two\nlines", "name": "service", "levelname": "INFO", "order_id": "7"})
    line = logs.JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line) | {"time": ""} == {
        "time": "",
        "level": "INFO",
        "logger": "service",
        "message": "two\nlines",
        "order_id": "7",
    }


def test_a_verifier_verifies_its_password_and_no_other() -> None:
    verifier = scram_verifier("pencil", bytes(range(16)))
    assert verifies(verifier, "pencil")
    assert not verifies(verifier, "pencils")
    assert not verifies("md5abc", "pencil")


@pytest.mark.parametrize("password", ["", "höflich", "tab\t"])
def test_a_password_that_could_be_read_in_two_ways_is_refused(password: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        scram_verifier(password, bytes(16))


def test_the_scripts_come_in_order_and_hold_no_password() -> None:
    names = [script.name for script in scripts()]
    assert names == sorted(names)
    assert names[0] == "0000_guard.sql"
    for script in scripts():
        assert not re.search(r"PASSWORD\s+'", script.text)


def test_the_image_brings_nothing_of_pulumi() -> None:
    program = "import service.__main__, service.bootstrap, service.heartbeat, sys; print('pulumi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
