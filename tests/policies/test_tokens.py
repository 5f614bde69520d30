"""Tokens are those of the SDK's classes."""

from __future__ import annotations

from importlib import import_module

import pytest

from components.resource_types import type_of
from policies.tokens import TYPES


@pytest.mark.parametrize("token", TYPES)
def test_a_token_is_its_classs(token: str) -> None:
    module, name = TYPES[token]
    assert type_of(getattr(import_module(module), name)) == token
