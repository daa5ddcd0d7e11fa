"""What the program does without staying: answer one command line, or copy a database."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import config
import post
from bot import Chat, Ctx, User, answer
from db import DbError, copy


def answered(ctx: Ctx, line: str) -> int:
    """Answer one command line on standard output; return the exit status."""
    user = User(id=1, lang=ctx.config.language, zone=ctx.config.timezone, admin=True)
    worst = 0
    for reply in answer(line, replace(ctx, user=user, chat=Chat(1))):
        worst = max(worst, reply.failed)
        if reply.text:
            print(
                post.plain(reply.text), file=(sys.stdout, sys.stderr)[reply.failed > 0], flush=True
            )
        for name, body in post.files(reply):
            Path(name).write_bytes(body)
            print(Path(name).resolve(), flush=True)
    return worst


def failed(told: str) -> int:
    """Say why the bot does not start; return the exit status."""
    print(told, file=sys.stderr, flush=True)
    return 2


def unopened(what: str, error: Exception) -> int:
    """Say what cannot be opened, with the first line of the reason; return the exit status."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[:1]
    return failed(f"{what}: {' '.join(reason) or type(error).__name__}")


def copied(addresses: Sequence[str]) -> int:
    """Copy every row from one database to another, by their addresses; return the exit status."""
    try:
        origin, target = (config.database(address).reveal() for address in addresses)
        count = copy(origin, target)
    except (ValueError, RuntimeError, DbError) as error:
        reason = type(error).__name__ if isinstance(error, DbError) else error
        return failed(f"copy-db FROM TO: {reason}")
    print(count, flush=True)
    return 0
