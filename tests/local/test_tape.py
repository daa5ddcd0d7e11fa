import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.grid import Grid
from local.tape import SPAN, START, Tape

pytestmark = pytest.mark.slow

TAPE = Tape()
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
NOW = 1_795_490_417_345
FORWARD = START * HOUR_MS
TIME, OPEN, HIGH, LOW, CLOSE, VOLUME, END, QUOTE, COUNT, TAKER, TAKER_QUOTE = range(11)
SYMBOLS = (
    *("BTCUSDT", "ETHUSDT", "PEPEUSDT", "INJUSDT", "BNBUSDT", "ARPAUSDT", "TURBOUSDT", "ZRXUSDT"),
    *("ETHBTC", "SOLBNB", "BNBETH", "BTCTRY", "PEPETRY", "USDTTRY", "USDCUSDT", "BTCDOWNUSDT"),
)
moments = st.integers(1_760_000_000_000, 1_830_000_000_000)
symbols = st.sampled_from(SYMBOLS)


@pytest.fixture(scope="module")
def npz():
    with np.load(Path(sys.modules[Tape.__module__].__file__).with_name("binance_1h.npz")) as data:
        return dict(data)


def whole(symbol, interval, now_ms, start_ms, end_ms):
    """All candles that open within [start_ms, end_ms)."""
    return TAPE.candles(
        symbol, interval, now_ms, start_ms=start_ms, end_ms=end_ms - 1, limit=100_000
    )


def folded(rows):
    return np.array(
        [rows[0, OPEN], rows[:, HIGH].max(), rows[:, LOW].min(), rows[-1, CLOSE]]
        + [rows[:, k].sum() for k in (VOLUME, QUOTE, COUNT, TAKER, TAKER_QUOTE)]
    )


def figures(row):
    return row[[OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE, COUNT, TAKER, TAKER_QUOTE]]


def test_forward_hours_are_the_recorded_ones_to_the_digit(npz):
    end = FORWARD + SPAN * HOUR_MS
    for i, symbol in enumerate(npz["symbols"]):
        rows = whole(str(symbol), "1h", end, FORWARD, end)
        for column, name in enumerate(("open", "high", "low", "close"), OPEN):
            assert np.array_equal(rows[:, column], npz[name][i]), symbol
        assert np.allclose(rows[:, VOLUME], npz["volume"][i], rtol=1e-11, atol=0)


def test_the_forward_part_spans_this_november_to_the_new_year():
    assert np.datetime64(START, "h") <= np.datetime64("2026-11-01")
    assert np.datetime64(START + SPAN, "h") >= np.datetime64("2027-01-01")
    assert (START + 72) % 168 == 0


def test_the_tape_runs_back_and_forth_without_a_jump():
    turn = FORWARD + SPAN * HOUR_MS
    rows = whole("BTCUSDT", "1h", turn + 10**12, turn - 50 * HOUR_MS, turn + 50 * HOUR_MS)
    back = rows[::-1]
    assert np.array_equal(rows[:, [OPEN, HIGH, LOW, CLOSE]], back[:, [CLOSE, HIGH, LOW, OPEN]])
    assert np.array_equal(rows[:, VOLUME], back[:, VOLUME])
    for symbol in SYMBOLS:
        rows = whole(symbol, "1h", turn + 10**12, turn - 2100 * HOUR_MS, turn + 2100 * HOUR_MS)
        gaps = np.abs(rows[1:, OPEN] / rows[:-1, CLOSE] - 1)
        assert np.median(gaps) < 0.002 and gaps.max() < 0.05, symbol


COARSE = [
    *(("1s", "1m"), ("1m", "3m"), ("1m", "5m"), ("5m", "15m"), ("15m", "30m"), ("1m", "1h")),
    *(("30m", "2h"), ("1h", "4h"), ("2h", "6h"), ("4h", "8h"), ("1h", "12h"), ("4h", "1d")),
    *(("12h", "3d"), ("1d", "1w"), ("1d", "1M")),
]


@pytest.mark.parametrize(("fine", "coarse"), COARSE)
@settings(max_examples=8)
@given(symbol=symbols, moment=moments)
def test_a_candle_is_the_sum_of_finer_ones(fine, coarse, symbol, moment):
    grid = Grid.of(coarse)
    start, end = grid.opens(grid.number(moment), grid.number(moment) + 2).tolist()
    one = whole(symbol, coarse, end + DAY_MS, start, end)
    parts = whole(symbol, fine, end + DAY_MS, start, end)
    assert len(one) == 1
    want, got = figures(one[0]), folded(parts)
    assert np.array_equal(want[:4], got[:4])
    assert np.allclose(want[4:], got[4:], rtol=1e-8, atol=0)
    assert want[6] == got[6]


@pytest.mark.parametrize("interval", ["1s", "1m", "15m", "1h", "1d"])
@settings(max_examples=12)
@given(symbol=symbols, now=moments)
def test_a_candle_makes_sense(interval, symbol, now):
    pair = TAPE.pairs[symbol]
    rows = TAPE.candles(symbol, interval, now, limit=120)
    body = rows[:, [OPEN, CLOSE]]
    assert (rows[:, HIGH] >= body.max(axis=1)).all() and (rows[:, LOW] <= body.min(axis=1)).all()
    ticks = rows[:, OPEN : CLOSE + 1] * 10.0**pair.digits
    assert (ticks > 0.5).all() and np.allclose(ticks, np.rint(ticks), rtol=1e-12, atol=0)
    traded = rows[:, COUNT] > 0
    assert np.array_equal(traded, rows[:, VOLUME] > 0)
    assert (rows[~traded, HIGH] == rows[~traded, LOW]).all()
    mean = rows[traded, QUOTE] / rows[traded, VOLUME]
    slack = 10.0**-pair.digits * (1 if pair.parent else 1e-3)
    assert (mean >= rows[traded, LOW] - slack).all() and (mean <= rows[traded, HIGH] + slack).all()
    for part, total in ((TAKER, VOLUME), (TAKER_QUOTE, QUOTE)):
        share = rows[traded, part] / rows[traded, total]
        assert (share > 0.2 - 1e-9).all() and (share < 0.8 + 1e-9).all()
    assert (rows[:, COUNT] == np.rint(rows[:, COUNT])).all()
    assert (np.diff(rows[:, TIME]) == rows[:-1, END] + 1 - rows[:-1, TIME]).all()


def test_taker_buyers_lean_with_the_return():
    rows = TAPE.candles("BTCUSDT", "1h", NOW, limit=500)
    moved = (rows[:, CLOSE] - rows[:, OPEN]) / (rows[:, HIGH] - rows[:, LOW])
    assert 0.3 < np.corrcoef(moved, rows[:, TAKER] / rows[:, VOLUME])[0, 1] < 0.95


@settings(max_examples=25)
@given(symbols, moments, st.sampled_from(["1m", "15m", "1h", "1d"]), st.data())
def test_an_open_candle_grows_and_never_contradicts_the_closed_one(symbol, moment, interval, data):
    grid = Grid.of(interval)
    start, end = grid.opens(grid.number(moment), grid.number(moment) + 2).tolist()
    early = data.draw(st.integers(start, end - 1))
    late = data.draw(st.integers(early, end - 1))
    a, b, c = (TAPE.candles(symbol, interval, now, limit=1)[0] for now in (early, late, end - 1))
    assert a[TIME] == b[TIME] == c[TIME] == start
    assert a[OPEN] == b[OPEN] and a[HIGH] <= b[HIGH] and a[LOW] >= b[LOW]
    assert (a[[VOLUME, QUOTE, COUNT, TAKER]] <= b[[VOLUME, QUOTE, COUNT, TAKER]]).all()
    closed = TAPE.candles(symbol, interval, end + 10 * DAY_MS, start_ms=start, limit=1)[0]
    assert np.array_equal(figures(c)[:4], figures(closed)[:4])
    assert np.allclose(figures(c)[4:], figures(closed)[4:], rtol=1e-12, atol=0)


@settings(max_examples=15)
@given(symbols, moments, st.sampled_from(["1s", "1m", "30m", "1h", "1d"]), st.integers(1, 90))
def test_what_is_asked_does_not_change_what_is_told(symbol, now, interval, limit):
    rows = TAPE.candles(symbol, interval, now, limit=90)
    assert np.array_equal(TAPE.candles(symbol, interval, now, limit=limit), rows[-limit:])
    start, end = int(rows[-limit, TIME]), int(rows[-1, TIME])
    some = TAPE.candles(symbol, interval, now, start_ms=start, end_ms=end - 1)
    assert np.array_equal(some, rows[len(rows) - limit : -1])
    assert np.array_equal(
        TAPE.candles(symbol, interval, now + DAY_MS, end_ms=end - 1)[-89:], rows[:-1]
    )


def test_start_gives_the_oldest_and_end_the_newest():
    start = NOW - 100 * HOUR_MS
    opens = -(-start // HOUR_MS) * HOUR_MS
    first = TAPE.candles("BTCUSDT", "1h", NOW, start_ms=start, limit=3)
    assert first[:, TIME].tolist() == [opens, opens + HOUR_MS, opens + 2 * HOUR_MS]
    last = TAPE.candles("BTCUSDT", "1h", NOW, end_ms=start, limit=2)
    assert last[:, TIME].tolist() == [opens - 2 * HOUR_MS, opens - HOUR_MS]
    both = TAPE.candles("BTCUSDT", "1h", NOW, start_ms=start, end_ms=opens + HOUR_MS, limit=9)
    assert both[:, TIME].tolist() == [opens, opens + HOUR_MS]
    assert len(TAPE.candles("BTCUSDT", "1h", NOW, start_ms=NOW, end_ms=start)) == 0
    assert len(TAPE.candles("BTCUSDT", "1h", NOW, start_ms=NOW + DAY_MS)) == 0


@pytest.mark.parametrize(
    ("symbol", "days"), [("KOSMAUSDT", 3), ("NIMBOUSDT", 10), ("TARSIUSDT", 20), ("VESKAUSDT", 60)]
)
def test_a_young_coin_has_no_candles_before_its_listing(symbol, days):
    listed = TAPE.pairs[symbol].listed_ms
    midnight = NOW // DAY_MS * DAY_MS
    assert (midnight - listed) // DAY_MS + 1 == days
    rows = TAPE.candles(symbol, "1h", NOW, start_ms=0, limit=1000)
    assert rows[0, TIME] == listed
    assert len(TAPE.candles(symbol, "1d", NOW)) == days + 1
    assert len(TAPE.candles(symbol, "1m", NOW, end_ms=listed - 1)) == 0
    assert symbol in TAPE.listed(listed) and symbol not in TAPE.listed(listed - 1)
    day = TAPE.candles(symbol, "1d", NOW, limit=99)[0]
    hours = whole(symbol, "1h", NOW, listed, int(day[END]) + 1)
    assert np.array_equal(figures(day)[:4], folded(hours)[:4])


def test_bitcoin_goes_back_to_its_first_day_there():
    first = TAPE.candles("BTCUSDT", "1h", NOW, start_ms=0, limit=1)[0]
    assert np.datetime64(int(first[TIME]), "ms") == np.datetime64("2017-08-17T00")
    months = TAPE.candles("BTCUSDT", "1M", NOW, limit=500)
    assert (
        np.datetime64(int(months[0, TIME]), "ms") == np.datetime64("2017-08-01")
        and len(months) == 112
    )


def test_a_stopped_pair_stays_as_it_was():
    pair = TAPE.pairs["XMRUSDT"]
    rows = TAPE.candles("XMRUSDT", "1h", NOW, limit=5)
    assert rows[-1, END] + 1 == pair.stopped_ms
    window = TAPE.window(NOW, ["XMRUSDT", "BTCUSDT"])
    assert window.close_ms.tolist() == [pair.stopped_ms - 1, NOW]
    assert window.bars[3, 0] == rows[-1, CLOSE]
    later = TAPE.window(NOW + 5 * DAY_MS, ["XMRUSDT"])
    assert np.array_equal(window.bars[:, 0], later.bars[:, 0])


WINDOWED = ("BTCUSDT", "ZRXUSDT", "BTCTRY", "ETHBTC", "KOSMAUSDT", "BTCUPUSDT", "币安人生USDT")


def same_as_klines(symbol, now, minutes, window, i):
    start = (now - minutes * 60_000) // 60_000 * 60_000
    rows = whole(symbol, "1m", now, start, now + 60_000)
    want, got = folded(rows)[:7], window.bars[:, i]
    assert np.array_equal(want[:4], got[:4])
    assert np.allclose(want[4:], got[4:], rtol=1e-9, atol=0)
    assert window.open_ms[i] == start and window.close_ms[i] == now


@settings(max_examples=8)
@given(st.integers(NOW - 2 * DAY_MS, NOW + 30 * DAY_MS), st.sampled_from([1, 5, 59, 240, 1440]))
def test_a_window_is_what_its_minutes_were(now, minutes):
    window = TAPE.window(now, list(WINDOWED), minutes)
    for i, symbol in enumerate(WINDOWED):
        same_as_klines(symbol, now, minutes, window, i)


@pytest.mark.parametrize("age", [30_000, 5_400_000, 20 * HOUR_MS, 23 * HOUR_MS + 59_000])
def test_the_window_of_a_coin_listed_today_begins_with_its_listing(age):
    pair = TAPE.pairs["KOSMAUSDT"]
    now = pair.listed_ms + age
    window = TAPE.window(now, ["KOSMAUSDT"])
    same_as_klines("KOSMAUSDT", now, 1440, window, 0)
    assert window.first_id[0] == 0


def test_the_whole_market_agrees_with_each_pair():
    every = TAPE.window(NOW)
    again = TAPE.window(NOW + 700)
    assert every.symbols == again.symbols == TAPE.listed(NOW)
    for symbol in (*SYMBOLS, *WINDOWED):
        i = every.symbols.index(symbol)
        alone = TAPE.window(NOW, [symbol])
        for one, among in zip(alone[1:], every[1:], strict=True):
            assert np.array_equal(one[..., 0], among[..., i]), symbol
    assert (every.bid < every.ask).all()
    assert (every.bid <= every.bars[3] * (1 + 1e-12)).all()
    assert (every.ask >= every.bars[3] * (1 - 1e-12)).all()


def test_the_last_price_is_the_last_seconds_close():
    last = TAPE.last(list(SYMBOLS), NOW)
    for symbol, price in zip(SYMBOLS, last, strict=True):
        assert price == TAPE.candles(symbol, "1s", NOW, limit=1)[0, CLOSE]


@settings(max_examples=10)
@given(symbols, moments)
def test_trades_make_their_candles(symbol, now):
    start = now // 1000 * 1000 - 40_000
    trades = TAPE.trades(symbol, now, start_ms=start, end_ms=start + 29_999, limit=10**6)
    seconds = whole(symbol, "1s", now, start, start + 30_000)
    assert len(trades) == seconds[:, COUNT].sum()
    for row in seconds[seconds[:, COUNT] > 0]:
        inside = trades[trades[:, 3] // 1000 == row[TIME] // 1000]
        assert len(inside) == row[COUNT]
        assert inside[:, 2].sum() == pytest.approx(row[VOLUME], rel=1e-9)
        assert inside[:, 1].max() <= row[HIGH] and inside[:, 1].min() >= row[LOW]
        assert inside[-1, 1] == row[CLOSE]
        if len(inside) > 2:
            assert (inside[:, 1].max(), inside[:, 1].min()) == (row[HIGH], row[LOW])


@settings(max_examples=6)
@given(symbols, moments, st.integers(1, 300))
def test_trades_are_numbered_once_and_for_all(symbol, now, limit):
    newest = TAPE.trades(symbol, now, limit=300)
    assert len(newest) == 300 and (np.diff(newest[:, 0]) == 1).all()
    assert (np.diff(newest[:, 3]) >= 0).all() and newest[-1, 3] <= now
    assert np.array_equal(TAPE.trades(symbol, now, limit=limit), newest[-limit:])
    start = int(newest[-limit, 0])
    later = TAPE.trades(symbol, now + 3 * HOUR_MS, from_id=start, limit=limit)
    assert np.array_equal(later, newest[-limit:])
    since = TAPE.trades(symbol, now, start_ms=int(newest[0, 3]), limit=50)
    assert np.array_equal(since[since[:, 0] >= newest[0, 0]][:40], newest[:40])
    until = TAPE.trades(symbol, now + DAY_MS, end_ms=int(newest[-1, 3]), limit=50)
    assert np.array_equal(until[until[:, 0] <= newest[-1, 0]][-40:], newest[-40:])


def test_trades_begin_with_the_listing_and_end_with_now():
    pair = TAPE.pairs["KOSMAUSDT"]
    first = TAPE.trades("KOSMAUSDT", NOW, from_id=0, limit=3)
    assert first[:, 0].tolist() == [0, 1, 2] and first[0, 3] >= pair.listed_ms
    assert len(TAPE.trades("KOSMAUSDT", NOW, start_ms=NOW + 1)) == 0
    assert len(TAPE.trades("KOSMAUSDT", NOW, from_id=10**18)) == 0
    assert len(TAPE.trades("KOSMAUSDT", NOW, end_ms=pair.listed_ms - 1)) == 0
    window = TAPE.window(NOW // 1000 * 1000 + 999, ["KOSMAUSDT"])
    last = TAPE.trades("KOSMAUSDT", NOW // 1000 * 1000 + 999, limit=1)[0]
    assert window.first_id[0] + window.bars[6, 0] - 1 == last[0]


@settings(max_examples=15)
@given(symbols, moments, st.sampled_from([1, 5, 100, 1000]))
def test_a_book_is_sorted_and_does_not_cross(symbol, now, levels):
    pair = TAPE.pairs[symbol]
    bids, asks = TAPE.book(symbol, now, levels)
    assert len(asks) == levels and 1 <= len(bids) <= levels
    assert (np.diff(bids[:, 0]) < 0).all() and (np.diff(asks[:, 0]) > 0).all()
    assert bids[0, 0] < asks[0, 0] and bids[-1, 0] > 0
    last = TAPE.last([symbol], now)[0]
    assert (
        bids[0, 0] <= last <= asks[0, 0]
        and (asks[0, 0] - bids[0, 0]) < 0.01 * last + 2 * 10.0**-pair.digits
    )
    lots = np.concatenate([bids, asks])[:, 1] * 10.0**pair.lot
    assert (lots > 0.5).all() and np.allclose(lots, np.rint(lots), rtol=1e-9, atol=0)
    window = TAPE.window(now, [symbol])
    assert [window.bid[0], window.bid_quantity[0]] == bids[0].tolist()
    assert [window.ask[0], window.ask_quantity[0]] == asks[0].tolist()
    again = TAPE.book(symbol, now // 1000 * 1000 + 999, levels)
    assert np.array_equal(bids, again[0]) and np.array_equal(asks, again[1])
    assert not np.array_equal(asks, TAPE.book(symbol, now + 1000, levels)[1])


def depth(symbol):
    """USDT within 1 % of the middle, mean of both sides and ten minutes."""
    total = 0.0
    for minute in range(10):
        for side in TAPE.book(symbol, NOW + minute * 60_000, 5000):
            near = np.abs(side[:, 0] / side[0, 0] - 1) < 0.01
            total += side[near].prod(axis=1).sum() * TAPE.pairs[symbol].dollar / 20
    return total


def test_books_are_as_deep_as_their_pairs_are_traded():
    bitcoin, tail = depth("BTCUSDT"), depth("PARTIUSDT")
    assert 5e6 < bitcoin < 4e7
    assert 100 < tail < 5000
    assert tail < depth("ADAUSDT") < bitcoin


def test_lira_pairs_are_the_dollar_pairs_at_the_dollars_rate():
    for coin in ("BTC", "SOL", "PEPE", "TURBO"):
        lira, dollar, rate = (
            TAPE.candles(symbol, "1h", NOW, limit=200)[:, CLOSE]
            for symbol in (f"{coin}TRY", f"{coin}USDT", "USDTTRY")
        )
        premium = lira / (dollar * rate) - 1
        assert np.abs(premium).max() < 0.004 + 10.0 ** -TAPE.pairs[f"{coin}TRY"].digits / lira.min()
        assert premium.std() < 0.002


@pytest.mark.parametrize("cross", ["ETHBTC", "BNBETH", "SOLBNB", "XRPETH", "ADABTC"])
def test_crosses_are_the_quotient_of_their_dollar_pairs(cross):
    coin, against = TAPE.pairs[cross].base, TAPE.pairs[cross].quote
    own, above, below = (
        TAPE.candles(symbol, "1h", NOW, limit=200)[:-1, CLOSE]
        for symbol in (cross, f"{coin}USDT", f"{against}USDT")
    )
    assert (
        np.abs(own / (above / below) - 1).max()
        < 0.002 + 10.0 ** -TAPE.pairs[cross].digits / own.min()
    )


def test_stable_coins_are_stable_and_leverage_is_leverage():
    for coin in ("USDC", "FDUSD", "TUSD", "DAI"):
        rows = TAPE.candles(f"{coin}USDT", "1d", NOW, limit=300)
        assert rows[:, LOW].min() > 0.99 and rows[:, HIGH].max() < 1.01
    bitcoin, up, down = (
        np.diff(np.log(TAPE.candles(f"BTC{side}USDT", "1h", NOW, limit=200)[:, CLOSE]))
        for side in ("", "UP", "DOWN")
    )
    assert (
        1.7 < np.polyfit(bitcoin, up, 1)[0] < 2.1 and -2.1 < np.polyfit(bitcoin, down, 1)[0] < -1.7
    )


def test_coins_move_together_but_not_as_one():
    pairs = [
        p for p in TAPE.pairs.values() if p.quote == "USDT" and p.permissions != ("LEVERAGED",)
    ]
    coins = [p.symbol for p in pairs if p.status == "TRADING"][::12]
    closes = np.array([TAPE.candles(symbol, "1h", NOW, limit=60)[-60:, CLOSE] for symbol in coins])
    with_bitcoin = np.corrcoef(np.diff(np.log(closes), axis=1))[0, 1:]
    low, middle, high = np.percentile(with_bitcoin, [10, 50, 90])
    assert -0.2 < low < 0.35 < middle < 0.75 and high > 0.6


def test_prices_wander_like_a_market_and_not_around_a_level():
    for symbol in ("BTCUSDT", "ADAUSDT", "ZRXUSDT"):
        prices = np.log(TAPE.candles(symbol, "1h", NOW, limit=900)[:, CLOSE])
        short, long = np.diff(prices).std(), (prices[48:] - prices[:-48]).std()
        assert 0.6 < long / short / np.sqrt(48) < 1.6
        assert abs(np.corrcoef(np.diff(prices)[1:], np.diff(prices)[:-1])[0, 1]) < 0.2


def test_bitcoin_and_ether_are_traded_most_and_the_tail_is_long():
    window = TAPE.window(NOW)
    dollars = window.bars[5] * [TAPE.pairs[symbol].dollar for symbol in window.symbols]
    coins = [window.symbols[i] for i in np.argsort(-dollars)]
    assert coins[0] == "BTCUSDT" and "ETHUSDT" in coins[:3]
    assert {"SOLUSDT", "BNBUSDT", "XRPUSDT"} < set(coins[:12])
    live = np.array([TAPE.pairs[symbol].status == "TRADING" for symbol in window.symbols])
    assert np.sort(dollars[live])[0] < 50_000 < 2e9 < dollars.max()
    assert np.median(dollars[live]) < 5e6


def test_an_unknown_symbol_or_interval_is_an_error():
    with pytest.raises(KeyError):
        TAPE.candles("NOPEUSDT", "1h", NOW)
    with pytest.raises(KeyError):
        TAPE.candles("BTCUSDT", "7m", NOW)
    with pytest.raises(KeyError):
        TAPE.last(["NOPEUSDT"], NOW)


PRINTED = """
import hashlib
import numpy as np
from local.tape import Tape
tape, now, digest = Tape(), 1795490417345, hashlib.sha256()
for symbol in ("BTCUSDT", "ZRXUSDT", "BTCTRY", "SOLBNB"):
    for interval in ("1s", "1m", "1h", "1w"):
        digest.update(tape.candles(symbol, interval, now).tobytes())
    digest.update(np.concatenate(tape.book(symbol, now)).tobytes())
    digest.update(tape.trades(symbol, now).tobytes())
digest.update(tape.window(now).bars.tobytes())
print(digest.hexdigest())
"""


def test_two_processes_see_the_same_market():
    seen = set()
    for seed in ("0", "4242"):
        run = subprocess.run(
            [sys.executable, "-c", PRINTED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(run.stdout)
    assert len(seen) == 1 and len(seen.pop().strip()) == 64


def test_two_tapes_see_the_same_market():
    other = Tape()
    other.window(NOW - DAY_MS)
    for a, b in zip(TAPE.window(NOW)[1:], other.window(NOW)[1:], strict=True):
        assert np.array_equal(a, b)
