"""Orders and accounts: the statements, and what they mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID, uuid4

import psycopg
from pydantic import BaseModel, ConfigDict, Field

from service.database import Connection


class NewOrder(BaseModel):
    """What a client sends. client_ref is the client's name for the order: the same again is the same order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_ref: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
    account_id: Annotated[int, Field(ge=1, le=2**63 - 1)]
    amount: Annotated[Decimal, Field(max_digits=20, decimal_places=4)]


class Order(NewOrder):
    """An order that was taken; it never changes."""

    id: UUID


class RejectedError(Exception):
    """The order cannot be taken, and would not be the next time either."""


class UnknownError(RejectedError):
    """There is no such thing."""


_SCALE: Final = Decimal("0.0001")
_INSERT: Final = """
    INSERT INTO trading.orders (id, client_ref, account_id, amount) VALUES (%s, %s, %s, %s)
    ON CONFLICT (client_ref) DO NOTHING
"""
_BALANCE: Final = "UPDATE trading.accounts SET balance = balance + %s WHERE id = %s"
_BY_REF: Final = "SELECT id, client_ref, account_id, amount FROM trading.orders WHERE client_ref = %s"
_BY_ID: Final = "SELECT id, client_ref, account_id, amount FROM trading.orders WHERE id = %s"
_OPEN: Final = "INSERT INTO trading.accounts (id) VALUES (%s) ON CONFLICT DO NOTHING"


async def place(connection: Connection, new: NewOrder) -> tuple[Order, bool]:
    """Take the order and move the balance, both or neither; the flag says whether it is new.

    Raises UnknownError for an account that does not exist, RejectedError for a client_ref of another order.
    """
    new = new.model_copy(update={"amount": new.amount.quantize(_SCALE)})  # as the database gives it back
    order = Order(id=uuid4(), **new.model_dump())
    try:
        inserted = await connection.execute(_INSERT, (order.id, order.client_ref, order.account_id, order.amount))
    except psycopg.errors.ForeignKeyViolation:
        raise UnknownError(f"account {new.account_id} does not exist") from None
    if inserted.rowcount == 1:
        await connection.execute(_BALANCE, (order.amount, order.account_id))
        return order, True
    found = await _one(connection, _BY_REF, new.client_ref)
    if found is None or (found.account_id, found.amount) != (new.account_id, new.amount):
        raise RejectedError("client_ref stands for another order")
    return found, False


async def find(connection: Connection, order_id: UUID) -> Order | None:
    """The order of this id."""
    return await _one(connection, _BY_ID, order_id)


async def open_account(connection: Connection, account_id: int) -> None:
    """Open an account with nothing in it; one that is open stays as it is."""
    await connection.execute(_OPEN, (account_id,))


async def _one(connection: Connection, query: str, key: object) -> Order | None:
    row = await (await connection.execute(query, (key,))).fetchone()
    if row is None:
        return None
    order_id, client_ref, account_id, amount = row
    return Order(id=order_id, client_ref=client_ref, account_id=account_id, amount=amount)
