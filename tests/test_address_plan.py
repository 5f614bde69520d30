"""The address plan, for any range and any zones."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from components.network.plan import ZONE_SLOTS, Tier, plan_subnets, tier_block

VPCS = st.integers(0, 255).map(lambda second: IPv4Network(f"10.{second}.0.0/16"))
ZONES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=ZONE_SLOTS, unique=True).map(tuple)


@given(VPCS, ZONES)
def test_subnets_lie_inside_their_tier_and_share_no_address(vpc: IPv4Network, zones: tuple[str, ...]) -> None:
    plan = plan_subnets(vpc, zones)
    assert len(plan) == len(zones) * len(Tier)
    for subnet in plan:
        assert subnet.cidr.subnet_of(tier_block(vpc, subnet.tier))
    for first, second in combinations(plan, 2):
        assert not first.cidr.overlaps(second.cidr)


@given(VPCS, ZONES)
def test_adding_a_zone_at_the_end_moves_nothing(vpc: IPv4Network, zones: tuple[str, ...]) -> None:
    assert set(plan_subnets(vpc, zones[:-1])) <= set(plan_subnets(vpc, zones))


@given(VPCS)
def test_tiers_lie_apart_and_leave_room(vpc: IPv4Network) -> None:
    blocks = [tier_block(vpc, tier) for tier in Tier]
    for first, second in combinations(blocks, 2):
        assert not first.overlaps(second)
    used = sum(block.num_addresses for block in blocks)
    assert used <= vpc.num_addresses * 0.7


def test_one_zone_alone_holds_the_pods_of_the_largest_target() -> None:
    [app] = [s for s in plan_subnets(IPv4Network("10.0.0.0/16"), ("a",)) if s.tier is Tier.APP]
    assert app.cidr.num_addresses >= 8_192
