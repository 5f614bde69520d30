"""pulumi-random: values drawn at create, kept in Pulumi's state alone."""

# An id is called id, a property is called property, as in AWS and Pulumi.
# ruff: noqa: A002

from __future__ import annotations

import base64
import secrets
import string
import uuid
import warnings
from typing import Any

from sandbox.cloud.call import Call
from sandbox.cloud.spec import Calls, TypeSpec

_NO_CALLS = Calls("", "", "", "")
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_CLASSES = (
    ("upper", string.ascii_uppercase),
    ("lower", string.ascii_lowercase),
    ("numeric", string.digits),
    ("special", _SPECIAL),
)
_WORDS = ("amber", "brave", "calm", "eager", "fleet", "keen", "lucid", "noble", "quick", "stout")
_PETS = ("badger", "falcon", "gecko", "heron", "lynx", "marten", "otter", "puffin", "stoat", "wren")


def _string(call: Call) -> str:
    given = call.inputs
    drawn: list[str] = []
    alphabet = ""
    for name, letters in _CLASSES:
        chosen = (given.get("overrideSpecial") or letters) if name == "special" else letters
        drawn += [secrets.choice(chosen) for _ in range(given.get(f"min{name.title()}") or 0)]
        if given.get(name, True):
            alphabet += chosen
    drawn += [secrets.choice(alphabet) for _ in range(given["length"] - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)


def _bcrypt(call: Call) -> str:
    """Python's crypt module where the C library knows Blowfish; elsewhere empty, never something made up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import crypt

            salt = crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=1 << 10)  # noqa: S324 - this is bcrypt
            return crypt.crypt(call.state["result"], salt) or ""
        except (ImportError, AttributeError, ValueError):
            return ""


def _bytes(call: Call) -> bytes:
    return base64.urlsafe_b64decode(call.id + "=" * (-len(call.id) % 4))


def _prefixed(text: str, call: Call) -> str:
    return f"{call.inputs.get('prefix') or ''}{text}"


def _pet(call: Call) -> str:
    words = [secrets.choice(_WORDS) for _ in range(call.inputs.get("length", 2) - 1)] + [secrets.choice(_PETS)]
    prefix = [call.inputs["prefix"]] if call.inputs.get("prefix") else []
    return str(call.inputs.get("separator", "-")).join([*prefix, *words])


_TEXT: dict[str, Any] = {
    "length": None,
    "special": True,
    "upper": True,
    "lower": True,
    "numeric": True,
    "number": True,
    "minLower": 0,
    "minNumeric": 0,
    "minSpecial": 0,
    "minUpper": 0,
}
_TEXT_DEFAULTS = {key: value for key, value in _TEXT.items() if value is not None and key != "number"}
_TEXT_REPLACE = (*_TEXT, "keepers", "overrideSpecial")


def _spec(name: str, id: Any, outputs: dict[str, Any], **more: Any) -> TypeSpec:
    token = f"random:index/{name[0].lower()}{name[1:]}:{name}"
    return TypeSpec(
        token=token, service="", scope="local", calls=_NO_CALLS, id=id, requires={}, outputs=outputs, **more
    )


SPECS: tuple[TypeSpec, ...] = (
    _spec(
        "RandomPassword",
        "none",
        {"number": True, "result": _string, "bcryptHash": _bcrypt},
        replace_on=_TEXT_REPLACE,
        defaults=_TEXT_DEFAULTS,
    ),
    _spec(
        "RandomString",
        _string,
        {"number": True, "result": "{id}"},
        replace_on=_TEXT_REPLACE,
        defaults=_TEXT_DEFAULTS,
    ),
    _spec(
        "RandomId",
        lambda call: base64.urlsafe_b64encode(secrets.token_bytes(call.inputs["byteLength"])).rstrip(b"=").decode(),
        {
            "b64Url": lambda call: _prefixed(call.id, call),
            "b64Std": lambda call: _prefixed(base64.b64encode(_bytes(call)).decode(), call),
            "hex": lambda call: _prefixed(_bytes(call).hex(), call),
            "dec": lambda call: _prefixed(str(int.from_bytes(_bytes(call), "big")), call),
        },
        replace_on=("byteLength", "keepers", "prefix"),
    ),
    _spec("RandomUuid", str(uuid.uuid4()), {"result": "{id}"}, replace_on=("keepers",)),
    _spec(
        "RandomPet",
        _pet,
        {},
        replace_on=("keepers", "length", "prefix", "separator"),
        defaults={"length": 2, "separator": "-"},
    ),
)
