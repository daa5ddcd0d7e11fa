"""What each report says, kept in tests/data/texts: `python -m tests.texts` writes it anew."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from requests.adapters import BaseAdapter

import bot
import commands
import config
import logs
import post
import strength
import workers
from db import Db
from local.world import open_markets
from sources import Sources
from tests.conftest import KEYS, Clock

FOLDER = Path(__file__).parent / "data" / "texts"
LANGUAGES = ("tr", "en")
LINES = {
    "p": "/p btc eth pepe",
    "p_gainers": "/pg 5",
    "t": "/t btc 4h",
    "t_list": "/t",
    "t_day": "/t eth 1d",
    "tt": "/tt 20",
    "tc": "/tc 12 4h",
    "tb": "/tb 12",
    "tm": "/tm 20",
    "tf": "/tf",
    "tf_one": "/tf btc",
    "ta": "/ta 20",
    "fr": "/fr",
    "fr_coins": "/fr btc eth usdc",
    "fr_one": "/fr pepe",
    "oi": "/oi",
    "oi_moved": "/oi 8 %3",
    "ls": "/ls btc eth sol",
    "ls_one": "/ls btc",
    "liq": "/liq",
    "liq_one": "/liq btc",
    "liq_without_key": "/liq",
    "nls": "/nls btc eth arpa",
    "ob": "/ob btc",
    "ob_thin": "/ob arpa",
    "whale": "/whale btc eth arpa",
    "kor": "/kor",
    "kor_few": "/kor btc eth trx pepe 4h",
    "granger": "/granger",
    "granger_pair": "/granger btc doge",
    "lider": "/lider",
    "lider_pair": "/lider btc eth 15m",
    "tv": "/tv",
    "tv_one": "/tv btc 4h",
    "io": "/io",
    "io_coins": "/io btc eth usdc",
    "ap": "/ap",
    "npr": "/npr",
    "etf": "/etf btc",
    "etf_page_without_key": "/etf eth",
    "etf_xrp_without_key": "/etf xrp",
    "dom": "/dom",
    "cg": "/cg",
    "cg_coin": "/cg shiba inu",
    "cg_unknown": "/cg shiba",
    "cmc": "/cmc",
    "fg": "/fg 30",
    "try": "/try",
    "sc": "/sc rsi < 45 and close > ema(200) 4h 30",
    "sc_number": "/sc change(close, 24) 8",
    "formul": "/formul",
    "formul_read": "/formul 30 < rsi(14, tf=4h) < 70 and btc.close > sma(btc.close, 50)",
}

Tell = Callable[[str, str], str]


def shown(reply: bot.Reply) -> str:
    """Return a reply as it is read: its text, its files, its rows of buttons."""
    files = [f"({name})" for name, _ in post.files(reply)]
    rows = [" ".join(f"[{label}: {line}]" for label, line in row) for row in reply.buttons]
    return "\n".join([post.plain(reply.text), *files, *rows]) + "\n"


def open_context(
    folder: str, clock: Clock, environ: dict[str, str], markets: BaseAdapter | None = None
) -> bot.Ctx:
    """Open a context over mock markets that stand still, or over others."""
    markets = markets or open_markets(clock)
    settings = config.load({"DATA_DIR": folder, **environ}, env_file="/nonexistent")
    db = Db(settings.database, clock)
    return bot.Ctx(
        user=bot.User(7, "Ayşe", role="admin"),
        chat=bot.Chat(7),
        now=int(clock() * 1000),
        sources=Sources(settings, db, markets=markets, clock=clock, sleep=clock.sleep),
        db=db,
        workers=workers.Workers(workers.Pool(1), clock),
        config=settings,
        redact=logs.Redactor(),
        commands=commands.load(),
    )


@contextmanager
def open_world() -> Iterator[Tell]:
    """Open what tells a report by its name in a language; one read of the markets serves all.

    The whole market is a dozen coins here.
    """
    with ExitStack() as stack:
        stack.enter_context(patch.multiple(strength, TOP=12, LEADERS=8))
        made = {}
        for keys in ({}, KEYS):
            folder = stack.enter_context(TemporaryDirectory())
            ctx = made[bool(keys)] = open_context(folder, Clock(), keys)
            stack.callback(ctx.db.close)
            stack.callback(ctx.sources.close)

        def tell(name: str, lang: str) -> str:
            ctx = made[not name.endswith("_without_key")]
            ctx = replace(ctx, user=replace(ctx.user, lang=lang))
            return "\n".join(map(shown, bot.answer(LINES[name], ctx)))

        yield tell


def path(name: str, lang: str) -> Path:
    """Return where a report's text is kept."""
    return FOLDER / f"{name}.{lang}.txt"


def write() -> None:
    """Keep what every report says now, and nothing else."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    with open_world() as tell:
        for name in LINES:
            for lang in LANGUAGES:
                path(name, lang).write_text(tell(name, lang), "utf-8")


if __name__ == "__main__":
    write()
