"""The rival of the signed order query: FastAPI with SQLAlchemy's asynchronous ORM over asyncpg, on one uvicorn worker.

Written like typical services: a dependency verifies the signature, each request has a session, and the ORM loads the
order with its related rows. Signature, sealed secrets and answer format are the market's own code, so only the web
framework and the database access differ. It writes no access log and no counters. Same tables, same answers.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, ClassVar

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from sqlalchemy import JSON, DateTime, ForeignKey, or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

from tradepost.market.base.secrets import unseal
from tradepost.protocols.http import Request as Signed
from tradepost.protocols.open_api import order_query as wire
from tradepost.protocols.open_api.errors import api_response
from tradepost.protocols.open_api.signing import SignatureRefused, read_authorization, verify

from .programs import end_with_parent

MODES = {"PERIOD": "包周期", "ONE_TIME": "按次"}


class Base(DeclarativeBase):
    """Columns that the answer needs; the market's migrations created the tables."""

    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True), list[dict[str, str]]: JSON}


class AccessKey(Base):
    __tablename__ = "identity_accesskey"
    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int]
    access_key: Mapped[str]
    sealed: Mapped[str]
    valid_until: Mapped[datetime | None]


class User(Base):
    __tablename__ = "identity_user"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    name: Mapped[str]
    company: Mapped[str]
    phone: Mapped[str]
    email: Mapped[str]


class Order(Base):
    __tablename__ = "orders_order"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    order_type: Mapped[str]
    buyer_id: Mapped[int] = mapped_column(ForeignKey("identity_user.id"))
    currency: Mapped[str]
    placed_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    buyer: Mapped[User] = relationship()


class Offer(Base):
    __tablename__ = "catalog_offer"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[str]


class Product(Base):
    __tablename__ = "catalog_product"
    id: Mapped[int] = mapped_column(primary_key=True)
    asks_mobile: Mapped[bool]
    asks_email: Mapped[bool]


class Subscription(Base):
    __tablename__ = "subscriptions_subscription"
    id: Mapped[int] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime | None]


class Line(Base):
    __tablename__ = "orders_orderline"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders_order.id"))
    seller_id: Mapped[int]
    offer_id: Mapped[int] = mapped_column(ForeignKey("catalog_offer.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("catalog_product.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscriptions_subscription.id"))
    charging_mode: Mapped[str]
    period_type: Mapped[str]
    period_number: Mapped[int]
    quantity: Mapped[int]
    amount_minor: Mapped[int]
    sku_code: Mapped[str]
    linear: Mapped[bool]
    product_name: Mapped[str]
    spec_name: Mapped[str]
    values: Mapped[list[dict[str, str]]]
    extend_params: Mapped[list[dict[str, str]]]
    order: Mapped[Order] = relationship()
    offer: Mapped[Offer] = relationship()
    product: Mapped[Product] = relationship()
    subscription: Mapped[Subscription | None] = relationship()


engine = create_async_engine(os.environ["BENCH_DATABASE"].replace("postgresql://", "postgresql+asyncpg://"))
sessions = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI(openapi_url=None)


async def session() -> Any:
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


async def caller(request: Request, database: Session) -> int:
    """Return the seller whose access key signed the request."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
    signed = Signed(request.method, str(request.url), headers, await request.body())
    try:
        now = datetime.now(UTC)
        key = await database.scalar(
            select(AccessKey)
            .where(AccessKey.access_key == read_authorization(signed.header("Authorization")).access)
            .where(or_(AccessKey.valid_until.is_(None), AccessKey.valid_until > now))
        )
        verify(signed, sk=opened(key.sealed) if key else "", now=now)
    except SignatureRefused as refused:
        raise HTTPException(401, refused.detail) from None
    if key is None:
        raise HTTPException(401)
    return key.seller_id


@app.get(wire.PATH)
async def order_query(
    orderId: str,  # noqa: N803  # as on the wire
    seller: Annotated[int, Depends(caller)],
    database: Session,
) -> Response:
    found = await database.scalars(
        select(Line)
        .join(Line.order)
        .where(Order.number == orderId, Line.seller_id == seller, Order.paid_at.is_not(None))
        .options(
            joinedload(Line.order).joinedload(Order.buyer),
            joinedload(Line.offer),
            joinedload(Line.product),
            joinedload(Line.subscription),
        )
        .order_by(Line.id)
    )
    lines = found.all()
    if not lines:
        raise HTTPException(401, "there is no such order of yours")
    answer = api_response(200, wire.dump_answer(order_of(lines[0].order, list(lines))))
    return Response(answer.body, answer.status, dict(answer.headers))


@lru_cache
def opened(sealed: str) -> str:
    return unseal(sealed)


def order_of(order: Order, lines: list[Line]) -> wire.OrderInfo:
    buyer = order.buyer
    return wire.OrderInfo(
        order_id=order.number,
        order_type=order.order_type,
        created_at=order.placed_at,
        lines=tuple(line_of(line) for line in lines),
        buyer=wire.BuyerInfo(
            customer_id=buyer.customer_id,
            customer_name=buyer.name or f"user_{buyer.customer_id[:8]}",
            customer_real_name=buyer.company or buyer.name,
            customer_type=1 if buyer.company else 0,
            mobile_phone=buyer.phone if any(line.product.asks_mobile for line in lines) else "",
            email=buyer.email if any(line.product.asks_email for line in lines) else "",
        ),
    )


def line_of(line: Line) -> wire.OrderLine:
    amount = f"{Decimal(line.amount_minor).scaleb(-2).normalize():f}"
    names = [line.product_name, line.spec_name, *(v["value"] for v in line.values), MODES[line.charging_mode]]
    return wire.OrderLine(
        order_line_id=line.number,
        charging_mode=line.charging_mode,
        period_type=line.period_type,
        period_number=line.period_number if line.period_type else None,
        expires_at=line.subscription.expires_at if line.subscription else None,
        products=(
            wire.ProductInfo(
                product_id=line.offer.product_id,
                sku_code=line.sku_code,
                product_name=",".join(names)[:64],
                linear_value=line.quantity if line.linear else None,
            ),
        ),
        extend_params=tuple(wire.ExtendParam(name=p["name"], value=p["value"]) for p in line.extend_params),
        currency=amount,
        currency_after_discount=amount,
    )


def main() -> None:
    end_with_parent()
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, loop="uvloop")


if __name__ == "__main__":
    main()
