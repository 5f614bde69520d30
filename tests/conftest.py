"""Both sites, deployed once and looked at by many tests."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.harness import Deployment
from tests.sites import Sites


@dataclass(frozen=True, slots=True)
class Journey:
    """The platform's four states, one after the other on one AWS: steady, promoted, returned."""

    bootstrap: Deployment
    primary_active: Deployment
    dr_standby: Deployment
    dr_active: Deployment
    primary_standby: Deployment

    def all(self) -> tuple[Deployment, ...]:
        return (self.bootstrap, *self.sites())

    def sites(self) -> tuple[Deployment, ...]:
        return self.primary_active, self.dr_standby, self.dr_active, self.primary_standby


@pytest.fixture(scope="session")
def journey() -> Journey:
    sites = Sites()
    primary = sites.primary()
    standby = sites.standby(primary)
    active = sites.promoted(standby)
    return Journey(sites.bootstrap, primary, standby, active, sites.returned(active))
