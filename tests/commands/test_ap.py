import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import strength
from bot import UserError
from local.faults import Faulty
from local.world import open_markets
from markets import coingecko

WEEK = 7 * 86_400_000
LABELS = (
    "Altların Kısa Vadede Btc'ye Karşı Gücü(0-100)",
    "Altların Kısa Vadede Gücü(0-100)",
    "Coinlerin Uzun Vadede Gücü(0-100)",
)


@pytest.fixture
def markets(clock):
    return Faulty(open_markets(clock), clock, clock.sleep)


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(strength, "TOP", 6)
    monkeypatch.setattr(strength, "LEADERS", 5)


def lin(x, a, b):
    return min(100, max(0, 100 * (x - a) / (b - a)))


def indices(text):
    return [line.partition(": ")[2] for line in text.splitlines()[1:4]]


def day(market):
    """Return the alts' and bitcoin's changes, alt by alt; no alt of the mock market is heavy."""
    tickers = market.tickers().data
    volume = {s: tickers[s].quote for s in market.universe() if s in tickers}
    volume = {s: v for s, v in volume.items() if s not in ("BTCUSDT", "PAXGUSDT", "WBTCUSDT")}
    whole = sum(volume.values())
    heavy = [s for s, v in volume.items() if v > 0.15 * whole]
    rest = whole - sum(volume[s] for s in heavy)
    left = 1 - 0.15 * len(heavy)
    weights = {s: 0.15 if s in heavy else left * v / rest for s, v in volume.items()}
    assert max(weights.values()) <= 0.15 + 1e-12
    return sum(w * tickers[s].change for s, w in weights.items()), tickers["BTCUSDT"].change


def test_the_three_indices_are_what_their_formulas_say(say, market):
    text = say("/ap")[-1].text
    assert [line.partition(": ")[0] for line in text.splitlines()[1:4]] == list(LABELS)
    alt, btc = day(market)
    dominance = market.market().shares["BTC"]
    against = lin(alt - btc, -8, 8) + 0.1 * lin(60 - dominance, 0, 60)
    alts = [s for s in market.top(12) if s not in ("BTCUSDT", "PAXGUSDT")]
    hours = [market.candles(s, "1h") for s in alts[:6]]
    traded = sum(c.quote[-24:].sum() for c in hours)
    net = sum((2 * c.taker_quote[-24:] - c.quote[-24:]).sum() for c in hours)
    short = 0.6 * lin(alt, -6, 6) + 0.4 * lin(net / traded, -0.05, 0.05)
    days = [market.candles(s, "1d").close for s in alts[:5]]
    long = 100 * sum(close[-1] > close[-31] for close in days) / 5
    wanted = [f"{value:.1f}".replace(".", ",") for value in (min(100, against), short, long)]
    assert indices(text) == wanted


def test_cold_it_asks_once_for_everything_and_warm_for_nothing(say, markets):
    say("/ap")
    asked = [url for _, url in markets.seen]
    assert len(asked) == len(set(asked)) and len([u for u in asked if "/klines" in u]) == 6 + 5
    say("/ap")
    assert len(markets.seen) == len(asked)


@pytest.fixture
def powered(market, monkeypatch):
    """Return a way to set the powers, so that only the whole market's shares are asked for."""
    rows = partial(market.read, coingecko.rows_route())
    monkeypatch.setattr(strength, "parts", lambda _: {"market": market.market, "rows": rows})

    def power(*values):
        monkeypatch.setattr(strength, "powers", lambda _: strength.Powers(*values))

    return power


def test_the_rest_of_the_market_follows(say, market, powered):
    powered(60, 60, 60, 2)
    text = say("/ap", lang="en")[-1].text
    for asset in ("BTC", "ETH"):
        last = market.etf(asset.lower()).data[0]
        size = f"{abs(last.total) / 1e6:.1f}M"
        assert re.search(rf"{asset} [-+]\${re.escape(size)} \({last.day:%d.%m}", text)
    best = re.search(r"Best categories: (.*)", text)[1]
    moves = [float(x) for x in re.findall(r" \+?(-?[\d.]+)%", best)]
    assert 1 < len(moves) <= 5 and moves == sorted(moves, reverse=True)
    share = market.market().shares["BTC"]
    assert f"BTC dominance: {share:.1f}%\n" in text
    points = strength.reckoned(market.read(coingecko.rows_route()).data)
    assert f"Its 7-day change: ≈{points:+.1f} points (from the prices of the top 250)\n" in text


def test_small_categories_are_no_sectors(say, market, powered, monkeypatch):
    powered(60, 60, 60, 2)
    read, route = market.read, coingecko.categories_route()
    groups = read(route).data
    less = replace(read(route), data=(groups[0]._replace(cap=0.9e9), *groups[1:]))
    monkeypatch.setattr(market, "read", lambda *ways: less if ways == (route,) else read(*ways))
    best = re.search(r"En iyi kategoriler: (.*)", say("/ap")[-1].text)[1]
    assert best.startswith(groups[1].name) and groups[0].name not in best


@pytest.mark.parametrize(("moved", "macro"), [(1.5, "BTC odaklı"), (-1.5, "Risk-On")])
def test_dominance_is_held_against_the_record_of_a_week_ago(
    say, market, database, powered, moved, macro
):
    read = market.market()
    database.save_reading("dominance", read.at - WEEK - 3_600_000, read.shares["BTC"] - moved)
    database.save_reading("dominance", read.at - WEEK + 1, 1.0)
    powered(60, 60, 60, 2)
    text = say("/ap")[-1].text
    assert (
        f"7 günlük değişimi: {moved:+.1f} puan\n".replace(".", ",") in text
        and f"Makro: {macro}" in text
    )


@pytest.mark.parametrize(
    ("against", "long", "words"),
    [
        (75.1, 50, "sektörel rotasyon başladı, altlar önde"),
        (75, 50, "altlar BTC'den güçlü"),
        (50, 50, "BTC altlardan güçlü, acele etme"),
        (0, 49, "BTC altlardan güçlü, acele etme; 30 günde çoğu düştü: temkinli ol"),
        (np.nan, np.nan, "endeks ölçülemiyor, bekle"),
    ],
)
def test_the_comment_goes_with_the_powers(say, powered, against, long, words):
    powered(against, 50, long, 0)
    assert say("/ap")[-1].text.splitlines()[-1] == f"Yorum: {words}."


@pytest.mark.parametrize(
    ("where", "kind", "lost", "kept"),
    [
        ("coin", "429", {LABELS[0]: "CoinGecko istek sınırında", "7 günlük değ": "CoinGecko"}, 2),
        ("coingecko", "429", {"En iyi kategoriler: ": "CoinGecko istek sınırında"}, 3),
        ("farside.co.uk", "403", {"ETF net akış: BTC": "Farside isteği reddetti"}, 3),
    ],
)
def test_what_is_down_is_a_dash_with_its_reason(say, markets, where, kind, lost, kept):
    markets.on(where, kind)
    text = say("/ap")[-1].text
    for label, reason in lost.items():
        assert re.search(rf"{re.escape(label)}[^—\n]*— \({reason}", text), text
    assert sum(bool(re.fullmatch(r"\d+,\d", value)) for value in indices(text)) == kept


def test_without_binance_the_flow_is_unknown_and_the_rest_stands(say, market, clock):
    for name in ("binance", "binance_data"):
        market.hosts[name].close("region", clock() + 900)
    text = say("/ap")[-1].text
    against, short, long = indices(text)
    assert re.fullmatch(r"\d+,\d", against) and re.fullmatch(r"\d+,\d", long)
    assert short == "— (veri yetersiz)" and "Kaynak: OKX" in text


def test_with_everything_gone_there_is_a_sentence(say, market, clock):
    for host in market.hosts.values():
        host.close("down", clock() + 900)
    (_, reply) = say("/ap")
    assert reply.failed == 1 and "yanıt vermiyor" in reply.text


def test_a_reason_is_safe_in_html(say, market, monkeypatch):
    def refuse():
        raise UserError("<b>&\nanahtar", "<b>&\nkey")

    monkeypatch.setattr(strength, "parts", lambda _: {"market": refuse})
    text = say("/ap")[-1].text
    assert "BTC dominansı: — (&lt;b&gt;&amp;)" in text and f"{LABELS[0]}: — (&lt;" in text
    assert f"{LABELS[2]}: — (veri yetersiz)" in text and "Makro: —" in text


def test_it_shows_thirty_days_of_the_altcoins(say, drawn):
    *_, reply = say("/ap")
    assert reply.photo and reply.edit and len(drawn[0].time) == 31
