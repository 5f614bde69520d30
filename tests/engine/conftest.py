"""A sandbox of the tests' own, far from the user's `.sandbox`: the real engine on the emulated AWS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.cli.terminal import SandboxError
from sandbox.cli.tools import Cli, acquire
from sandbox.cli.workspace import Workspace
from tests.engine.harness import Sandbox

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.xdist_group("engine"))  # one scenario: never split over workers


@pytest.fixture(scope="session")
def cli() -> Cli:
    try:
        return acquire()
    except SandboxError as reason:
        if os.environ.get("CI"):
            pytest.fail(f"pulumi is needed in CI: {reason}")
        pytest.skip(f"pulumi cannot be had on this machine: {reason}")


@pytest.fixture(scope="session")
def sandbox(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    workspace = Workspace(tmp_path_factory.mktemp("sandbox").resolve())
    workspace.prepare(cli)
    return Sandbox(workspace)
