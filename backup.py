"""The whole database into another, or into one sealed file and back, never whole in memory.

A file is MAGIC, a salt and a mark that tells the key, then frames: whether it is the last, its
length, and so many bytes under AES-GCM, whose key scrypt makes of the owner's password. A frame's
place is its nonce, so that none can be left out, moved, or be of another file.
"""

import hmac
import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import IO, Any, NamedTuple
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Table, delete, func, insert, select, update

from alarm_rows import ACTIVE, PAUSED, Firing, told_row
from bot import UserError
from db import STORED, Db, Push
from order_rows import LIVING, PENDING, STUCK, UNSURE
from orders import BUY, LIVE, PAPER
from schema import (
    MIGRATIONS,
    Money,
    alarms,
    firings,
    intents,
    pushes,
    tokens,
    traders,
    updates,
    users,
)
from schema import notes as notes_table
from vault import derived

MAGIC, SALT, MARK, TAG = b"dort5bot backup 1\n", 16, 16, 16
FRAME, HEAD = 1 << 16, struct.Struct(">BI")
SENT, FETCHED = 50 * 2**20, 20 * 2**20
SUFFIX, LAST, RESTORED = ".d5b", "backup", "restored"
DAY_BEGINS = timedelta(hours=4)

NO_BACKUP = ("Bu bir dort5bot yedeği değil.", "This is no backup of dort5bot.")
OTHER_KEY = (
    "Yedek bu MASTER_KEY ile açılmıyor: başka bir anahtarla yapılmış.",
    "The backup does not open with this MASTER_KEY: it was made with another.",
)
CUT_OFF = (
    "Yedek yarım: dosyanın sonu eksik. Yeniden indirin.",
    "The backup is cut off: the file's end is missing. Download it again.",
)
CHANGED = (
    "Yedek bozuk: dosya yapıldıktan sonra değişmiş.",
    "The backup is damaged: the file was changed after it was made.",
)
NEWER = (
    "Yedek daha yeni bir sürümün; önce botu güncelleyin.",
    "The backup is of a newer version; update the bot first.",
)
TOO_BIG = (
    "Yedek 50 MB'ı aşıyor; Telegram bu kadarını taşımaz. KEEP_FIRINGS'i küçültün ya da "
    "veritabanını copy-db ile kopyalayın.",
    "The backup is over 50 MB, more than Telegram carries. Lower KEEP_FIRINGS, or copy the "
    "database by copy-db.",
)


class Made(NamedTuple):
    """When a backup was made (ms), how many rows it holds and how many bytes it has."""

    made: int
    rows: int
    size: int

    @property
    def name(self) -> str:
        """Return what its file is called."""
        return named(self.made)


class Restored(NamedTuple):
    """What came back: when its backup was made (ms), its rows, and what is not told again."""

    made: int
    rows: int
    untold: int


def copy(origin: str, target: str) -> int:
    """Copy every row from one database into an unused one, by their addresses; return the count.

    Both are brought to the newest version first. Raises db.Used where the target is.
    """
    source, sink = Db(origin), Db(target)
    with source.snapshot() as there, sink.filling() as here:
        count = 0
        for table in STORED:
            for rows in batches(table, there):
                here.execute(insert(table), [dict(row) for row in rows])
                count += len(rows)
        count_on(here)
    source.close()
    sink.close()
    return count


def batches(table: Table, there: Connection) -> Iterator[Sequence[Any]]:
    """Yield a table's rows, a few hundred at a time, for no table need fit in memory."""
    yield from there.execute(select(table)).mappings().partitions(500)


def count_on(here: Connection) -> None:
    """Let the numbers of new rows go on from the highest that were filled in."""
    for table in STORED:
        if here.dialect.name == "postgresql" and table.autoincrement_column is not None:
            highest = here.scalar(select(func.max(table.c.id)))
            name = f"{table.name}_id_seq"
            here.execute(select(func.setval(name, highest or 1, highest is not None)))


class Sealer:
    """Write lines of JSON to a file, compressed and sealed. Raises UserError over `most` bytes."""

    def __init__(self, file: IO[bytes], password: str, most: int) -> None:
        self._file, self._most, self._number = file, most, 0
        salt = os.urandom(SALT)
        key = derived(password, salt)
        self._head = MAGIC + salt + mark(key, salt)
        self._box, self._zip, self._waiting = AESGCM(key), zlib.compressobj(), bytearray()
        self.size = file.write(self._head)

    def add(self, line: Any) -> None:
        """Write one line; an amount of money is written as its digits."""
        plain = json.dumps(line, separators=(",", ":"), default=str).encode()
        self._waiting += self._zip.compress(plain + b"\n")
        while len(self._waiting) > FRAME:
            self._frame(FRAME)

    def end(self) -> None:
        """Write what is left."""
        self._waiting += self._zip.flush()
        while len(self._waiting) > FRAME:
            self._frame(FRAME)
        self._frame(FRAME, last=True)
        self._file.flush()

    def _frame(self, length: int, last: bool = False) -> None:
        plain = bytes(self._waiting[:length])
        del self._waiting[:length]
        head = HEAD.pack(last, len(plain) + TAG)
        sealed = self._box.encrypt(nonce(self._number), plain, self._head + head)
        self.size += self._file.write(head + sealed)
        self._number += 1
        if self.size > self._most:
            raise UserError(*TOO_BIG)


def mark(key: bytes, salt: bytes) -> bytes:
    """Return what tells a key without telling anything of it."""
    return hmac.digest(key, MAGIC + salt, "sha256")[:MARK]


def nonce(number: int) -> bytes:
    """Return the nonce of a file's frame; each file has a key of its own."""
    return number.to_bytes(12, "big")


def unsealed(file: IO[bytes], password: str) -> Iterator[bytes]:
    """Yield a file's frames as they were before they were sealed. Raises UserError."""
    head = file.read(len(MAGIC) + SALT + MARK)
    if not head.startswith(MAGIC):
        raise UserError(*NO_BACKUP)
    if len(head) < len(MAGIC) + SALT + MARK:
        raise UserError(*CUT_OFF)
    salt = head[len(MAGIC) : len(MAGIC) + SALT]
    key = derived(password, salt)
    if not hmac.compare_digest(mark(key, salt), head[-MARK:]):
        raise UserError(*OTHER_KEY)
    box, number, last = AESGCM(key), 0, 0
    while not last:
        start = file.read(HEAD.size)
        last, length = HEAD.unpack(start) if len(start) == HEAD.size else (0, 0)
        sealed = file.read(min(length, FRAME + TAG))
        if len(start) < HEAD.size or len(sealed) < length <= FRAME + TAG:
            raise UserError(*CUT_OFF)
        try:
            yield box.decrypt(nonce(number), sealed, head + start)
        except (InvalidTag, ValueError):
            raise UserError(*CHANGED) from None
        number += 1
    if file.read(1):
        raise UserError(*CHANGED)


def lines(file: IO[bytes], password: str) -> Iterator[Any]:
    """Yield what was written line by line. Raises UserError."""
    unzip, waiting = zlib.decompressobj(), b""
    for frame in unsealed(file, password):
        left = frame
        while left:
            *whole, waiting = (waiting + unzip.decompress(left, FRAME)).split(b"\n")
            yield from map(json.loads, whole)
            left = unzip.unconsumed_tail
    *whole, _ = (waiting + unzip.flush()).split(b"\n")
    yield from map(json.loads, whole)


def write(db: Db, file: IO[bytes], password: str, most: int = SENT) -> Made:
    """Write every row as it is at this instant to a file. Raises UserError over `most` bytes."""
    sealer, count, made = Sealer(file, password, most), 0, db.now()
    sealer.add({"version": len(MIGRATIONS), "made": made})
    with db.snapshot() as there:
        for table in STORED:
            columns = list(table.columns.keys())
            for rows in batches(table, there):
                values = [[row[name] for name in columns] for row in rows]
                sealer.add({"table": table.name, "columns": columns, "rows": values})
                count += len(rows)
    sealer.end()
    return Made(made, count, sealer.size)


def restore(db: Db, file: IO[bytes], password: str, zone: ZoneInfo) -> Restored:
    """Fill an unused database from a file, all of it or nothing, and let go of what is past.

    Raises UserError for a file that cannot be read, db.Used for a database that is used.
    """
    told = lines(file, password)
    first = next(told)
    if first["version"] > len(MIGRATIONS):
        raise UserError(*NEWER)
    with db.filling() as here:
        count = sum(filled(here, line) for line in told)
        for step in MIGRATIONS[first["version"] :]:
            step(here)
        count_on(here)
        untold = settle(here, first["made"], db.now(), zone)
    return Restored(first["made"], count, untold)


def filled(here: Connection, line: Any) -> int:
    """Write some rows of a table; return how many. Raises UserError for one not ours."""
    table = {one.name: one for one in STORED}.get(line["table"])
    if table is None or not set(line["columns"]) <= set(table.columns.keys()):
        raise UserError(*NEWER)
    here.execute(insert(table), [row_of(table, line["columns"], values) for values in line["rows"]])
    return len(line["rows"])


def row_of(table: Table, columns: list[str], values: list[Any]) -> dict[str, Any]:
    """Return a row with its amounts of money as numbers again."""
    kinds = [table.columns[name].type for name in columns]
    return {
        name: kind.process_result_value(value, None) if isinstance(kind, Money) else value
        for name, kind, value in zip(columns, kinds, values, strict=True)
    }


def named(made: int) -> str:
    """Return the name of the file of a backup that was made at an instant (ms)."""
    return f"dort5bot-{datetime.fromtimestamp(made / 1000, UTC):%Y%m%d-%H%M%S}{SUFFIX}"


def day(ms: int, zone: ZoneInfo) -> str:
    """Return the day whose backup is due at an instant; it begins at four in the morning."""
    return f"{datetime.fromtimestamp(ms / 1000, zone) - DAY_BEGINS:%F}"


def settle(here: Connection, made: int, now: int, zone: ZoneInfo) -> int:
    """Let go of what an old backup must not begin again, for it may have happened since.

    What was asked, what a button would confirm, and what waited to be told is over; return how
    much was not told. Orders are asked for at the exchange, and nothing follows them by itself.
    """
    here.execute(delete(tokens))
    here.execute(update(updates).where(updates.c.done.is_(None)).values(done=now, body=None))
    waiting = firings.c.delivered.is_(None) & firings.c.dropped.is_(None)
    untold = here.execute(update(firings).where(waiting).values(dropped=now)).rowcount
    zones = select(pushes, users.c.zone).join(users, users.c.id == pushes.c.user_id, isouter=True)
    for row in here.execute(zones).mappings().all():
        push = Push(**{name: row[name] for name in Push._fields})
        last, _ = push.last(now / 1000, ZoneInfo(row["zone"]) if row["zone"] else zone)
        mine = (pushes.c.user_id == push.user_id) & (pushes.c.line == push.line)
        here.execute(update(pushes).where(mine).values(day=last))
    here.execute(delete(notes_table).where(notes_table.c.name == LAST))
    here.execute(insert(notes_table).values(name=LAST, text=str(made)))
    settle_orders(here, now)
    return untold


def settle_orders(here: Connection, now: int) -> None:
    """Take live traders back to paper, tell them, and let their open orders only be asked about.

    An order that was about to be sent may have been, and what an order should protect itself with
    may be at the exchange, or sold: neither is sent again. So may what an alarm orders: it pauses.
    """
    live = intents.c.mode == LIVE
    going = live & intents.c.state.in_(LIVING)
    concerned = set(here.scalars(select(traders.c.user_id).where(traders.c.mode == LIVE)))
    concerned |= set(here.scalars(select(intents.c.user_id).where(going)))
    ordering = (alarms.c.follow != "") & (alarms.c.state == ACTIVE)
    concerned |= set(here.scalars(select(alarms.c.user_id).where(ordering)))
    here.execute(update(alarms).where(ordering).values(state=PAUSED))
    here.execute(update(traders).values(mode=PAPER, approved=None))
    asked: dict[str, Any] = {"parent": None, "after": None, "again": None, "asks": 0}
    asked["sent"] = func.coalesce(intents.c.sent, intents.c.made)
    unknown = live & intents.c.state.in_((*PENDING, STUCK))
    here.execute(update(intents).where(unknown).values(state=UNSURE, **asked))
    here.execute(update(intents).where(going, intents.c.side == BUY).values(target=None, loss=None))
    for user_id in sorted(concerned):
        told = Firing(0, user_id, user_id, "", now, None, RESTORED)
        here.execute(insert(firings).values(**told_row(told, now)))
