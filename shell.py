"""What the program does without staying: answer a line; copy, restore, reseal a database."""

import io
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import backup
import config
import post
from accounts import MAKE
from bot import Chat, Ctx, User, UserError, answer, parse, pick
from db import Db, DbError, Used
from order_rows import Key
from roles import ADMIN
from vault import VaultError, seal, unseal

DATA = "Veri açılamadı / the data cannot be opened"
PORT = "Kapı açılamadı / a port cannot be opened"


class Unopened(Exception):
    """Say what cannot be opened; the cause says why."""


def answered(ctx: Ctx, line: str) -> int:
    """Answer one command line, with or without its slash, on standard output; return the status."""
    bare = parse(f"/{line}")
    line = f"/{line}" if bare and pick(bare[0], ctx.commands) else line
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    user = User(id=1, lang=ctx.config.language, zone=ctx.config.timezone, role=ADMIN)
    worst = 0
    for reply in answer(line, replace(ctx, user=user, chat=Chat(1))):
        worst = max(worst, reply.failed)
        if reply.text:
            print(
                post.plain(reply.text), file=(sys.stdout, sys.stderr)[reply.failed > 0], flush=True
            )
        for name, body in post.files(reply):
            with opening("Dosya yazılamadı / the file cannot be written"):
                print(saved(Path(name), body), flush=True)
    return worst


def saved(path: Path, body: bytes) -> Path:
    """Write a file under its name, else under the next that is free; return where it is."""
    names = (path.with_stem(f"{path.stem}-{i}") for i in itertools.count(2))
    free = next(one for one in itertools.chain([path], names) if not one.exists())
    free.write_bytes(body)
    return free.resolve()


def failed(told: str) -> int:
    """Say why the bot does not start; return the exit status."""
    print(told, file=sys.stderr, flush=True)
    return 2


@contextmanager
def opening(what: str = DATA, *more: type[Exception]) -> Iterator[None]:
    """Let whatever keeps something from being opened be an Unopened."""
    try:
        yield
    except (OSError, DbError, RuntimeError, *more) as error:
        raise Unopened(what) from error


def unopened(what: str, error: BaseException | None) -> int:
    """Say what cannot be opened, with the first line of the reason; return the exit status."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[:1]
    return failed(f"{what}: {' '.join(reason) or type(error).__name__}")


def copied(addresses: Sequence[str]) -> int:
    """Copy every row from one database to another, by their addresses; return the exit status."""
    if len(addresses) != 2:
        return failed("python main.py copy-db FROM TO")
    try:
        origin, target = (config.database(address).reveal() for address in addresses)
        count = backup.copy(origin, target)
    except (ValueError, RuntimeError, DbError) as error:
        reason = type(error).__name__ if isinstance(error, DbError) else error
        return failed(f"python main.py copy-db FROM TO: {reason}")
    print(f"{count} satır / rows", flush=True)
    return 0


class Refused(Exception):
    """Say why nothing was done, in both languages."""


@contextmanager
def opened(arguments: Sequence[str], usage: str) -> Iterator[tuple[Db, "config.Config"]]:
    """Open the settings' database for a command with its arguments. Raises Refused."""
    settings = config.load()
    if len(arguments) != usage.count(" "):
        raise Refused(f"python main.py {usage}")
    if not settings.master_key:
        raise Refused(f"MASTER_KEY yok / is not set: {MAKE}")
    Path(settings.data_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Db(settings.database)
    try:
        yield database, settings
    finally:
        database.close()


def told(error: UserError) -> str:
    """Return the sentence of an error in both languages."""
    return f"{error.tr}\n{error.en}"


def guarded(run: Callable[[Sequence[str]], None]) -> Callable[[Sequence[str]], int]:
    """Return a command that answers with its exit status: 1 for a refusal, 2 for a failure."""

    def command(arguments: Sequence[str]) -> int:
        try:
            run(arguments)
        except UserError as error:
            print(told(error), file=sys.stderr, flush=True)
            return 1
        except (Refused, config.ConfigError) as error:
            return failed(str(error))
        except (OSError, DbError, RuntimeError) as error:
            return unopened("Açılamadı / cannot be opened", error)
        return 0

    return command


@guarded
def restored(arguments: Sequence[str]) -> None:
    """Bring the rows of a backup's file into the database, which must be empty."""
    with (
        opened(arguments, "restore FILE") as (database, settings),
        open(arguments[0], "rb") as file,
    ):
        try:
            key, zone = settings.master_key.reveal(), settings.timezone
            back = backup.restore(database, file, key, zone)
        except Used:
            raise UserError(
                "Veritabanı boş değil; hiçbir şey değişmedi. Boş bir DATA_DIR ya da DATABASE_URL "
                "verin.",
                "The database is not empty; nothing was changed. Give an empty DATA_DIR or "
                "DATABASE_URL.",
            ) from None
    when = f"{datetime.fromtimestamp(back.made / 1000, zone):%Y-%m-%d %H:%M}"
    print(f"{back.rows} satır / rows, {when}; tekrar söylenmeyen / not told again: {back.untold}")


@guarded
def rotated(arguments: Sequence[str]) -> None:
    """Seal every key of the exchange by MASTER_KEY that was sealed by OLD_MASTER_KEY."""
    with opened(arguments, "rotate-key") as (database, settings):
        if not settings.old_master_key:
            raise Refused(
                "OLD_MASTER_KEY yok / is not set: eski MASTER_KEY / the MASTER_KEY before"
            )
        words = settings.master_key.reveal(), settings.old_master_key.reveal()
        count = database.orders.reseal(lambda key: resealed(key, *words))
    print(f"{count} anahtar / keys", flush=True)


def resealed(key: Key, new: str, old: str) -> str:
    """Return a key sealed by the new password; one that is already, as it is. Raises UserError."""
    try:
        return seal(unseal(key.sealed, key.user_id, old), key.user_id, new)
    except VaultError:
        pass
    try:
        unseal(key.sealed, key.user_id, new)
    except VaultError:
        raise UserError(
            f"{key.user_id} kullanıcısının anahtarı iki parolayla da açılmıyor; hiçbir şey "
            "değişmedi.",
            f"The key of user {key.user_id} opens with neither password; nothing was changed.",
        ) from None
    return key.sealed


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "copy-db": copied,
    "restore": restored,
    "rotate-key": rotated,
}
