"""The tables of jobs, owners and their queues, days, servers, ledger, intents, lives and more.

Times are unix seconds. Requests, clips and failures are stored as the codec's JSON. Partial
indexes hold the few rows that are looked at every few seconds; a query uses one only if it states
the index's condition word for word, so the conditions are constants here.
"""

from __future__ import annotations

from typing import Any

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
    TextClause,
    UniqueConstraint,
    false,
    text,
)

UNFINISHED = text("status IN ('queued', 'running')")
WAITING = text("status = 'queued' AND dispatched = 0")
IN_FLIGHT = text("status IN ('queued', 'running') AND dispatched > 0")
UNDELIVERED = text("status IN ('done', 'failed', 'cancelled') AND delivered = 0 AND NOT forgotten")
MADE = text("status = 'done' AND NOT cached")
CLIPS = text("status = 'done' AND NOT forgotten")
UNBILLED = text("status = 'done' AND NOT cached AND NOT billed AND worker IS NOT NULL")
KEPT = text("status IN ('done', 'failed', 'cancelled') AND delivered > 0 AND NOT forgotten")
HAS_TOKEN = text("token <> ''")
SHOWN = text("delivered = 0 AND NOT forgotten")
HAS_WAITING = text("waiting > 0")
HAS_PARENT = text("parent <> ''")

BILLED = ("start_seconds", "idle_seconds", "money")
"""The columns of a clip's bill, and of their sums."""

EVERYWHERE = "*"
"""The scope of the whole service's sums; Discord's ids of servers are numbers."""
USAGE = (
    *("done", "failed", "cancelled", "cached", "credits", "refunded", "saved"),
    *("seconds", *BILLED),
)
"""The columns of sums over ended orders."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


BLOB_KEYS = ("picture", "clip_blob", "clip_poster", "source", "end_picture")
"""The columns of jobs that name blobs."""


def _partial(name: str, *columns: str, where: TextClause) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def _totals() -> list[Column[Any]]:
    """Return the columns of sums over jobs; see storage.database.totals."""
    counts = ("queued", "running", "done", "failed", "cancelled", "cached", "credits", "saved")
    return [
        *(Column(name, BigInteger, nullable=False) for name in counts),
        Column("seconds", Float, nullable=False),
        *(Column(name, Float, nullable=False, server_default="0") for name in BILLED),
    ]


# picture, end_picture, source, clip_blob and clip_poster are the keys in request and clip; NULL
# once it is forgotten.
# returned is what was refunded of the cost, beside that of a job that failed or was cancelled.
# worker made the clip; billed tells whether its share of that worker's life is known. holder is the
# bot that edits the job's message and delivers its outcome.
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
    Column("returned", Integer, nullable=False, server_default="0"),
    Column("size_limit", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("losses", Integer, nullable=False, server_default="0"),
    Column("created", Float, nullable=False),
    Column("dispatched", Float, nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float, nullable=False),
    Column("delivered", Float, nullable=False),
    Column("cached", Boolean, nullable=False),
    Column("forgotten", Boolean, nullable=False),
    Column("parent", String(64), nullable=False),
    Column("kind", String(200), nullable=False),
    Column("model", String(200), nullable=False, server_default=""),
    Column("seconds", Float, nullable=False),
    Column("clip", Text),
    Column("failure", Text),
    Column("picture", String(64)),
    Column("clip_blob", String(64)),
    Column("clip_poster", String(64)),
    Column("source", String(64)),
    Column("end_picture", String(64)),
    Column("worker", Text),
    Column("billed", Boolean, nullable=False, server_default=false()),
    Column("holder", String(32), nullable=False, server_default=""),
    *(Column(name, Float, nullable=False, server_default="0") for name in BILLED),
    Index(None, "created"),
    Index(None, "owner", "created"),
    Index(None, "fingerprint", "ended"),
    Index(None, "front", "channel", "message"),
    _partial("ix_jobs_waiting", "owner", "model", "created", "id", where=WAITING),
    _partial("ix_jobs_in_flight", "owner", "dispatched", where=IN_FLIGHT),
    _partial("ix_jobs_undelivered", "created", "id", where=UNDELIVERED),
    _partial("ix_jobs_made", "kind", "ended", where=MADE),
    _partial("ix_jobs_clips", "owner", "ended", where=CLIPS),
    _partial("ix_jobs_unbilled", "worker", where=UNBILLED),
    _partial("ix_jobs_kept", "ended", where=KEPT),
    _partial("ix_jobs_kept_in", "guild", "ended", where=KEPT),
    _partial("ix_jobs_kept_by", "guild", "owner", where=KEPT),
    _partial("ix_jobs_has_token", "token_expires", where=HAS_TOKEN),
    _partial("ix_jobs_holder", "holder", where=SHOWN),
    _partial("ix_jobs_parent", "parent", where=HAS_PARENT),
    *(_partial(f"ix_jobs_{name}", name, where=text(f"{name} IS NOT NULL")) for name in BLOB_KEYS),
)

# One row a person who ever ordered: their latest order, and sums over their jobs.
owners = Table(
    "owners",
    metadata,
    Column("owner", String(100), primary_key=True),
    Column("latest", Float, nullable=False),
    *_totals(),
    Index(None, "latest"),
)

# One row a person and model that they ever ordered from, whose orders are a queue of their own.
# waiting and active count the jobs that are not, or are, dispatched. head is the oldest waiting
# job. served is when one of the ended jobs was last dispatched. turn is when their turn came: the
# later of the last dispatch and of head's creation.
owner_queues = Table(
    "owner_queues",
    metadata,
    Column("owner", String(100), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("waiting", Integer, nullable=False),
    Column("active", Integer, nullable=False),
    Column("head_created", Float, nullable=False),
    Column("served", Float, nullable=False),
    Column("turn", Float, nullable=False),
    _partial("ix_owner_queues_turn", "model", "active", "turn", "owner", where=HAS_WAITING),
)

# One row a day (counted from 1970 in UTC) with sums over the jobs that were ordered then.
days = Table(
    "days", metadata, Column("day", Integer, primary_key=True, autoincrement=False), *_totals()
)

# One row a server, day (of the order), person and model with sums over ended orders; scope is empty
# outside of servers. The same again for the whole service in the scope EVERYWHERE, where the
# subjects are the servers.
usage_days = Table(
    "usage_days",
    metadata,
    Column("scope", String(64), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(100), primary_key=True),
    Column("model", String(200), primary_key=True),
    *(
        Column(name, Float if name in ("seconds", *BILLED) else BigInteger, nullable=False)
        for name in USAGE
    ),
    Index(None, "subject", "day"),
)

# Beside them, counts of ended orders by the key of their failure, and by the bucket of the time
# that they waited.
usage_counts = Table(
    "usage_counts",
    metadata,
    Column("scope", String(64), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

# Credits that were reserved (+), reduced (-: a part), settled (0: what is reserved stands) or
# refunded (-: all of it).
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

# Orders that were begun; pictures are blob keys with spaces between. ended is when an order was
# placed, refused or told, 0.0 before; the row stays for a while, so that a repeated event is known.
begun_orders = Table(
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
    Column("ended", Float, nullable=False),
    Index(None, "ended"),
    Index(None, "owner"),
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

# Workers from their start to their end (seen, once ended). money is the price of all of it. charged
# is what of it was shared out among clips. Prices are those of the time at which it was seen.
lives = Table(
    "lives",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("worker", Text, nullable=False),
    Column("offer", String(100), nullable=False),
    Column("model", String(100), nullable=False, server_default=""),
    Column("started", Float, nullable=False),
    Column("ready", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("money", Float, nullable=False),
    Column("charged_seconds", Float, nullable=False),
    Column("charged_start", Float, nullable=False),
    Column("charged_money", Float, nullable=False),
    Index(None, "started"),
    Index(None, "model", "started"),
)

# The bots that run, each with a count that it raises every few seconds.
bots = Table(
    "bots",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("beats", BigInteger, nullable=False),
)

# What the bots have decided together, so that each of them goes on from the same.
decisions = Table(
    "decisions",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# The styles that people have uploaded; file is a blob's key.
styles = Table(
    "styles",
    metadata,
    Column("owner", String(100), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("file", String(64), nullable=False),
    Column("created", Float, nullable=False),
    Index(None, "file"),
)

# What the managers of a server have set for it; the operators' policy is that of the empty id.
servers = Table(
    "servers",
    metadata,
    Column("guild", String(64), primary_key=True),
    Column("policy", Text, nullable=False),
)

# Who changed which settings, moderated what, or was refused; rows are added, and go once they are
# old.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("guild", String(64), nullable=False),
    Column("at", Float, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "guild", "id"),
    Index(None, "actor"),
    Index(None, "subject"),
)

# The people who asked to be forgotten, until nothing of them is left.
erasures = Table(
    "erasures",
    metadata,
    Column("owner", String(100), primary_key=True),
    Column("asked", Float, nullable=False),
)

# What deleted jobs left in the blob store, in Redis and in channels; see
# storage.domain.privacy.leftover. It is deleted there from `due` on.
leftovers = Table(
    "leftovers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(100), nullable=False),
    Column("place", String(200), nullable=False),
    Column("front", String(32), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", Float, nullable=False),
    Index(None, "kind", "due"),
)

# Messages about jobs beside their answers: copies of clips, and reports to moderators.
posts = Table(
    "posts",
    metadata,
    Column("job", String(64), ForeignKey("jobs.id"), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("message", String(64), primary_key=True),
    Column("front", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
)

# When each person's export began that is being made (0.0 where none is), and how many they had on
# the day of the latest.
exports = Table(
    "exports",
    metadata,
    Column("owner", String(100), primary_key=True),
    Column("day", Integer, nullable=False),
    Column("made", Integer, nullable=False),
    Column("running", Float, nullable=False),
)

# Messages, channels, members and servers that are gone from Discord, whose data goes from `due` on.
departures = Table(
    "departures",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("place", String(64), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("due", Float, nullable=False),
    Index(None, "due"),
    Index(None, "name"),
)

# The servers in which the bot was seen.
guilds_seen = Table("guilds_seen", metadata, Column("guild", String(64), primary_key=True))
