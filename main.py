"""Wire the bot together and run it: the local chat, one command, or Telegram."""

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A pool child imports this file again and needs none of the rest.
if __name__ != "__mp_main__":
    import logging
    import signal
    import threading
    import time
    from pathlib import Path

    from telebot.apihelper import ApiTelegramException

    import chat
    import commands
    import config
    import followups
    import keep_alive
    import logs
    import post
    import preflight
    import shell
    import watch
    import workers
    from accounts import Accounts
    from bot import Ctx
    from db import Db, DbError
    from local.telegram import Server
    from local.terminal import run as run_terminal
    from local.world import open_markets
    from sources import Sources
    from trade import Desk


def build(settings: "config.Config") -> "Ctx":
    """Make the parts in their order: data folder, database, sources, workers, commands."""
    sys.setswitchinterval(0.0005)
    workers.lean_malloc()
    redact = logs.start_logging(settings.log_level, settings.log_format, settings.secrets())
    Path(settings.data_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
    db = Db(settings.database)
    kept = str(Path(settings.data_dir) / "exchange.db")
    sources = Sources(settings, db, markets=open_markets(path=kept) if settings.mocked else None)
    desk = Desk(sources, db, Accounts(settings, sources, db), preflight.caps(settings))
    return Ctx(
        now=int(time.time() * 1000),
        sources=sources,
        db=db,
        workers=workers.Workers(workers.Pool(settings.pool_size)),
        desk=desk,
        config=settings,
        redact=redact,
        commands=commands.load(),
    )


def serve(ctx: "Ctx") -> int:
    """Run until told to stop: by Telegram with a token, else by the local chat."""
    ending, stop, settings = threading.Event(), threading.Event(), ctx.config
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    try:
        site = keep_alive.open_site(ctx)
        server = Server(port=settings.chat_port).start() if settings.local else None
    except (OSError, ValueError) as error:
        where = f"HOST={settings.address} PORT={settings.port} CHAT_PORT={settings.chat_port}"
        return shell.unopened(f"Kapı açılamadı / a port cannot be opened ({where})", error)
    print(f"Durum / status: http://127.0.0.1:{site.port}/", flush=True)
    token, api_url = settings.telegram_token.reveal(), settings.telegram_api_url
    if server:
        token, api_url = server.token, server.url
        print(f"Sohbet / chat:  {server.page}", flush=True)
    api = post.connect(token, api_url, ctx.redact)
    telegram = chat.Telegram(api, post.Post(api, stop), ctx, stop)
    telegram.start()
    workers.schedule(ctx.workers, ctx.sources, ctx.db, settings)
    alarms = watch.Watch(ctx.sources, ctx.db, meters=ctx.meters)
    found = [*telegram.jobs(), *alarms.jobs(), *followups.jobs(ctx.desk)]
    for job, after in [*found, *keep_alive.jobs(settings)]:
        ctx.workers.add(job, after)
    ctx.workers.start()
    if server:
        threading.Thread(target=run_terminal, args=(server,), daemon=True).start()
    ending.wait()
    telegram.drain()
    site.stop(1)
    return 0


def main(arguments: list[str]) -> int:
    """Run the bot, or the command line given; return the exit status."""
    if arguments and arguments[0] in shell.COMMANDS:
        return shell.COMMANDS[arguments[0]](arguments[1:])
    try:
        ctx = build(config.load())
    except config.ConfigError as error:
        return shell.failed(str(error))
    except (OSError, DbError, RuntimeError) as error:
        return shell.unopened("Veri açılamadı / the data cannot be opened", error)
    try:
        return shell.answered(ctx, " ".join(arguments)) if arguments else serve(ctx)
    except ApiTelegramException as error:
        return shell.failed(f"Telegram: {ctx.redact(error.description)}")
    except BrokenPipeError:
        return 1
    finally:
        ctx.workers.stop(1)
        ctx.sources.close()
        ctx.db.close()


if __name__ == "__main__":
    status = main(sys.argv[1:])
    logging.shutdown()
    # A thread still waiting for a slow answer must not hold the end up.
    os._exit(status)
