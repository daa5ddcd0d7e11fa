import re
from dataclasses import replace

import numpy as np
import pytest

import strength

SPANS = {"15m": 1, "1h": 4, "4h": 16, "12h": 48, "1d": 96}


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(strength, "TOP", 6)


def dollars(words):
    """Return an amount as it is written: -$1,2M."""
    sign, number, unit = re.fullmatch(r"([-+]?)\$([\d,]+)([KMB]?)", words).groups()
    value = float(number.replace(",", ".")) * {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}[unit]
    return -value if sign == "-" else value


def net(candles, start, end):
    return sum(2 * candles.taker_quote[i] - candles.quote[i] for i in range(-start, -end))


def test_the_net_flow_and_its_change_by_horizon(say, market):
    text = say("/npr")[-1].text
    candles = [market.candles(symbol, "15m") for symbol in market.top(6)]
    assert text.splitlines()[1] == "Hacimce ilk 6 coin"
    rows = re.findall(r"^(\w+)=> (🔼|🔻) (\S+) \| (\S+)$", text, re.MULTILINE)
    assert [row[0] for row in rows] == list(SPANS)
    for name, arrow, now, turn in rows:
        bars = SPANS[name]
        flow = sum(net(c, bars, 0) for c in candles)
        before = sum(net(c, 2 * bars, bars) for c in candles)
        assert dollars(now) == pytest.approx(flow, rel=0.05)
        assert dollars(turn) == pytest.approx(flow - before, rel=0.05)
        assert arrow == ("🔼" if flow > 0 else "🔻")


def test_breadth_and_what_is_parked(say, market):
    text = say("/npr", lang="en")[-1].text
    tickers, universe = market.tickers().data, market.universe()
    moves = [row.change for symbol, row in tickers.items() if symbol in universe]
    up, down = sum(m > 0 for m in moves), sum(m < 0 for m in moves)
    assert f"Up/down in 24 hours: {up}/{down}\n" in text
    coins = ("USDC", "FDUSD", "TUSD", "DAI")
    parked = sum(tickers[f"{name}USDT"].quote for name in coins if f"{name}USDT" in tickers)
    whole = sum(row.quote for symbol, row in tickers.items() if symbol.endswith("USDT"))
    size, share = re.search(r"Stablecoin pairs: (\S+) \((\S+)%\)", text).groups()
    assert dollars(size.replace(".", ",")) == pytest.approx(parked, rel=0.05)
    assert float(share) == pytest.approx(100 * parked / whole, abs=0.06)
    assert re.search(r"Coins with inflow: 15m \d+% · 1d \d+%\n", text)


def test_a_market_that_tells_no_changes_leaves_the_breadth_unknown(say, market, monkeypatch):
    read = market.tickers()
    rows = {s: row._replace(change=np.nan) for s, row in read.data.items()}
    monkeypatch.setattr(market, "tickers", lambda: replace(read, data=rows))
    text = say("/npr")[-1].text
    assert "24 saatte yükselen/düşen: —\n" in text
    assert text.splitlines()[-1] == "Yorum: yükselenlerin sayısı bilinmiyor: bekle."


def test_it_makes_no_request_that_io_has_made(say, market):
    say("/io")
    live = market.door.stats.live
    say("/npr")
    assert market.door.stats.live == live


DAYS = (
    (0.6, 0.5, 1, "1d para girişi artıyor; yükselenler çoğunlukta, alım destekleniyor."),
    (0.6, 0.7, 1, "1d para girişi yavaşlıyor; yükselenler çoğunlukta, alım destekleniyor."),
    (0.4, 0.5, -1, "1d para çıkışı artıyor; yükselenler azınlıkta, temkinli ol."),
    (0.4, 0.3, -1, "1d para çıkışı yavaşlıyor; yükselenler azınlıkta, temkinli ol."),
    (0.6, 0.5, -1, "1d para girişi artıyor; akış ile fiyatlar ayrışıyor, teyit bekle."),
    (0.4, 0.5, 1, "1d para çıkışı artıyor; akış ile fiyatlar ayrışıyor, teyit bekle."),
    (np.nan, 0.5, 1, "günlük akış bilinmiyor: bekle."),
    (0.5, np.nan, 1, "günlük akış bilinmiyor: bekle."),
)


def test_the_comment_goes_with_the_day_its_change_and_the_prices(say, market, monkeypatch):
    panel, tickers = market.panel(sorted(market.top(6)), "15m", 192), market.tickers()
    for now, before, change, words in DAYS:
        bought = np.concatenate([panel.quote[:96] * before, panel.quote[96:] * now])
        told = replace(panel, made={10: bought, 7: panel.quote.copy()})
        rows = {s: row._replace(change=change) for s, row in tickers.data.items()}
        monkeypatch.setattr(market, "panel", lambda *_, told=told: told)
        monkeypatch.setattr(market, "tickers", lambda rows=rows: replace(tickers, data=rows))
        text = say("/npr")[-1].text
        assert text.splitlines()[-1] == f"Yorum: {words}"
        assert ("1d=> ✖️ — | —" in text) == bool(np.isnan(now))


def test_another_market_s_candles_leave_the_flow_unknown(say, market, clock):
    for name in ("binance", "binance_data"):
        market.hosts[name].close("region", clock() + 900)
    text = say("/npr")[-1].text
    assert "15m=> ✖️ — | —" in text and "Kaynak: OKX" in text
    assert "15m — · 1d —" in text and re.search(r"yükselen/düşen: \d+/\d+", text)
