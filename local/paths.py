"""One bar into its sixty parts: paths, volumes, trades and taker volumes that add up to the bar.

Pure numpy; a bar is a column (9, …) of open, high, low, close in ticks, volume in lots, quote
volume in ticks times lots, trades, taker-buy volume and taker-buy quote volume.
"""

import numpy as np

OPEN, HIGH, LOW, CLOSE, VOLUME, QUOTE, COUNT, TAKER, TAKER_QUOTE = range(9)
GAMMA = np.uint64(0x9E3779B97F4A7C15)
MARKET = np.array([0x6D61726B65740001], np.uint64)


def noise(seed: np.ndarray, counter: np.ndarray) -> np.ndarray:
    """Return four numbers in [0, 1) per counter, shape (4, …): splitmix64 in counter mode."""
    x = seed + counter.astype(np.uint64) * GAMMA
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    out = np.empty((4, *x.shape))
    np.multiply(np.moveaxis(x[..., None].view("<u2"), -1, 0), 2.0**-16, out=out)
    return out


def over(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b, and 0 where b is 0."""
    return np.divide(
        a, b, out=np.zeros(np.broadcast_shapes(np.shape(a), np.shape(b))), where=b != 0
    )


def fold(bars: np.ndarray) -> np.ndarray:
    """Return the one bar that the last axis makes."""
    out = bars.sum(axis=-1)
    out[OPEN], out[CLOSE] = bars[OPEN, ..., 0], bars[CLOSE, ..., -1]
    out[HIGH], out[LOW] = bars[HIGH].max(axis=-1), bars[LOW].min(axis=-1)
    return out


def grouped(bars: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return bars (9, n) made of the runs of bars that begin at `starts`."""
    out = np.add.reduceat(bars, starts, axis=1)
    out[OPEN], out[CLOSE] = (
        bars[OPEN, starts],
        bars[CLOSE, np.append(starts[1:], bars.shape[1]) - 1],
    )
    out[HIGH], out[LOW] = (
        np.maximum.reduceat(bars[HIGH], starts),
        np.minimum.reduceat(bars[LOW], starts),
    )
    return out


def running(parts: np.ndarray) -> np.ndarray:
    """Return the running share of the last axis, from 0 to exactly 1 (0 where all parts are 0)."""
    out = np.zeros((*parts.shape[:-1], parts.shape[-1] + 1))
    np.cumsum(parts, axis=-1, out=out[..., 1:])
    return over(out, out[..., -1:])


def dealt(parts: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return `total` dealt out by shares in whole numbers; a fraction of it goes to the last."""
    edges = running(parts) * total[..., None]
    edges[..., :-1] = np.floor(edges[..., :-1])
    return np.diff(edges, axis=-1)


def centre(path: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the mean of a path's points (R, n + 1) by its steps' weights (R, n)."""
    return (weight * (path[:, :-1] + path[:, 1:])).sum(axis=1, keepdims=True) / 2


def walk(
    bars: np.ndarray, clock: np.ndarray, steps: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a path (R, n + 1) in ticks from open to close within low and high, and its raw form.

    A Brownian bridge over `clock`, the share of the bar's trades done, bent so that its mean is the
    bar's. What leaves the body is stretched so that the farthest points become the high and the
    low, then drawn in on the side that pulls the mean away.
    """
    open_, high, low, close = (bars[k][:, None] for k in (OPEN, HIGH, LOW, CLOSE))
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    mean = over(bars[QUOTE], bars[VOLUME])[:, None]
    moved = np.zeros(clock.shape)
    np.cumsum(steps * np.sqrt(np.diff(clock)), axis=1, out=moved[:, 1:])
    raw = open_ + (close - open_) * clock + 1.5 * (high - low) * (moved - clock * moved[:, -1:])
    bend = clock * (1 - clock)
    raw += over(mean - centre(raw, weight), centre(bend, weight)) * bend
    above, body, below = (
        np.maximum(raw - top, 0),
        np.clip(raw, bottom, top),
        np.maximum(bottom - raw, 0),
    )
    above *= over(high - top, above.max(axis=1, keepdims=True))
    below *= over(bottom - low, below.max(axis=1, keepdims=True))
    up, down = centre(above, weight), centre(below, weight)
    extra = centre(body, weight) + up - down - mean
    above *= np.clip(1 - over(extra, up), 0.2, 1)
    below *= np.clip(1 + over(extra, down), 0.2, 1)
    return np.rint(body + above - below), raw


def reach(
    bars: np.ndarray, path: np.ndarray, raw: np.ndarray, size: np.ndarray, u: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return the parts' open, high, low, close (R, n); one touches the high, one the low."""
    every, traded = np.arange(len(path)), size > 0
    down = 1 - u
    span = 0.5 * (bars[HIGH] - bars[LOW])[:, None] * np.sqrt(size)
    start, end = path[:, :-1], path[:, 1:]
    high = np.minimum(np.maximum(start, end) + np.rint(span * u * u * u), bars[HIGH][:, None])
    low = np.maximum(
        np.minimum(start, end) - np.rint(span * down * down * down), bars[LOW][:, None]
    )
    peaks = np.where(traded, np.maximum(raw[:, :-1], raw[:, 1:]), -np.inf)
    troughs = np.where(traded, np.minimum(raw[:, :-1], raw[:, 1:]), np.inf)
    high[every, peaks.argmax(axis=1)] = bars[HIGH]
    low[every, troughs.argmin(axis=1)] = bars[LOW]
    return start, high, low, end


def volumes(bars: np.ndarray, parts: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the parts' volume and quote volume (R, n).

    Where the bar's mean price is out of the parts' reach, or nearly, the weights are tilted to
    parts on its other side. Then one place between low and high, the same in all, meets it.
    """
    mean = over(bars[QUOTE], bars[VOLUME])[:, None]
    low, high = ((weight * parts[k]).sum(axis=1, keepdims=True) for k in (LOW, HIGH))
    middle = (parts[OPEN] + parts[HIGH] + parts[LOW] + parts[CLOSE]) / 4
    now = (weight * middle).sum(axis=1, keepdims=True)
    side = weight * np.maximum(np.where(now < mean, parts[HIGH] - mean, mean - parts[LOW]), 0)
    found = side.sum(axis=1, keepdims=True)
    side = over(side, found)
    gain = (side * middle).sum(axis=1, keepdims=True) - now
    tilt = np.where(gain * (mean - now) > 0, np.clip(over(mean - now, gain), 0, 1), found > 0)
    tilt *= np.abs(2 * mean - high - low) > 0.8 * (high - low)
    volume = parts[COUNT] + dealt((1 - tilt) * weight + tilt * side, bars[VOLUME] - bars[COUNT])
    least = (volume * parts[LOW]).sum(axis=1)
    place = over(bars[QUOTE] - least, (volume * (parts[HIGH] - parts[LOW])).sum(axis=1))[:, None]
    return volume, volume * (parts[LOW] + place * (parts[HIGH] - parts[LOW]))


def takers(bars: np.ndarray, parts: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Return the taker buyers' share of the parts' volume (R, n), within 0.2 to 0.8.

    It follows each part's return and noise, less what a regression on the part's price explains:
    so base and quote volume have the same share, in the parts as in the whole.
    """
    share = over(bars[TAKER], bars[VOLUME])[:, None]
    part = over(parts[VOLUME], bars[VOLUME][:, None])
    price = over(parts[QUOTE], parts[VOLUME]) - over(bars[QUOTE], bars[VOLUME])[:, None]
    lean = 0.3 * over(parts[CLOSE] - parts[OPEN], parts[HIGH] - parts[LOW]) + 0.6 * (u - 0.5)
    spread = (part * price * price).sum(axis=1)
    slope = over((part * lean * price).sum(axis=1), spread * (spread > 1e-12))[:, None]
    lean = lean - (part * lean).sum(axis=1, keepdims=True) - slope * price
    most = np.abs(lean * (part > 0)).max(axis=1, keepdims=True)
    room = np.minimum(share - 0.2, 0.8 - share)
    return share + lean * np.minimum(over(room, most), 1)


def split(bars: np.ndarray, seed: np.ndarray, pull: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the 60 parts (9, R, 60) of bars (9, R) in ticks and lots; `index` numbers the bars.

    An hour's parts are minutes, a minute's are seconds. They add up to the bar exactly in prices,
    volume and trades, to rounding of the last float digit in quote and taker volume. Bars without
    their last two rows come back without taker volumes.
    """
    numbers = index[:, None] * 60 + np.arange(60)
    own, market = noise(seed[:, None], numbers), noise(MARKET, numbers)
    busy = (own[0] + market[0]) / 2
    busy = 0.03 + busy * busy * busy
    counts = dealt(busy, bars[COUNT])
    clock = running(counts)
    pull = pull[:, None]
    steps = pull * (market[1] - 0.5) + np.sqrt(1 - pull**2) * (own[1] - 0.5)
    weight = busy * (0.4 + own[3]) * (counts > 0)
    weight = over(weight, weight.sum(axis=1, keepdims=True))
    path, raw = walk(bars, clock, steps, weight)
    out = np.empty((len(bars), *counts.shape))
    out[: CLOSE + 1] = reach(bars, path, raw, np.diff(clock), own[2])
    out[COUNT] = counts
    out[VOLUME : QUOTE + 1] = volumes(bars, out, weight)
    if len(bars) > TAKER:
        share = takers(bars, out, noise(~seed[:, None], numbers)[0])
        np.multiply(out[VOLUME : QUOTE + 1], share, out=out[TAKER:])
    return out


def executions(bars: np.ndarray, second: np.ndarray, first: np.ndarray, seed: np.ndarray) -> tuple:
    """Return the trades of bars (9, K) of one second each: id, ticks, lots, ms, buyer is maker.

    `first` is the id of each second's first trade. The first two touch low and high, the last one
    closes, the lots add up to the volume.
    """
    count = bars[COUNT].astype(np.int64)
    k = np.repeat(np.arange(len(count)), count)
    start = np.cumsum(count) - count
    order = np.arange(len(k)) - start[k]
    u = noise(~seed, first[k] + order)
    low, high, close, rising = bars[LOW], bars[HIGH], bars[CLOSE], bars[CLOSE] >= bars[OPEN]
    ticks = np.rint(low[k] + (high - low)[k] * u[0])
    ticks = np.where(order == 0, np.where(rising, low, high)[k], ticks)
    ticks = np.where(order == 1, np.where(rising, high, low)[k], ticks)
    ticks = np.where(order == count[k] - 1, close[k], ticks)
    edge = np.append(0, np.cumsum(0.05 + u[1] * u[1]))
    begin, end = edge[start][k], edge[start + count][k]
    spare = (bars[VOLUME] - count)[k]
    share = np.stack([edge[:-1] - begin, edge[1:] - begin]) / (end - begin) * spare
    lots = 1 + np.where(share[1] < spare, np.floor(share[1]), spare) - np.floor(share[0])
    ms = second[k] * 1000 + np.floor((order + u[2]) / count[k] * 1000).astype(np.int64)
    maker = u[3] >= over(bars[TAKER], bars[VOLUME])[k]
    return first[k] + order, ticks, lots, ms, maker


def touch(last: np.ndarray, spread: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best bid and ask in ticks; the last trade was at one of them."""
    gap = 1 + np.floor(last * spread * (0.5 + u[0]))
    bid = np.maximum(np.where(u[1] < 0.5, last, last - gap), 1)
    return bid, bid + gap


def ladder(
    best: np.ndarray, side: int, density: np.ndarray, seed: np.ndarray, counter: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return an order book's side (P, levels): ticks going away from `best`, and lots.

    `side` is -1 for bids and 1 for asks; `density` is what stands within the first 1 % on average,
    in ticks times lots, divided by 0.01.
    """
    best, density = best[:, None], density[:, None]
    u = noise(seed[:, None], counter)
    gap = 1 + np.floor(-np.log1p(-u[0]) * np.maximum(best * 5e-6 - 1, 0))
    gap[:, 0] = 1
    away = np.cumsum(gap, axis=1) - 1
    worth = density * gap / best / (1 + (away / best / 0.03) ** 2)
    worth[:, :1] += density * 1e-4
    worth *= -np.log1p(-u[1]) * (1 + 25 * (u[2] > 0.99))
    ticks = best + side * away
    return ticks, np.maximum(np.rint(worth / np.maximum(ticks, 1)), 1)
