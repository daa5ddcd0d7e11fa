"""The self test: what may be wrong with a bot, looked at now, each with a sentence what to do."""

import html
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import requests
from telebot.apihelper import ApiException

import backup
import drill
from bot import Ctx
from incidents import OFF, stuck
from vault import VaultError, unseal

log = logging.getLogger("dort5bot")

WELL, DOUBT, BAD = "✅", "⚠️", "❌"
DEADLINE, PATIENCE = 12.0, 10.0
FULL, TIGHT, DAY = 100_000_000, 500_000_000, 86_400_000
SLOW_ROWS, SLOW_ANSWER = 0.5, 10.0
MEMORY = ("tmpfs", "ramfs", "overlay")
MOUNTS, REPLIT = Path("/proc/mounts"), Path("/home/runner/workspace")
PROBE = "checkup"
CLOSED = {
    "region": (
        "bu bölgeye kapalı (451); botu başka bölgede çalıştırın.",
        "closed to this region (451); run the bot in another one.",
    ),
    "blocked": (
        "erişimi kesti (403); birkaç dakika bekleyin, geçmezse IP'yi değiştirin.",
        "blocks this address (403); wait some minutes, else change the IP.",
    ),
    "banned": (
        "çok istekten yasakladı (418); bekleyin, aynı IP'de başka bot varsa durdurun.",
        "has banned this address (418); wait, and stop other bots on the same IP.",
    ),
    "limited": ("bekletiyor (429); kendiliğinden geçer.", "says wait (429); it passes by itself."),
}
DOWN = (
    "yanıt vermiyor; ağınıza ve borsanın duyurularına bakın.",
    "does not answer; see your network and the exchange's news.",
)

Line = tuple[str, str]
Check = Callable[[Ctx], Iterator[Line]]


def clock(ctx: Ctx) -> Iterator[Line]:
    """Compare the clock with the exchange's."""
    offset = ctx.sources.set_clock()
    told = ctx.num(offset, 2, sign=True)
    if abs(offset) <= OFF:
        yield WELL, ctx.t(f"Saat: borsaya göre {told} sn", f"Clock: {told} s by the exchange's")
    else:
        yield (
            BAD,
            ctx.t(
                f"Saat borsadan {told} sn farklı; makinenin saatini ağdan ayarlayın (NTP).",
                f"The clock is off by {told} s; set the machine's from the network (NTP).",
            ),
        )


def hosts(ctx: Ctx) -> Iterator[Line]:
    """Tell each market's state, as it was last seen."""
    rows = ctx.sources.report()["hosts"]
    well = ", ".join(row["name"] for row in rows if row["state"] == "ok")
    if well:
        yield WELL, ctx.t(f"Sorunsuz kaynaklar: {well}", f"No trouble with: {well}")
    for row in rows:
        if row["state"] != "ok":
            light = DOUBT if row["state"] == "limited" else BAD
            yield light, f"{row['name']} {ctx.t(*CLOSED.get(row['state'], DOWN))}"


def telegram(ctx: Ctx) -> Iterator[Line]:
    """Ask Telegram who we are, and whether a webhook keeps us from polling."""
    if ctx.telegram is None:
        yield DOUBT, ctx.t("Telegram: bu tek yanıtta bağlı değil.", "Telegram: not in this answer.")
        return
    begun, api = time.monotonic(), ctx.telegram.api
    try:
        name, hook = api.get_me().username, api.get_webhook_info().url
    except (ApiException, requests.RequestException) as error:
        what = type(error).__name__
        yield (
            BAD,
            ctx.t(
                f"Telegram'a ulaşılamadı ({what}); ağa ve TELEGRAM_API_URL'ye bakın.",
                f"Telegram cannot be reached ({what}); see the network and TELEGRAM_API_URL.",
            ),
        )
        return
    took = ctx.num(time.monotonic() - begun, 1)
    said = ctx.t(f"{took} sn'de yanıtladı", f"answered in {took} s")
    yield WELL, f"Telegram: @{html.escape(str(name))} {said}"
    if hook:
        yield (
            BAD,
            ctx.t(
                "Bir webhook kurulu; onu kuran programı durdurun, bot onu kaldırır.",
                "A webhook is set; stop the program that sets it, the bot takes it away.",
            ),
        )
    else:
        yield WELL, ctx.t("Webhook yok", "No webhook is set")


def rival(ctx: Ctx) -> Iterator[Line]:
    """Tell whether another program polls with the same token."""
    if ctx.telegram and ctx.telegram.rival.there(ctx.now / 1000):
        yield (
            BAD,
            ctx.t(
                "Aynı anahtarla başka bir program da okuyor; onu durdurun ya da BotFather'dan "
                "yeni anahtar alın.",
                "Another program polls with the same token; stop it, or get a new token from "
                "BotFather.",
            ),
        )
    elif ctx.telegram:
        yield WELL, ctx.t("İkinci bir okuyucu görülmedi", "No second poller was seen")


def key(ctx: Ctx) -> Iterator[Line]:
    """Ask the exchange what the asking admin's key may do."""
    kept, master = ctx.db.orders.key(ctx.user.id), ctx.config.master_key.reveal()
    if kept is None:
        yield WELL, ctx.t("Borsa anahtarınız kayıtlı değil", "No key of yours is kept")
        return
    try:
        pair = unseal(kept.sealed, ctx.user.id, master)
    except VaultError:
        yield (
            BAD,
            ctx.t(
                "Borsa anahtarınız bu MASTER_KEY ile açılmıyor; /apikey ile yeniden verin.",
                "Your key cannot be opened with this MASTER_KEY; give it again by /apikey.",
            ),
        )
        return
    withdraws, trades = ctx.desk.accounts.spot(pair).rights()
    if withdraws:
        yield (
            BAD,
            ctx.t(
                "Borsa anahtarınız para çekebiliyor; borsada bu yetkiyi hemen kaldırın.",
                "Your key may withdraw; take that right away at the exchange now.",
            ),
        )
    elif trades:
        yield WELL, ctx.t("Borsa anahtarı: işlem yapar, çekemez", "Key: trades, cannot withdraw")
    else:
        yield (
            DOUBT,
            ctx.t(
                "Borsa anahtarınız işlem yapamıyor; canlı işlem için borsada spot iznini açın.",
                "Your key may not trade; to trade live allow spot trading at the exchange.",
            ),
        )


def master(ctx: Ctx) -> Iterator[Line]:
    """Tell whether keys and backups can be sealed."""
    if ctx.config.master_key:
        yield WELL, ctx.t("MASTER_KEY ayarlı", "MASTER_KEY is set")
    else:
        yield (
            DOUBT,
            ctx.t(
                "MASTER_KEY yok: yedek alınmaz, anahtar saklanmaz; ayarlayın.",
                "No MASTER_KEY: no backup is made, no key is kept; set it.",
            ),
        )


def folder(ctx: Ctx) -> Iterator[Line]:
    """Write into the data folder, and see how much room it has and whether it lasts."""
    place = Path(ctx.config.data_dir).absolute()
    try:
        with TemporaryFile(dir=place) as file:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(place).free
    except OSError as error:
        why = html.escape(error.strerror or type(error).__name__)
        yield (
            BAD,
            ctx.t(
                f"DATA_DIR'e yazılamıyor ({why}); izinlere ve diske bakın.",
                f"DATA_DIR cannot be written to ({why}); see its permissions and the disk.",
            ),
        )
        return
    yield WELL, ctx.t("DATA_DIR yazılabilir", "DATA_DIR can be written to")
    left = f"{ctx.num(free / 1e9, 1)} GB"
    if free >= TIGHT:
        yield WELL, ctx.t(f"Boş disk: {left}", f"Free disk: {left}")
    else:
        light = BAD if free < FULL else DOUBT
        yield light, ctx.t(f"Disk doluyor: {left}; yer açın.", f"Only {left} free; make room.")
    yield lasting(ctx, place)


def lasting(ctx: Ctx, place: Path) -> Line:
    """Tell whether rows outlive a new start of the machine."""
    if ctx.config.database_url:
        return WELL, ctx.t("Veritabanı DATABASE_URL'de", "The database is at DATABASE_URL")
    rented = bool(ctx.config.external_url) or REPLIT.is_dir()
    if not rented and kind_of(place) not in MEMORY:
        return WELL, ctx.t("Veritabanı kalıcı diskte", "The database is on a disk that lasts")
    return DOUBT, ctx.t(
        "Bu disk yeniden başlatmada silinebilir; DATABASE_URL verin ya da MASTER_KEY ile "
        "günlük yedeği açın.",
        "This disk may be wiped by a new start; set DATABASE_URL, or MASTER_KEY for daily backups.",
    )


def kind_of(place: Path) -> str:
    """Return the kind of file system a folder is on, "" where the system does not tell."""
    if not MOUNTS.exists():
        return ""
    rows = [line.split() for line in MOUNTS.read_text("utf-8", "replace").splitlines()]
    over = [(len(row[1]), row[2]) for row in rows if len(row) > 2 and place.is_relative_to(row[1])]
    return max(over, default=(0, ""))[1]


def database(ctx: Ctx) -> Iterator[Line]:
    """Write a note and read it."""
    begun, word = time.monotonic(), str(ctx.now)
    ctx.db.keep_note(PROBE, word)
    same, took = ctx.db.note(PROBE) == word, time.monotonic() - begun
    kind = "SQLite" if ctx.config.database.startswith("sqlite") else "PostgreSQL"
    told = f"{kind}, {ctx.num(1000 * took, 0)} ms"
    if not same:
        yield (
            BAD,
            ctx.t(
                f"Veritabanı ({told}) yazılanı geri vermedi; başka bir bot da mı yazıyor?",
                f"The database ({told}) gave back another row; does another bot write too?",
            ),
        )
    elif took > SLOW_ROWS:
        yield (
            DOUBT,
            ctx.t(
                f"Veritabanı yavaş: {told}; bota yakın bir yere taşıyın.",
                f"The database is slow: {told}; bring it nearer to the bot.",
            ),
        )
    else:
        yield WELL, ctx.t(f"Veritabanı: {told}", f"Database: {told}")


def lease(ctx: Ctx) -> Iterator[Line]:
    """Tell whether this instance is the one that acts."""
    held = getattr(ctx.workers.halt, "lease", None)
    if held is None:
        yield WELL, ctx.t("Tek başına çalışıyor", "Runs alone")
    elif ctx.workers.halt.is_set():
        yield (
            BAD,
            ctx.t(
                "Sıra başka bir kopyada; bu kopya durmak üzere.",
                "Another instance acts now; this one is about to stop.",
            ),
        )
    elif held.wanted:
        yield DOUBT, ctx.t("Başka bir kopya sıra istiyor", "Another instance asks to act")
    else:
        who = html.escape(held.label)
        yield WELL, ctx.t(f"İş bu kopyada: {who}", f"This instance acts: {who}")


def jobs(ctx: Ctx) -> Iterator[Line]:
    """Tell which jobs are late, and which failed last."""
    rows = ctx.workers.report()
    late = ", ".join(row["name"] for row in rows if not row["ok"])
    failed = ", ".join(row["name"] for row in rows if row["ok"] and row["last_error"])
    if late:
        yield (
            BAD,
            ctx.t(
                f"Geciken işler: {late}; ayrıntı /ts, geçmezse yeniden başlatın.",
                f"Late jobs: {late}; see /ts, and start anew if it lasts.",
            ),
        )
    if failed:
        yield (
            DOUBT,
            ctx.t(f"Son çalışması hatalı: {failed}; ayrıntı /ts", f"Failed: {failed}; see /ts"),
        )
    if not late and not failed:
        yield WELL, ctx.t(f"{len(rows)} iş zamanında", f"{len(rows)} jobs are in time")


def outbox(ctx: Ctx) -> Iterator[Line]:
    """Tell what waits to be sent."""
    waiting = ctx.db.alarms.outbox()
    behind = sum(stuck(one, ctx.now) for one in waiting)
    if behind:
        yield (
            BAD,
            ctx.t(
                f"{behind} ileti on dakikadır gidemiyor; Telegram'a ve engelleyenlere bakın.",
                f"{behind} messages wait for ten minutes; see Telegram and who blocks the bot.",
            ),
        )
    else:
        n = len(waiting)
        yield WELL, ctx.t(f"Gönderilmeyi bekleyen: {n}", f"Waiting to be sent: {n}")


def pool(ctx: Ctx) -> Iterator[Line]:
    """Let a process add two numbers."""
    begun = time.monotonic()
    done = ctx.workers.pool.submit(sum, (1, 2)).result(PATIENCE) == 3
    took = ctx.num(time.monotonic() - begun, 1)
    if done:
        yield WELL, ctx.t(f"Hesap süreci {took} sn'de yanıtladı", f"A process answered in {took} s")
    else:
        yield BAD, ctx.t("Hesap süreci yanlış saydı; yeniden başlatın.", "A process counts wrong.")


def waited(ctx: Ctx) -> Iterator[Line]:
    """Tell how long the message waited before its answer was begun."""
    if ctx.asked is None:
        return
    seconds = max(0.0, (ctx.now - ctx.asked) / 1000)
    told = ctx.num(seconds, 0)
    if seconds > SLOW_ANSWER:
        yield (
            DOUBT,
            ctx.t(
                f"İletiniz {told} sn bekledi; bot yeni uyandıysa olağan, değilse /ts'e bakın.",
                f"Your message waited {told} s: usual for a bot that just woke, else see /ts.",
            ),
        )
    else:
        yield WELL, ctx.t(f"İletiniz {told} sn bekledi", f"Your message waited {told} s")


def kept(ctx: Ctx) -> Iterator[Line]:
    """Tell the age of the last backup; without MASTER_KEY, which is told, there can be none."""
    last = int(ctx.db.note(backup.LAST) or 0)
    if last and ctx.now - last < 2 * DAY:
        yield WELL, ctx.t(f"Son yedek {ctx.ago(last)} önce", f"Last backup {ctx.ago(last)} ago")
    elif last:
        yield (
            DOUBT,
            ctx.t(
                f"Son yedek {ctx.ago(last)} önce; /yedek ile yenisini alın.",
                f"The last backup is {ctx.ago(last)} old; make a new one by /yedek.",
            ),
        )
    elif ctx.config.master_key:
        yield DOUBT, ctx.t("Hiç yedek yok; /yedek ile alın.", "No backup yet; make one by /yedek.")


def drilled(script: drill.Script, ctx: Ctx) -> Iterator[Line]:
    """Play a fault on paper, in a database of its own."""
    wrong, name = drill.played(script, ctx.now / 1000), ctx.t(script.tr, script.en)
    if wrong:
        yield (
            BAD,
            ctx.t(
                f"Tatbikat: {name}: olmaması gereken oldu ({wrong}); canlı işlemi kapatın.",
                f"Drill: {name}: it ended wrong ({wrong}); turn live trading off.",
            ),
        )
    else:
        yield WELL, ctx.t(f"Tatbikat: {name}", f"Drill: {name}")


PLAIN: tuple[Check, ...] = (
    *(clock, hosts, telegram, rival, key, master, folder, database),
    *(lease, jobs, outbox, pool, waited, kept),
)
DRILLS = {f"drill {script.en}": partial(drilled, script) for script in drill.SCRIPTS}
CHECKS: dict[str, Check] = {check.__name__: check for check in PLAIN} | DRILLS


def examined(
    ctx: Ctx, checks: dict[str, Check] = CHECKS, patience: float = DEADLINE
) -> Iterable[Line]:
    """Yield what each check found, in order; one that hangs or fails is a finding too."""
    threads = ThreadPoolExecutor(len(checks), "checkup")
    asked = {name: threads.submit(lambda c=check: list(c(ctx))) for name, check in checks.items()}
    wait(asked.values(), patience)
    threads.shutdown(wait=False, cancel_futures=True)
    for name, future in asked.items():
        if not future.done():
            yield BAD, unanswered(ctx, name, patience)
        elif future.exception():
            yield BAD, failed(ctx, name, future.exception())
        else:
            yield from future.result()


def unanswered(ctx: Ctx, name: str, patience: float) -> str:
    """Return what is said of a check that did not end in time."""
    return ctx.t(
        f"{name}: {patience:g} sn içinde yanıt yok; takıldıysa botu yeniden başlatın.",
        f"{name}: no answer within {patience:g} s; if it hangs, start the bot anew.",
    )


def failed(ctx: Ctx, name: str, error: Any) -> str:
    """Return what is said of a check that could not be made; a UserError has its own words."""
    log.warning("check %s failed", name, exc_info=error)
    words = ctx.t(error.tr, error.en) if hasattr(error, "tr") else type(error).__name__
    told = f"{name}: {html.escape(ctx.redact(words)[:200])}"
    return ctx.t(f"{told}; ayrıntı günlükte.", f"{told}; see the log.")
