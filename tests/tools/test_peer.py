"""`make peer`, on a pulumi that only records what it is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ops.peer import PeerError, cache_peer

Run = Callable[[Mapping[str, Any], Mapping[str, Any]], list[list[str]]]

_FAKE = """#!/bin/sh
here=$(dirname "$0")
case "$1 $2" in
  "stack output") cat "$here/outputs" ;;
  "config --json") cat "$here/config" ;;
  *) for word in "$@"; do printf '%s\\t' "$word"; done >>"$here/calls"; echo >>"$here/calls" ;;
esac
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    fake = tmp_path / "pulumi"
    fake.write_text(_FAKE)
    fake.chmod(0o755)
    calls = tmp_path / "calls"
    environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}

    def cache(outputs: Mapping[str, Any], cached: Mapping[str, Any]) -> list[list[str]]:
        (tmp_path / "outputs").write_text(json.dumps(outputs))
        entries = {"trading:peerStack": {"value": "primary"}, "trading:peer": {"objectValue": cached}}
        (tmp_path / "config").write_text(json.dumps(entries))
        calls.write_text("")
        cache_peer("dr", tmp_path, environment)
        return [line.split("\t")[:-4] for line in calls.read_text().splitlines()]

    return cache


def test_what_is_new_is_written_by_one_command(run: Run) -> None:
    peer = {"arn": "arn:aws:rds:x", "zones": ["a", "b"], "port": 5432}
    assert run({"peer": peer}, {}) == [
        ["config", "set-all", "--path"]
        + [f"--plaintext=trading:peer{each}" for each in (".arn=arn:aws:rds:x", ".zones[0]=a", ".zones[1]=b")]
        + ["--plaintext=trading:peer.port=5432"]
    ]


def test_a_fresh_cache_is_left_alone(run: Run) -> None:
    peer = {"arn": "arn:aws:rds:x", "zones": ["a", "b"]}
    assert run({"peer": peer}, peer) == []


def test_an_account_id_stays_text(run: Run) -> None:
    calls = run({"peer": {"account": "123456789012"}}, {})
    assert ["config", "set", "--path", "--type", "string", "trading:peer.account", "123456789012"] in calls


def test_what_the_peer_no_longer_publishes_is_removed(run: Run) -> None:
    assert run({"peer": {"arn": "x"}}, {"arn": "x", "gone": "y"}) == [["config", "rm", "--path", "trading:peer.gone"]]


def test_an_active_stack_is_an_error_that_says_what_to_do(run: Run) -> None:
    with pytest.raises(PeerError, match=r"Stack dr has no output `peer`[^\n]*\n.*role: standby"):
        run({"arn": "x"}, {})
