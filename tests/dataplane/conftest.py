"""One site for all tests that leave it as they found it, and a fresh one for those that do not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from drills.pooler import RunningPooler
from drills.programs import Programs, UnavailableError, acquire
from drills.site import Site, running_site

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.dataplane)
            item.add_marker(pytest.mark.xdist_group("dataplane"))


@pytest.fixture(scope="session")
def programs() -> Programs:
    try:
        return acquire()
    except UnavailableError as reason:
        if os.environ.get("CI"):
            pytest.fail(f"the real programs are needed in CI: {reason}")
        pytest.skip(f"the real programs cannot be had on this machine: {reason}")


@pytest.fixture(scope="session")
def shared_site(programs: Programs) -> Iterator[Site]:
    with running_site(programs) as running:
        running.bootstrap()
        yield running


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    """The shared database; what a test starts on it ends with the test."""
    kept = shared_site.resources
    with ExitStack() as own:
        shared_site.resources = own
        yield shared_site
    shared_site.resources = kept


@pytest.fixture
def own_site(programs: Programs) -> Iterator[Site]:
    """For a test that changes the database's role or its bootstrap."""
    with running_site(programs) as running:
        yield running


@pytest.fixture
def pooler(site: Site) -> RunningPooler:
    return site.pooler()
