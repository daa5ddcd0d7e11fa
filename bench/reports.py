"""Count requests and weight of each report, cold and then warm: `python -m bench.reports`.

Cold: an empty store. Warm: the same again a minute later, after the warm thread has done its work.
An order book is never older than three seconds, so /ob and /nls read theirs anew.
"""

import tempfile
from dataclasses import replace

from bench.weights import build
from bot import answer, pick
from workers import WARM

LINES = (
    *("/p", "/p 100", "/pv 30", "/pg", "/t btc", "/t", "/t 60 1h", "/grafik btc 1h", "/harita"),
    *("/io btc", "/io", "/io 60", "/ap", "/npr", "/fr", "/fr btc", "/oi", "/oi 20", "/ls btc"),
    *("/ls", "/ob btc", "/nls btc", "/nls", "/whale", "/liq", "/etf btc", "/dom", "/cg"),
    *("/cg btc", "/cmc", "/fg", "/try", "/sc rsi(14)<30 1h 400", "/tt 60", "/tb 60", "/tm"),
    *("/tf", "/ta", "/tv btc", "/kor btc eth sol", "/granger btc eth", "/lider btc eth sol"),
    *("/fav", "/bt btc 1h rsi(14)<30 : rsi(14)>60"),
)
KINDS = ("cold", "warm")


def count(line: str) -> tuple[list[int], str] | None:
    """Return requests, klines among them, and weight of a line, cold and then warm; its refusal.

    None if there is no such command.
    """
    figures, refusal = [], ""
    with tempfile.TemporaryDirectory() as folder:
        ctx, counted, clock = build(folder, 0)
        known = pick(line.split(maxsplit=1)[0][1:], ctx.commands)
        for _ in KINDS if known else ():
            counted.forget()
            for reply in answer(line, replace(ctx, now=int(clock.now * 1000))):
                refusal = reply.text.splitlines()[0] if reply.failed else refusal
            klines = sum(path.endswith("/klines") for path in counted.paths)
            figures += [len(counted.paths), klines, sum(counted.weight.values())]
            clock.now += 60
            for _, _, kinds in WARM:
                ctx.sources.warm(kinds)
        ctx.sources.close()
        ctx.db.close()
    return (figures, refusal) if known else None


def run() -> None:
    """Print a row a report: requests, klines and weight, cold and warm."""
    heads = [f"{kind} {what}" for kind in KINDS for what in ("requests", "klines", "weight")]
    print(f"{'report':24}" + "".join(f"{head:>15}" for head in heads))
    for line in LINES:
        found = count(line)
        if found:
            figures, refusal = found
            print(f"{line:24}{''.join(f'{n:15}' for n in figures)}  {refusal}".rstrip())


if __name__ == "__main__":
    run()
