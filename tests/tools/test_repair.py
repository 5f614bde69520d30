"""What a killed engine leaves behind, and how it is put right."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.cli.engine import Engine
from sandbox.cli.repair import restore_checkpoint
from sandbox.cli.stacks import PRIMARY
from sandbox.cli.workspace import Workspace


@pytest.mark.parametrize("left", ["", '{"version": 3, "check'])
def test_half_a_state_gives_way_to_the_one_before(tmp_path: Path, left: str) -> None:
    workspace = Workspace(tmp_path)
    state = Engine(workspace, PRIMARY).checkpoint
    state.parent.mkdir(parents=True)
    state.write_text(left)
    state.with_name("primary.json.bak").write_text('{"version": 3}')
    restore_checkpoint(workspace, PRIMARY)
    assert state.read_text() == '{"version": 3}'


def test_half_of_the_first_state_ever_is_no_state(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    state = Engine(workspace, PRIMARY).checkpoint
    state.parent.mkdir(parents=True)
    state.write_text("")
    restore_checkpoint(workspace, PRIMARY)
    assert not Engine(workspace, PRIMARY).exists()


def test_a_whole_state_is_left_alone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    state = Engine(workspace, PRIMARY).checkpoint
    state.parent.mkdir(parents=True)
    state.write_text('{"version": 4}')
    state.with_name("primary.json.bak").write_text('{"version": 3}')
    restore_checkpoint(workspace, PRIMARY)
    assert state.read_text() == '{"version": 4}'
