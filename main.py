"""Wire the bot together and run it: the local chat, one command, or Telegram."""

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A pool child imports this file again and needs none of the rest.
if __name__ != "__mp_main__":
    import logging
    import threading
    import time
    from pathlib import Path

    from telebot.apihelper import ApiTelegramException

    import commands
    import config
    import logs
    import preflight
    import shell
    import tenure
    import workers
    from accounts import Accounts
    from bot import Ctx
    from config import Config
    from db import Db, DbError
    from lease import Lease
    from local.telegram import Server
    from local.terminal import run as run_terminal
    from local.world import open_markets
    from logs import Redactor
    from sources import Sources
    from trade import Desk


def build(settings: "Config", redact: "Redactor", lease: "Lease | None" = None) -> "Ctx":
    """Make the parts in their order: database, sources, desk, workers, commands."""
    halt = tenure.Halt(lease) if lease else threading.Event()
    kept = str(Path(settings.data_dir) / "exchange.db")
    with shell.opening():
        db = Db(settings.database, guard=lease and lease.guard())
        markets = open_markets(path=kept, scenario=settings.scenario) if settings.mocked else None
        sources = Sources(settings, db, markets=markets)
    accounts = Accounts(settings, sources, db, halted=halt.is_set, hide=redact.add)
    db.orders.claim_venue(accounts.venue)
    return Ctx(
        now=int(time.time() * 1000),
        sources=sources,
        db=db,
        workers=workers.Workers(workers.Pool(settings.pool_size), halt=halt),
        desk=Desk(sources, db, accounts, preflight.caps(settings)),
        config=settings,
        redact=redact,
        commands=commands.load(),
    )


def open_chat(settings: "Config") -> "Server":
    """Open the local chat: a page in the browser, and this terminal."""
    server = Server(port=settings.chat_port).start()
    print(f"Sohbet / chat:  {server.page}", flush=True)
    threading.Thread(target=run_terminal, args=(server,), daemon=True).start()
    return server


def answered(settings: "Config", redact: "Redactor", line: str) -> int:
    """Answer one command line."""
    ctx = build(settings, redact)
    try:
        return shell.answered(ctx, line)
    finally:
        tenure.close(ctx)


def run(settings: "Config", line: str) -> int:
    """Answer a command line, or run until told to stop; return the exit status."""
    sys.setswitchinterval(0.0005)
    workers.lean_malloc()
    redact = logs.start_logging(settings.log_level, settings.log_format, settings.secrets())
    try:
        with shell.opening():
            Path(settings.data_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
        if line:
            return answered(settings, redact, line)
        return tenure.serve(settings, redact, build, open_chat)
    except shell.Unopened as error:
        return shell.unopened(str(error), error.__cause__)
    except DbError as error:
        return shell.unopened(shell.DATA, error)
    except ApiTelegramException as error:
        return shell.failed(f"Telegram: {redact(error.description)}")
    except BrokenPipeError:
        return 1


def main(arguments: list[str]) -> int:
    """Do what needs no bot, or run with the settings; return the exit status."""
    if arguments and arguments[0] in shell.COMMANDS:
        return shell.COMMANDS[arguments[0]](arguments[1:])
    line = " ".join(arguments).encode(errors="replace").decode()
    try:
        return run(config.load(), line)
    except config.ConfigError as error:
        return shell.failed(str(error))


if __name__ == "__main__":
    status = main(sys.argv[1:])
    logging.shutdown()
    # A thread still waiting for a slow answer must not hold the end up.
    os._exit(status)
