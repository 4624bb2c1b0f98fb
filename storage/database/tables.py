"""The tables jobs, ledger, intents and deliveries.

Times are unix seconds. Requests, clips and failures are stored as the codec's JSON.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("status", String(16), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("request", Text, nullable=False),
    Column("front", String(32), nullable=False),
    Column("guild", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("token_expires", Float, nullable=False),
    Column("application", String(64), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("cost", Integer, nullable=False),
    Column("saved", Integer, nullable=False),
    Column("size_limit", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("dispatched", Float, nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float, nullable=False),
    Column("delivered", Float, nullable=False),
    Column("cached", Boolean, nullable=False),
    Column("forgotten", Boolean, nullable=False),
    Column("parent", String(64), nullable=False),
    Column("kind", String(200), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("clip", Text),
    Column("failure", Text),
    Index(None, "status"),
    Index(None, "fingerprint", "ended"),
    Index(None, "owner", "status"),
    Index(None, "front", "channel", "message"),
    Index(None, "kind", "ended"),
)

# Credits that were reserved (+), settled (0: the reservation stands) or refunded (-).
# day is that of the reservation, so that a refund counts for the same day.
ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("job", String(64), ForeignKey("jobs.id"), nullable=False),
    Column("entry", String(16), nullable=False),
    Column("credits", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("at", Float, nullable=False),
    UniqueConstraint("job", "entry"),
    Index(None, "owner", "day"),
)

# Orders that were begun; pictures are blob keys with spaces between.
intents = Table(
    "intents",
    metadata,
    Column("id", String(100), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("locale", String(16), nullable=False),
    Column("front", String(32), nullable=False),
    Column("guild", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("token_expires", Float, nullable=False),
    Column("application", String(64), nullable=False),
    Column("process", String(32), nullable=False),
    Column("target", String(64), nullable=False),
    Column("begun", Float, nullable=False),
    Column("told", Float, nullable=False),
    Column("pictures", Text, nullable=False),
)

# A job has a row where a new message was about to be sent, a way was closed, or its outcome waits
# (since `waiting`, 0.0 otherwise) until the owner fetches it.
deliveries = Table(
    "deliveries",
    metadata,
    Column("job", String(64), ForeignKey("jobs.id"), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("state", Text, nullable=False),
    Column("waiting", Float, nullable=False),
    Column("told", Float, nullable=False),
    Index(None, "owner", "waiting"),
)
