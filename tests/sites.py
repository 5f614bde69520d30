"""The bootstrap and the two sites, run against one emulated AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bootstrap import program as bootstrap_program
from bootstrap import settings as bootstrap_settings
from components import settings
from components.platform import build
from sandbox.cloud import Cloud, Store
from tests.configuration import ACCOUNT, ROOT, as_text, committed, configuration
from tests.harness import Deployment, State, deploy

PRIMARY = "organization/trading/primary"
DR = "organization/trading/dr"


def bootstrap(cloud: Cloud, **changes: Any) -> Deployment:
    """Run the bootstrap; changes are keys of `trading-bootstrap:`."""
    values = committed("bootstrap", project=ROOT / "bootstrap", namespace="trading-bootstrap")
    values |= {key: as_text(value) for key, value in ACCOUNT.items()}
    values |= {f"trading-bootstrap:{key}": as_text(value) for key, value in changes.items()}
    return deploy(
        lambda: bootstrap_program.build(bootstrap_settings.load()),
        config=values,
        stack="bootstrap",
        project="trading-bootstrap",
        cloud=cloud,
    )


class Sites:
    """An AWS with the bootstrap in it, on which sites are brought up, and changed when brought up again."""

    def __init__(self) -> None:
        self.cloud = Cloud(Store())
        self.bootstrap = bootstrap(self.cloud)
        self.zone_id = self.bootstrap.exports["hostedZoneId"]
        self.states = {"primary": State(), "dr": State()}

    def up(self, stack: str, *, upstream: Mapping[str, Mapping[str, Any]] | None = None, **changes: Any) -> Deployment:
        """Run the program as one stack; changes are keys of `trading:`."""
        values = configuration(stack, hostedZoneId=self.zone_id, **changes)
        return deploy(
            lambda: build(settings.load()),
            config=values,
            stack=stack,
            upstream=upstream,
            cloud=self.cloud,
            state=self.states[stack],
        )

    def primary(self, **changes: Any) -> Deployment:
        """The site that trades."""
        return self.up("primary", **changes)

    def standby(self, active: Deployment, **changes: Any) -> Deployment:
        """The DR site, following the primary."""
        return self.up("dr", upstream={PRIMARY: active.exports}, **changes)

    def promoted(self, standby: Deployment, **changes: Any) -> Deployment:
        """The DR site trading, with what it knew of its peer by heart and nobody to ask."""
        return self.up("dr", role="active", peer=standby.exports["peer"], **changes)

    def returned(self, active: Deployment, **changes: Any) -> Deployment:
        """The primary site following DR, with a new generation of its database."""
        return self.up(
            "primary",
            upstream={DR: active.exports},
            role="standby",
            peerStack="dr",
            database={"generation": 2},
            **changes,
        )
