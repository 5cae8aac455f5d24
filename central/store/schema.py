"""The tables of the case service. `bench/judge.py` reads these names by plain SQL.

Moments are RFC 3339 text with an offset and microseconds. JSON columns hold JSON text. A partial
unique index, not a rule in code, keeps a window (窗口) from having two open visits or two tellers.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Engine

metadata = MetaData()

fact = Table(  # 设备记录. The writer stamps `stored_at` just before COMMIT: leave it out.
    "fact",
    metadata,
    Column("cursor", Integer, primary_key=True),
    Column("terminal", Text),
    Column("epoch", Text),
    Column("sequence", Integer),
    Column("id", Text),
    Column("type", Text),
    Column("device", Text),
    Column("time", Text),
    Column("visit", Text),
    Column("stored_at", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("envelope", LargeBinary, nullable=False),
    UniqueConstraint("terminal", "epoch", "sequence"),
    UniqueConstraint("id"),
    Index("fact_state", "state", "cursor"),
    Index("fact_terminal", "terminal", "cursor"),
    sqlite_autoincrement=True,
)
Index("fact_unstamped", fact.c.cursor, sqlite_where=fact.c.stored_at.is_(None))

line = Table(  # what has been receipted per outbox
    "line",
    metadata,
    Column("terminal", Text),
    Column("epoch", Text),
    Column("committed", Integer, nullable=False),
    Column("highest", Integer, nullable=False),
    PrimaryKeyConstraint("terminal", "epoch"),
)

terminal = Table(  # 窗口终端
    "terminal",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("window", Integer),
    Column("state", Text),
    Column("about", Text),
    Column("seen_at", Text),
)

terminal_status = Table(  # what its `state` and `health` say besides the state itself
    "terminal_status",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("epoch", Text),
    Column("boot", Text),
    Column("since", Text),
    Column("able", Text, nullable=False, server_default="[]"),
    Column("why", Text),
    Column("health", Text),
    Column("health_at", Text),
)

reserve = Table(  # 预留号段: blocks of numbers that a terminal may give out by itself
    "reserve",
    metadata,
    Column("terminal", Text),
    Column("epoch", Text),
    Column("day", Text),
    Column("lane", Text),
    Column("first", Integer),
    Column("last", Integer, nullable=False),
    Column("used", Integer, nullable=False, server_default="0"),
    Column("order_id", Text, nullable=False),
    PrimaryKeyConstraint("terminal", "epoch", "day", "lane", "first"),
)

configured = Table(  # what each terminal was last told to work with alone
    "configured",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("epoch", Text, nullable=False),
    Column("catalogue_version", Text, nullable=False),
    Column("window", Integer),
    Column("order_id", Text, nullable=False),
)

device = Table(  # the retained `device/{device}` of each terminal
    "device",
    metadata,
    Column("terminal", Text),
    Column("device", Text),
    Column("status", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    PrimaryKeyConstraint("terminal", "device"),
)

counter = Table(  # the last number of each hall, day and lane
    "counter",
    metadata,
    Column("site", Text),
    Column("day", Text),
    Column("lane", Text),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("site", "day", "lane"),
)

ticket = Table(  # 号票
    "ticket",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("terminal", Text),
    Column("issued_at", Text, nullable=False),
    Column("presented_at", Text),
    UniqueConstraint("site", "day", "lane", "number"),
    Index("ticket_queue", "site", "day", "state", "issued_at"),
)

session = Table(  # 签到
    "session",
    metadata,
    Column("id", Text, primary_key=True),
    Column("terminal", Text, nullable=False),
    Column("teller", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("closed_at", Text),
)
Index("session_open", session.c.terminal, unique=True, sqlite_where=text("state = 'OPEN'"))

visit = Table(  # 本次服务
    "visit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("terminal", Text, nullable=False),
    Column("ticket_id", Text, ForeignKey("ticket.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("closed_at", Text),
    Column("notes", Text, nullable=False, server_default="[]"),
)
Index("visit_open", visit.c.terminal, unique=True, sqlite_where=text("state = 'OPEN'"))

local_visit = Table(  # visits that a terminal opened by itself, and what was wanted there
    "local_visit",
    metadata,
    Column("visit", Text, ForeignKey("visit.id"), primary_key=True),
    Column("item_code", Text),
    Column("case_id", Text, ForeignKey("case_file.id")),
)

left_card = Table(  # 遗留卡登记
    "left_card",
    metadata,
    Column("fact_id", Text, primary_key=True),
    Column("terminal", Text, nullable=False),
    Column("visit", Text),
    Column("slot", Text, nullable=False),
    Column("left_at", Text, nullable=False),
    Column("removed_at", Text),
    Column("removed_by", Text),
)
Index("left_card_open", left_card.c.terminal, sqlite_where=text("removed_at IS NULL"))

tray = Table(  # personal facts that wait in the visit, by their masks only
    "tray",
    metadata,
    Column("fact_id", Text, primary_key=True),
    Column("visit", Text, ForeignKey("visit.id"), nullable=False),
    Column("type", Text, nullable=False),
    Column("masked", Text, nullable=False),
    Column("case_id", Text, ForeignKey("case_file.id")),
    Column("party", Text),
    Index("tray_visit", "visit"),
)

case_file = Table(  # 办件
    "case_file",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("visit", Text, ForeignKey("visit.id"), nullable=False),
    Column("item_code", Text, nullable=False),
    Column("item_name", Text, nullable=False),
    Column("catalogue_version", Text, nullable=False),
    Column("risk", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("applicant_fact", Text, nullable=False),
    Column("clock_started_at", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Index("case_file_visit", "visit"),
)

case_event = Table(  # 办理流程
    "case_event",
    metadata,
    Column("case_id", Text, ForeignKey("case_file.id")),
    Column("n", Integer),
    Column("at", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("by", Text, nullable=False),
    PrimaryKeyConstraint("case_id", "n"),
)

rating = Table(  # 评价, 一次一评: one per visit
    "rating",
    metadata,
    Column("id", Text, primary_key=True),
    Column("visit", Text, ForeignKey("visit.id"), nullable=False, unique=True),
    Column("request", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("level", Integer),
    Column("first_level", Integer),
    Column("offered_at", Text, nullable=False),
    Column("rated_at", Text),
)

read_back = Table(  # 核对: each time an application was shown to the citizen, and the answer
    "read_back",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("order_id", Text, nullable=False, unique=True),
    Column("visit", Text, ForeignKey("visit.id"), nullable=False),
    Column("case_id", Text, ForeignKey("case_file.id"), nullable=False),
    Column("sheet", Text, nullable=False),
    Column("sign", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("answered_at", Text),
    Column("disputed", Text, nullable=False, server_default="[]"),
    Column("reason", Text),
    Column("signed_at", Text),
    Column("picture", Text),
    Index("read_back_visit", "visit"),
    Index("read_back_case", "case_id"),
    sqlite_autoincrement=True,
)

slip = Table(  # 号票, 回执: what was ordered from a printer, and what became of it
    "slip",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("terminal", Text, nullable=False),
    Column("visit", Text, ForeignKey("visit.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("case_number", Text),
    Column("order_id", Text, nullable=False),
    Column("ordered_at", Text, nullable=False),
    Column("verdict", Text),
    Column("told_at", Text),
    Column("voided_by", Text),
    Index("slip_visit", "visit"),
    sqlite_autoincrement=True,
)

check_code = Table(  # 校验码: by which anybody sees that a printed sheet is real
    "check_code",
    metadata,
    Column("code", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("case_file.id"), nullable=False, unique=True),
    Column("made_at", Text, nullable=False),
)

shown_service = Table(  # 三亮明: whom each terminal's screen was last told to show
    "shown_service",
    metadata,
    Column("terminal", Text, primary_key=True),
    Column("session", Text),
    Column("boot", Text),
    Column("order_id", Text, nullable=False),
)

order_outbox = Table(  # orders on their way to a terminal
    "order_outbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("terminal", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("visit", Text),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="pending"),
    Column("answer", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
)
Index("order_pending", order_outbox.c.created_at, sqlite_where=text("state = 'pending'"))

command = Table(  # each carried-out command with its answer. The writer stamps `stored_at`.
    "command",
    metadata,
    Column("key", Text, primary_key=True),
    Column("principal", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("request_hash", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", Text, nullable=False),
    Column("stored_at", Text),
)
Index("command_unstamped", command.c.key, sqlite_where=command.c.stored_at.is_(None))

audit = Table(  # 审计: rows are only ever added
    "audit",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_autoincrement=True,
)


def create_all(engine: Engine) -> None:
    """Make the tables that are not there yet; existing ones are left as they are."""
    metadata.create_all(engine)
