import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chart
from chart import Band, Candlesticks, Curves, Line, Look, Map, Mark, Pane, Shares, Table

RNG = np.random.default_rng(4)
TIME = 1_795_500_000_000 + 3_600_000 * np.arange(120.0)
CLOSE = 50_000 * np.exp(np.cumsum(RNG.normal(0, 0.01, 120)))
OPEN = np.concatenate([[50_000.0], CLOSE[:-1]])
HIGH, LOW = np.maximum(OPEN, CLOSE) * 1.004, np.minimum(OPEN, CLOSE) * 0.996
HOLED = np.where(np.arange(120) < 19, np.nan, CLOSE)
CANDLES = Candlesticks(
    "BTC 1s · Şığ çöğü",
    *(TIME, OPEN, HIGH, LOW, CLOSE, RNG.random(120)),
    (Line("EMA20", HOLED), Band("BB", HOLED * 1.02, HOLED * 0.98)),
    (
        Pane("RSI", (Line("RSI", HOLED / 1000),), (30, 70)),
        Pane("Δ", (Line("Δ", CLOSE - OPEN, True),)),
    ),
    (Mark("alarm", 50_000.0, "alarm 3"), Mark("buy", 50_000.0, "", TIME[50]), Mark("stop", 1.0)),
)
BOTH = Pane("x", (Line("a", CLOSE), Line("b", OPEN)))
DRAWINGS = (
    CANDLES,
    CANDLES._replace(look=Look("light", "UTC", comma=False), panes=(), marks=()),
    Curves("Sermaye", TIME, (BOTH, Pane("y", (Line("c", -LOW, fill=True),)))),
    Table("Korelasyon", ("A", "B"), ("A", "B"), np.array([[1, np.nan], [-0.4, 1]])),
    Map("Harita", ("BTC", "ETH", "X"), np.array([5.0, 3, 0.001]), np.array([1.0, -20, np.nan])),
    Shares("Dağılım", ("BTC", "USDT"), np.array([3.0, 1])),
)  # fmt: skip


def size(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


@pytest.mark.slow
@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda d: type(d).__name__)
def test_every_drawing_is_a_picture_and_equal_ones_are_equal(drawing):
    picture = chart.png(drawing)
    assert size(picture) == (1000, 650) and len(picture) < 200_000
    assert chart.png(drawing) == picture != chart.png(drawing._replace(title="x"))


@pytest.mark.slow
def test_threads_draw_the_same_pictures():
    with ThreadPoolExecutor(6) as threads:
        drawn = list(threads.map(chart.png, [CANDLES, DRAWINGS[3]] * 6))
    assert set(drawn) == {chart.png(CANDLES), chart.png(DRAWINGS[3])}


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"look": Look("light")},
        {"look": Look(zone="America/New_York")},
        {"look": Look(comma=False)},
        {"close": CLOSE * 1.0001},
        {"marks": ()},
        {"overlays": ()},
    ],
)
def test_what_is_told_is_seen(change):
    assert chart.png(CANDLES._replace(**change)) != chart.png(CANDLES)


@pytest.mark.slow
@pytest.mark.parametrize("price", [1e-9, 1.0, 123_456_789.0])
def test_flat_and_tiny_prices_are_drawn(price):
    flat = np.full(5, price)
    picture = chart.png(Candlesticks("x", TIME[:5], *[flat] * 4, np.zeros(5), digits=9))
    assert size(picture) == (1000, 650)


@pytest.mark.slow
def test_one_bar_is_drawn_and_none_is_an_error():
    one = Candlesticks("x", *(row[:1] for row in (TIME, OPEN, HIGH, LOW, CLOSE, CLOSE)))
    assert size(chart.png(one)) == (1000, 650)
    with pytest.raises(ValueError, match="no candles"):
        chart.png(Candlesticks("x", *[np.array([])] * 6))


def test_numbers_are_written_as_the_reader_does():
    assert chart.written(1234567.891, 2, Look()) == "1.234.567,89"
    assert chart.written(1234.5, 1, Look(comma=False)) == "1,234.5"
    assert chart.written(float("nan"), 1, Look()) == "—"


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=60))
def test_tiles_fill_the_room_by_size_without_overlap(sizes):
    falling = np.sort(np.array(sizes))[::-1]
    found = np.array(chart.tiles(falling, 160.0, 100.0))
    assert np.allclose(found[:, 2] * found[:, 3], falling / falling.sum() * 16_000, rtol=1e-6)
    left, top, right, bottom = *found[:, :2].T, *(found[:, :2] + found[:, 2:]).T
    assert left.min() >= -1e-4 and right.max() <= 160.0001 and bottom.max() <= 100.0001
    for i in range(len(found)):
        wide = np.minimum(right[i], right) - np.maximum(left[i], left)
        high = np.minimum(bottom[i], bottom) - np.maximum(top[i], top)
        shared = np.maximum(0, wide) * np.maximum(0, high)
        assert np.delete(shared, i).sum() < 1e-4


@pytest.mark.slow
def test_what_is_not_known_or_has_no_room_is_not_written(monkeypatch):
    chart.png(CANDLES)
    found = []
    monkeypatch.setattr(
        "matplotlib.figure.Figure.savefig",
        lambda figure, *_, **__: found.append([t.get_text() for t in figure.axes[0].texts]),
    )
    names = tuple(map(str, range(46)))
    for wide in (25, 46):
        chart.png(Table("x", ("y",), names[:wide], np.full((1, wide), -12.0), digits=0))
    chart.png(Map("x", ("BTC", "USDT"), np.array([5.0, 3]), np.array([1.0, np.nan])))
    assert found == [["-12"] * 25, [], ["BTC\n+1,0%", "USDT"]]


@pytest.mark.slow
def test_the_name_of_a_mark_at_the_top_is_clear_of_the_names_of_lines(monkeypatch):
    chart.png(CANDLES)
    boxes = []

    def drawn(figure, *args, **kwargs):
        figure.draw_without_rendering()
        axis = figure.axes[0]
        (named,) = [text for text in axis.texts if text.get_text() == "alarm 3"]
        boxes.extend([named.get_window_extent(), axis.get_legend().get_window_extent()])

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", drawn)
    mark = Mark("alarm", float(HIGH.max()) * 1.001, "alarm 3")
    chart.png(CANDLES._replace(marks=(mark,)))
    name, lines = boxes
    assert name.y1 < lines.y0
