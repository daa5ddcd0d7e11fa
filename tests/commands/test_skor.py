from dataclasses import replace

import pytest

from alarm_rows import Firing
from db import Db
from sources import Sources

QUARTER = 900_000


def test_how_prices_went_is_read_from_the_candles(say, database, market):
    assert "yok" in say("/skor")[0].text
    bars = market.candles("BTCUSDT", "15m").data
    at = int(bars.end[-20]) + 5000
    told = [Firing(1, 7, 7, "BTCUSDT", at, 1.0, "> 1"), Firing(0, 7, 7, "", at, None, "stale")]
    database.alarms.save([], [*told, told[0]._replace(user_id=8)])
    (reply,) = say("/skor 2")
    close = bars.close
    moves = [100 * (close[-20 + n] / close[-20] - 1) for n in (1, 4, 16)]
    (line,) = [row for row in reply.text.splitlines() if row.startswith("BTC &gt; 1")]
    shown = line.split("): ")[1].split(" | ")
    seen = [float(cell.strip("%").replace(",", ".")) for cell in shown[:3]]
    assert seen == pytest.approx(moves, abs=0.051) and shown[3] == "—"
    rose = [int(move > 0) for move in moves]
    assert reply.text.count("/1)") == 3 and "24h — (0/0)" in reply.text
    assert f"15m {shown[0]} ({rose[0]}/1)" in reply.text
    assert "Comment: mean" in say("/skor 2", lang="en")[0].text


def test_what_has_not_come_yet_is_unknown(say, database, market):
    end = int(market.candles("BTCUSDT", "15m").data.end[-1])
    database.alarms.save([], [Firing(1, 7, 7, "BTCUSDT", end - 1000, 1.0, "> 1")])
    (reply,) = say("/skor")
    assert "— | — | — | —" in reply.text and "Yorum: sonrası henüz bilinmiyor" in reply.text


def test_it_is_the_same_after_a_restart(
    say, ctx, database, market, markets, settings, clock, tmp_path
):
    at = int(market.candles("BTCUSDT", "15m").data.end[-100])
    database.alarms.save([], [Firing(1, 7, 7, "BTCUSDT", at, 1.0, "> 1")])
    (before,) = say("/skor 3")
    again = Db(f"sqlite:///{tmp_path / 'test.db'}", clock)
    fresh = Sources(settings(), again, markets=markets, clock=clock, sleep=clock.sleep)
    context = replace(ctx("3", name="skor"), db=again, sources=fresh)
    after = context.commands["skor"].run(context)
    assert after.text == before.text and "— " not in after.text.splitlines()[2]
    fresh.close(), again.close()
