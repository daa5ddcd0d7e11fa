import re
from dataclasses import replace

import numpy as np
import pytest

import strength
from local.faults import Faulty
from local.world import open_markets

SPANS = {"15m": 1, "1h": 4, "4h": 16, "12h": 48, "1d": 96}


@pytest.fixture
def markets(clock):
    return Faulty(open_markets(clock), clock, clock.sleep)


def klines(markets):
    return [url for _, url in markets.seen if "/klines" in url]


def flows(candles):
    """Return buy % and net by horizon, bar by bar."""
    found = {}
    for name, bars in SPANS.items():
        bought = sum(candles.taker_quote[-i] for i in range(1, bars + 1))
        traded = sum(candles.quote[-i] for i in range(1, bars + 1))
        found[name] = 100 * bought / traded, 2 * bought - traded
    return found


def known(market, monkeypatch, change):
    """Let every coin's candles be changed before they are seen."""
    read = market.panel

    def changed(symbols, frame, bars):
        panel = read(symbols, frame, bars)
        for column in (7, 10):
            panel._column(column)
        made = {i: table.copy() for i, table in panel.made.items() if isinstance(i, int)}
        change(made[7], made[10])
        return replace(panel, made=made)

    monkeypatch.setattr(market, "panel", changed)


def test_the_market_and_where_its_cash_goes(say, market, monkeypatch):
    monkeypatch.setattr(strength, "TOP", 8)
    waiting, reply = say("/io")
    assert waiting.text == "hazırlanıyor…" and reply.edit
    lines, symbols = reply.text.splitlines(), market.top(8)
    candles = {s: market.candles(s, "15m") for s in symbols}
    told = {s: flows(c) for s, c in candles.items()}
    assert lines[1] == "Hacimce ilk 8 coin"
    for line, (name, bars) in zip(lines[4:9], SPANS.items(), strict=True):
        bought = sum(c.taker_quote[-bars:].sum() for c in candles.values())
        share = 100 * bought / sum(c.quote[-bars:].sum() for c in candles.values())
        shown = f"{share:.1f}".replace(".", ",")
        assert line == f"{name}=> %{shown} {'🔼' if share >= 50 else '🔻'}"
        if name == "15m":
            assert lines[2].endswith(f" {share / 50:.1f}X".replace(".", ","))
    order = sorted(symbols, key=lambda s: -told[s]["15m"][1])
    rows = [line for line in lines if " Mts: " in line]
    assert [row.split()[0] + "USDT" for row in rows] == order
    inflow = sum(max(0, told[s]["15m"][1]) for s in symbols)
    for row, symbol in zip(rows, order, strict=True):
        part = 100 * max(0, told[symbol]["15m"][1]) / inflow
        quote = candles[symbol].quote
        burst = quote[-1] / np.mean(quote[-5:-1])
        pattern = "".join("🔼" if share >= 50 else "🔻" for share, _ in told[symbol].values())
        shown = re.search(r"Nakit: %(.*) 15m:%(.*) Mts: (\S+) ", row).groups()
        wanted = (part, told[symbol]["15m"][0], burst)
        for word, value, digits in zip(shown, wanted, (1, 0, 1), strict=True):
            assert word == f"{value:.{digits}f}".replace(".", ",")
        assert row.endswith(pattern)


def test_the_share_of_volume_is_of_all_pairs_in_dollars(say, market):
    tickers, pairs = market.tickers().data, market.exchange().pairs
    whole = sum(row.quote for s, row in tickers.items() if s.endswith("USDT") and s in pairs)
    part = 100 * (tickers["BTCUSDT"].quote + tickers["ETHUSDT"].quote) / whole
    text = say("/io btc eth")[-1].text
    assert f"Hacim payı: %{part:.1f}".replace(".", ",") in text
    assert text.splitlines()[1] == "BTC, ETH"


@pytest.mark.parametrize("count", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_one_request_of_klines_a_coin_and_none_when_it_is_warm(say, markets, monkeypatch, count):
    monkeypatch.setattr(strength, "TOP", count)
    say("/io")
    asked = klines(markets)
    assert len(asked) == len(set(asked)) == count
    assert all("interval=15m" in url for url in asked)
    before = len(markets.seen)
    text = say("/io")[-1].text
    assert len(markets.seen) == before
    assert len([line for line in text.splitlines() if " Mts: " in line]) == min(25, count)
    assert len(text.encode("utf-16-le")) // 2 <= 4096


def test_every_coin_named_is_shown(say, monkeypatch):
    monkeypatch.setattr("commands.io.LIST", 2)
    (_, reply) = say("/io btc eth sol", lang="en")
    assert reply.text.count(" Mts: ") == 3 and "Cash: " in reply.text
    assert [line for _, line in say("/io btc")[-1].buttons[0]] == (
        ["/io btc", "/t BTC", "/oi BTC", "/nls BTC"]
    )


@pytest.mark.parametrize(
    ("part", "words", "power"),
    [
        (0.49, "1d alım payı %49,0: temkinli ol.", "1,0X"),
        (0.6, "daha sağlıklıdır (BTC); 1d alım payı %60,0: alıcılar önde.", "1,2X"),
        (0, "(yok); 1d alım payı %0,0: temkinli ol.", "0,1X"),
        (1, "1d alım payı %100,0: alıcılar önde.", "2,0X"),
    ],
)
def test_the_comment_goes_with_the_day(say, market, monkeypatch, part, words, power):
    def change(quote, taker):
        taker[:] = quote * part

    known(market, monkeypatch, change)
    text = say("/io btc")[-1].text
    assert text.splitlines()[-1].endswith(words) and f"alım gücü: {power}" in text


def test_healthy_is_what_cash_flows_into_now_and_over_the_day(say, market, monkeypatch):
    def change(quote, taker):
        taker[:] = quote * 0.6
        taker[-1, 1] = quote[-1, 1] * 0.4
        taker[:-1, 2] = quote[:-1, 2] * 0.4

    known(market, monkeypatch, change)
    text = say("/io btc eth sol")[-1].text
    assert "daha sağlıklıdır (BTC);" in text
    assert "ETH Nakit: %0,0 15m:%40" in text and re.search(r"SOL .* 🔼🔻🔻🔻🔻\n", text)


def test_a_market_that_does_not_tell_the_buyers_gives_dashes(say, market, clock):
    for name in ("binance", "binance_data"):
        market.hosts[name].close("region", clock() + 900)
    text = say("/io btc eth")[-1].text
    assert "alım gücü: —\n" in text and "15m=> — ✖️" in text and "1d=> — ✖️" in text
    row = r"BTC Nakit: — 15m:— Mts: \d+,\d ✖️✖️✖️✖️✖️"
    assert re.search(row, text) and "Hacim payı: %" in text
    assert "1d alım payı bilinmiyor: bekle." in text and "Kaynak: OKX" in text


def test_it_answers_from_the_mirror_then_from_the_store(say, markets, clock):
    markets.on("api.binance.com", "451")
    text = say("/io btc")[-1].text
    assert "Kaynak: Binance Vision" in text and "✖️" not in text
    markets.on("//", "refused")
    clock.now += 7200
    old = say("/io btc")[-1].text
    assert "⏳ Veri 2 sa önceden" in old
    assert old.splitlines()[2:10] == text.splitlines()[2:10]


def test_with_nothing_to_go_by_there_is_a_sentence(say, markets):
    markets.on("//", "refused")
    for line in ("/io", "/io btc", "/npr"):
        (_, reply) = say(line)
        assert reply.failed == 1 and "yanıt vermiyor" in reply.text


def test_a_young_coin_has_no_day(say, market, monkeypatch):
    def change(quote, taker):
        quote[:-20, 1], taker[:-20, 1] = np.nan, np.nan

    known(market, monkeypatch, change)
    rows = [line for line in say("/io btc arpa eth")[-1].text.splitlines() if "Mts" in line]
    ends = {row.split()[0]: row.split()[-1] for row in rows}
    assert ends["ARPA"].endswith("✖️✖️") and ends["ARPA"].count("✖️") == 2
    assert "✖️" not in ends["BTC"]


def test_coins_without_an_answer_are_named(say, market, monkeypatch):
    read = market.panel

    def lacking(*asked):
        panel = read(*asked)
        return replace(panel, reads={"BTCUSDT": panel.reads["BTCUSDT"]}, made={})

    monkeypatch.setattr(market, "panel", lacking)
    text = say("/io btc arpa")[-1].text
    assert "✖️ Verisi yok: ARPA" in text and "ARPA Nakit" not in text
    assert "1d=> — ✖️" in text and "BTC Nakit: %100,0 15m:%" in text


def test_other_money_is_refused(say):
    assert say("/io btctry")[-1].failed == 1


def test_a_few_coins_are_shown_as_a_picture_and_the_market_is_not(say, drawn):
    *_, few = say("/io btc eth")
    assert few.photo and few.edit and len(drawn) == 1 and drawn[0].title == "BTC, ETH"
    *_, market = say("/io")
    assert market.photo is None and len(drawn) == 1
