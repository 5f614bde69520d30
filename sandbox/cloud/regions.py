"""What differs from region to region: zones, and the hosted zones that AWS's own names live in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Region:
    """One region. Accounts see zone names in an order of their own: names here do not follow the ids."""

    description: str
    zones: Mapping[str, str]  # zone id -> zone name in this account
    alb: str  # canonical hosted zone of load balancers
    nlb: str
    rds: str
    s3: str


REGIONS: dict[str, Region] = {
    "eu-central-1": Region(
        "Europe (Frankfurt)",
        {"euc1-az1": "eu-central-1c", "euc1-az2": "eu-central-1a", "euc1-az3": "eu-central-1b"},
        "Z215JYRZR1TBD5",
        "Z3F0SRJ5LGBH90",
        "Z1RLNUO7B9Q6NB",
        "Z21DNDUVLTQW6Q",
    ),
    "eu-west-1": Region(
        "Europe (Ireland)",
        {"euw1-az1": "eu-west-1b", "euw1-az2": "eu-west-1c", "euw1-az3": "eu-west-1a"},
        "Z32O12XQLNTSW2",
        "Z2IFOLAFXWLO4F",
        "Z29XKXDKYMONMX",
        "Z1BKCTXD74EZPE",
    ),
    "eu-west-2": Region(
        "Europe (London)",
        {"euw2-az1": "eu-west-2c", "euw2-az2": "eu-west-2a", "euw2-az3": "eu-west-2b"},
        "ZHURV8PSTC4K8",
        "ZD4D7Y8KGAS4G",
        "Z1TTGA775OQIYO",
        "Z3GKZC51ZF0DB4",
    ),
    "eu-west-3": Region(
        "Europe (Paris)",
        {"euw3-az1": "eu-west-3a", "euw3-az2": "eu-west-3b", "euw3-az3": "eu-west-3c"},
        "Z3Q77PNBQS71R4",
        "Z1CMS0P5QUZ6D5",
        "Z2ESIC5QF1JUSX",
        "Z3R1K369G5AVDG",
    ),
    "eu-north-1": Region(
        "Europe (Stockholm)",
        {"eun1-az1": "eu-north-1a", "eun1-az2": "eu-north-1b", "eun1-az3": "eu-north-1c"},
        "Z23TAZ6LKFMNIO",
        "Z1UDT6IFJ4EJM",
        "Z2YLCRZX2QSP6K",
        "Z3BAZG2TWCNX0D",
    ),
    "us-east-1": Region(
        "US East (N. Virginia)",
        {
            "use1-az1": "us-east-1c",
            "use1-az2": "us-east-1d",
            "use1-az3": "us-east-1e",
            "use1-az4": "us-east-1a",
            "use1-az5": "us-east-1f",
            "use1-az6": "us-east-1b",
        },
        "Z35SXDOTRQ7X7K",
        "Z26RNL4JYFTOTI",
        "Z2R2ITUGPM61AM",
        "Z3AQBSTGFYJSTF",
    ),
    "us-east-2": Region(
        "US East (Ohio)",
        {"use2-az1": "us-east-2a", "use2-az2": "us-east-2b", "use2-az3": "us-east-2c"},
        "Z3AADJGX6KTTL2",
        "ZLMOA37VPKANP",
        "Z2XHWR1WZ565X2",
        "Z2O1EMRO9K5GLX",
    ),
    "us-west-2": Region(
        "US West (Oregon)",
        {
            "usw2-az1": "us-west-2b",
            "usw2-az2": "us-west-2a",
            "usw2-az3": "us-west-2c",
            "usw2-az4": "us-west-2d",
        },
        "Z1H1FL5HABSF5",
        "Z18D5FSROUN65G",
        "Z1PVIF0B656C1W",
        "Z3BJ6K6RIION7M",
    ),
}
