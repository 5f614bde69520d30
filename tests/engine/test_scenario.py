"""The main job on the real engine: up, no change, drift, a lost region, refusal to destroy, down, up again.

The tests are one story on one sandbox, told in order: each begins where the one before ended.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ops.peer import cache_peer
from sandbox.cli.engine import Engine
from sandbox.cli.pins import REPO
from sandbox.cli.stacks import DR
from tests.engine.harness import Sandbox, kill

LOST = "eu-central-1"
DATABASE = "aws:rds/instance:Instance"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # Pulumi's mark of a secret value in a state
HALFWAY = 60  # resources: somewhere in the middle of a stack
SHORTEST_SECRET = 12  # shorter ones (a user's name) may well occur elsewhere, and are not what is meant here

# Their control planes may be down with the region, so a promotion must not need them.
UNTOUCHABLE = ("aws:route53/", "aws:acm/", "aws:kms/", "aws:iam/", "aws:ec2/", "aws:vpc/")


def test_up_builds_bootstrap_primary_and_dr(sandbox: Sandbox) -> None:
    before = _git_status()
    _succeeds(sandbox.run("up"))
    assert sandbox.primary.resources()
    assert sandbox.dr.resources()
    assert _git_status() == before, "the sandbox changed a tracked file"


def test_a_second_up_changes_nothing(sandbox: Sandbox) -> None:
    _succeeds(sandbox.run("up", "--expect-no-changes"))


def test_plain_pulumi_works_from_an_activated_shell(sandbox: Sandbox) -> None:
    _succeeds(sandbox.pulumi(f"pulumi preview -s primary --expect-no-changes --policy-pack {REPO}/policies"))
    _succeeds(sandbox.pulumi("pulumi stack graph -s dr graph.dot"))
    assert json.loads(_succeeds(sandbox.pulumi("pulumi stack output -s dr --json")))


def test_secrets_are_not_in_clear_in_the_state(sandbox: Sandbox) -> None:
    found: set[str] = set()
    for engine in (sandbox.primary, sandbox.dr):
        shown = json.loads(engine.ask("stack", "export", "--show-secrets"))
        secrets = {each for each in _secrets(shown) if len(each) >= SHORTEST_SECRET}
        hidden = engine.ask("stack", "export")
        assert not [each for each in secrets if each in hidden], f"a secret of {engine.stack.name} is in clear"
        found |= secrets
    assert found, "the master password at least is a secret"


def test_refresh_finds_what_was_changed_behind_pulumis_back(sandbox: Sandbox) -> None:
    database = _database(sandbox.primary)
    sandbox.store.write(LOST, DATABASE, database["id"], {"backupRetentionPeriod": 1})
    assert sandbox.primary.refresh().counts.get("update") == 1
    assert sandbox.primary.up().counts.get("update") == 1
    record = sandbox.store.get(LOST, DATABASE, database["id"])
    assert record is not None
    assert record.properties["backupRetentionPeriod"] == database["inputs"]["backupRetentionPeriod"]


def test_destroy_is_refused_before_the_first_deletion(sandbox: Sandbox) -> None:
    before = len(sandbox.store.resources())
    refused = sandbox.pulumi("pulumi destroy -s primary --yes")
    assert refused.returncode
    assert "cannot be deleted" in refused.stdout + refused.stderr
    assert "protected" in refused.stdout + refused.stderr
    assert len(sandbox.store.resources()) == before


def test_the_standby_is_promoted_while_the_primary_region_is_lost(sandbox: Sandbox) -> None:
    directory, environment = sandbox.workspace.project(DR), sandbox.workspace.environment()
    assert cache_peer("dr", directory, environment) == (), "`up` left a stale peer cache"
    before = _database(sandbox.dr)["urn"]
    _succeeds(sandbox.run("region", "off", LOST))
    _succeeds(sandbox.run("log", "--clear"))
    _succeeds(sandbox.pulumi("pulumi config set trading:role active -s dr"))

    plan = {step["urn"]: step["op"] for step in sandbox.dr.plan() if step["op"] != "same"}
    assert plan[before] == "update", "promotion must update the database in place"
    touched = [f"{op} {urn}" for urn, op in plan.items() if _type(urn).startswith(UNTOUCHABLE)]
    assert not touched, "the flip needs a control plane that may be down"

    sandbox.dr.up()
    assert _database(sandbox.dr)["urn"] == before
    assert not _database(sandbox.dr)["inputs"].get("replicateSourceDb")
    astray = [each for each in sandbox.store.operations() if each.region == LOST]
    assert not astray, "the flip asked something of the lost region"


def test_down_with_a_region_switched_off_says_how_to_go_on(sandbox: Sandbox) -> None:
    refused = sandbox.run("down")
    assert refused.returncode
    assert f"python -m sandbox region on {LOST}" in refused.stdout


def test_down_leaves_nothing_but_what_aws_keeps(sandbox: Sandbox) -> None:
    _succeeds(sandbox.run("down", "--switch-on-regions"))
    assert not any(engine.exists() for engine in (sandbox.bootstrap, sandbox.primary, sandbox.dr))
    assert sandbox.store.resources() == []


def test_up_works_right_after_down_and_after_being_killed(sandbox: Sandbox) -> None:
    up = sandbox.start("up")
    _wait_until(lambda: len(sandbox.store.resources()) > HALFWAY)
    kill(up)
    _succeeds(sandbox.run("up"))


def test_down_finishes_what_a_killed_down_began(sandbox: Sandbox) -> None:
    before = len(sandbox.store.resources())
    down = sandbox.start("down")
    _wait_until(lambda: len(sandbox.store.resources()) < before - HALFWAY)
    kill(down)
    _succeeds(sandbox.run("down"))
    assert sandbox.store.resources() == []


def _succeeds(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        pytest.fail(f"{done.args} ended with {done.returncode}:\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def _wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"did not happen within {seconds} s"
        time.sleep(0.1)


def _git_status() -> str:
    command = ["git", "status", "--porcelain"]
    return subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=True).stdout


def _database(engine: Engine) -> dict[str, Any]:
    """The region's writer, or the replica that is to become it."""
    databases = [each for each in engine.resources() if each["type"] == DATABASE]
    assert databases, f"no database in {engine.stack.name}"
    return databases[0]


def _type(urn: str) -> str:
    """A child's URN names its parents' types too: "trading:index:HaPostgres$aws:rds/instance:Instance"."""
    return urn.split("::")[2].split("$")[-1]


def _secrets(value: Any) -> Iterator[str]:
    """Every text in clear that a state with its secrets shown marks as secret."""
    match value:
        case {"plaintext": str(plain), **rest} if SECRET in rest.values():
            yield from _texts(json.loads(plain))
        case dict():
            for each in value.values():
                yield from _secrets(each)
        case list():
            for each in value:
                yield from _secrets(each)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
