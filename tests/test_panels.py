import numpy as np

from net import Dated
from panels import MOST, Panels
from shapes import CANDLE_COLUMNS, Candles

MINUTE = 60_000


def read(times, fetched=0.0):
    table = np.full((CANDLE_COLUMNS, len(times)), np.nan)
    table[0] = table[4] = np.array(times, float) * MINUTE
    return Dated(Candles(table), fetched)


def test_the_same_candles_make_the_same_panel_whatever_their_age_says():
    panels, asked = Panels(), (("A", "B"), "1m", 3)
    reads = {"A": read([1, 2, 3, 4]), "B": read([3, 4])}
    first = panels.of(asked, reads, 0)
    assert first.time.tolist() == [2 * MINUTE, 3 * MINUTE, 4 * MINUTE]
    np.testing.assert_array_equal(first.close[:, 1], [np.nan, 3 * MINUTE, 4 * MINUTE])
    stale = {name: Dated(old.data, 0.0, stale=True) for name, old in reads.items()}
    second = panels.of(asked, stale, 0)
    assert second.close is first.close and second.reads["A"].stale
    other = panels.of(asked, {**reads, "B": read([3, 4])}, 0)
    assert other.close is not first.close
    assert panels.of(asked, {"A": reads["A"]}, 0).close.shape == (3, 2)


def test_a_panel_is_no_longer_than_the_longest_of_its_coins():
    panel = Panels().of((("A", "B"), "1m", 500), {"A": read([7, 8]), "B": read([6, 7, 8])}, 0)
    assert len(panel.time) == 3
    assert len(Panels().of((("A",), "1m", 500), {"A": read([])}, 0).time) == 0


def test_few_panels_are_kept_and_not_for_long():
    panels = Panels()
    for i in range(MOST + 2):
        panels.of(((f"C{i}",), "1m", 3), {f"C{i}": read([1])}, i)
    assert len(panels._made) == MOST
    panels.shed(901 + MOST)
    assert len(panels._made) == 1
    panels.shed(2000)
    assert not panels._made
