"""Indicators once more in plain Python, straight from their definitions: slow, easy to check."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from statistics import fmean, median, pstdev, pvariance, stdev, variance

NAN = math.nan
Series = Sequence[float]


def windows(n: int, function: Callable[..., float], *series: Series) -> list[float]:
    """Apply a function to the last n values of every series at each bar, NaN before."""
    rows = range(len(series[0]))
    return [
        function(*(one[t - n + 1 : t + 1] for one in series)) if t >= n - 1 else NAN for t in rows
    ]


def pairs(function: Callable[..., float], *series: Series) -> list[float]:
    """Apply a function to each bar and the one before, NaN at the first."""
    return [NAN, *(function(*zip(before, now, strict=True)) for before, now in steps(series))]


def steps(series: Sequence[Series]) -> list[tuple]:
    return list(pairwise(zip(*series, strict=True)))


def ema(x: Series, n: int) -> list[float]:
    out, y = [NAN] * len(x), NAN
    known = [t for t, value in enumerate(x) if not math.isnan(value)]
    for count, t in enumerate(known, 1):
        if count == n:
            y = fmean(x[k] for k in known[:n])
        elif count > n:
            y = (2 * x[t] + (n - 1) * y) / (n + 1)
        out[t] = y if count >= n else NAN
    return out


def wilder(x: Series, n: int) -> list[float]:
    out, y = [NAN] * len(x), NAN
    known = [t for t, value in enumerate(x) if not math.isnan(value)]
    for count, t in enumerate(known, 1):
        if count == n:
            y = fmean(x[k] for k in known[:n])
        elif count > n:
            y = (x[t] + (n - 1) * y) / n
        out[t] = y if count >= n else NAN
    return out


def true_range(high: Series, low: Series, close: Series) -> list[float]:
    ranges = [high[0] - low[0]]
    for t in range(1, len(close)):
        old = close[t - 1]
        ranges.append(max(high[t] - low[t], abs(high[t] - old), abs(low[t] - old)))
    return ranges


def psar(high: Series, low: Series, start=0.02, step=0.02, most=0.2) -> list[float]:
    """Pine's ta.sar: on a turn the stop clears this bar and the two before."""
    long = high[0] <= high[1]
    stop, best, speed = (low[0], high[1], start) if long else (high[0], low[1], start)
    out = [NAN, stop]
    for t in range(2, len(high)):
        stop += speed * (best - stop)
        lows, highs = low[t - 2 : t], high[t - 2 : t]
        if long and low[t] <= stop:
            long, stop, best, speed = False, max(best, high[t], *highs), low[t], start
        elif not long and high[t] >= stop:
            long, stop, best, speed = True, min(best, low[t], *lows), high[t], start
        elif long:
            stop = min(stop, *lows)
            if high[t] > best:
                best, speed = high[t], min(speed + step, most)
        else:
            stop = max(stop, *highs)
            if low[t] < best:
                best, speed = low[t], min(speed + step, most)
        out.append(stop)
    return out


def supertrend(high: Series, low: Series, close: Series, n=10, k=3.0) -> tuple[list, list]:
    """Pine's ta.supertrend, the direction with the other sign."""
    line, way, floor, ceiling = [], [], NAN, NAN
    for t, size in enumerate(wilder(true_range(high, low, close), n)):
        if math.isnan(size):
            line.append(NAN)
            way.append(NAN)
            continue
        lower, upper = (high[t] + low[t]) / 2 - k * size, (high[t] + low[t]) / 2 + k * size
        first = math.isnan(floor)
        if first or lower > floor or close[t - 1] < floor:
            floor = lower
        if first or upper < ceiling or close[t - 1] > ceiling:
            ceiling = upper
        rising = not first and (close[t] >= floor if way[-1] > 0 else close[t] > ceiling)
        way.append(1.0 if rising else -1.0)
        line.append(floor if rising else ceiling)
    return line, way


def keltner(high: Series, low: Series, close: Series, n=20, k=2.0) -> tuple[list, list, list]:
    middle = ema(close, n)
    width = ema([NAN, *true_range(high, low, close)[1:]], n)
    both = list(zip(middle, width, strict=True))
    return [m + k * w for m, w in both], middle, [m - k * w for m, w in both]


def ichimoku(high: Series, low: Series) -> tuple[list, list, list, list]:
    t, k, b = (windows(n, lambda h, lo: (max(h) + min(lo)) / 2, high, low) for n in (9, 26, 52))
    lead = [(x + y) / 2 for x, y in zip(t, k, strict=True)]
    rows, gap = len(high), [NAN] * 25
    return t, k, [*gap, *lead][:rows], [*gap, *b][:rows]


def chop(high: Series, low: Series, close: Series, n=14) -> list[float]:
    def one(h, lo, ranges):
        return 100 * math.log10(sum(ranges) / (max(h) - min(lo))) / math.log10(n)

    return windows(n, one, high, low, true_range(high, low, close))


def breakout(high: Series, low: Series, close: Series, n=20) -> list[float]:
    def one(h, lo, c):
        top, bottom = max(h[:-1]), min(lo[:-1])
        return (c[-1] - bottom) / (top - bottom)

    return windows(n + 1, one, high, low, close)


def cci(high: Series, low: Series, close: Series, n=20) -> list[float]:
    typical = [(h + lo + c) / 3 for h, lo, c in zip(high, low, close, strict=True)]

    def one(x):
        mean = fmean(x)
        return (x[-1] - mean) / (0.015 * fmean(abs(v - mean) for v in x))

    return windows(n, one, typical)


def percent_b(x: Series, n=20, k=2.0) -> list[float]:
    def one(w):
        low, high = fmean(w) - k * pstdev(w), fmean(w) + k * pstdev(w)
        return (w[-1] - low) / (high - low)

    return windows(n, one, x)


def zscore(x: Series, n=20) -> list[float]:
    return windows(n, lambda w: (w[-1] - fmean(w)) / pstdev(w), x)


def regression(x: Series) -> tuple[float, float, float]:
    """Return the slope, the end and the residual deviation of a least-squares line."""
    times, mean_t, mean = range(len(x)), (len(x) - 1) / 2, fmean(x)
    square = sum((t - mean_t) ** 2 for t in times)
    slope = sum((t - mean_t) * (v - mean) for t, v in zip(times, x, strict=True)) / square
    fit = [mean + slope * (t - mean_t) for t in times]
    rest = math.sqrt(fmean((v - f) ** 2 for v, f in zip(x, fit, strict=True)))
    return slope, fit[-1], rest


def linreg_channel(x: Series, n=100, k=2.0) -> tuple[list, list, list]:
    lines = [regression(x[t - n + 1 : t + 1]) if t >= n - 1 else (NAN,) * 3 for t in range(len(x))]
    return (
        [e + k * r for _, e, r in lines],
        [e for _, e, _ in lines],
        [e - k * r for _, e, r in lines],
    )


def returns(close: Series) -> list[float]:
    return pairs(lambda c: math.log(c[1] / c[0]), close)


def realised_vol(close: Series, n=30, per_year=8760.0) -> list[float]:
    return windows(n, lambda r: 100 * stdev(r) * math.sqrt(per_year), returns(close)[1:])


def parkinson(high: Series, low: Series, n=20, per_year=8760.0) -> list[float]:
    def one(h, lo):
        total = sum(math.log(a / b) ** 2 for a, b in zip(h, lo, strict=True))
        return 100 * math.sqrt(total / (4 * n * math.log(2)) * per_year)

    return windows(n, one, high, low)


def garman_klass(open_: Series, high: Series, low: Series, close: Series, n=20) -> list[float]:
    def one(*bars):
        total = 0.0
        for o, h, lo, c in zip(*bars, strict=True):
            total += math.log(h / lo) ** 2 / 2 - (2 * math.log(2) - 1) * math.log(c / o) ** 2
        return 100 * math.sqrt(total / n * 8760)

    return windows(n, one, open_, high, low, close)


def drifting(bars: Sequence[Series]) -> float:
    """Return the mean of Rogers and Satchell's terms."""
    return fmean(
        math.log(h / c) * math.log(h / o) + math.log(lo / c) * math.log(lo / o)
        for o, h, lo, c in zip(*bars, strict=True)
    )


def rogers_satchell(open_: Series, high: Series, low: Series, close: Series, n=20) -> list[float]:
    def one(*bars):
        return 100 * math.sqrt(drifting(bars) * 8760)

    return windows(n, one, open_, high, low, close)


def yang_zhang(open_: Series, high: Series, low: Series, close: Series, n=20) -> list[float]:
    def one(o, h, lo, c):
        gaps = [math.log(b / a) for a, b in zip(c[:-1], o[1:], strict=True)]
        bodies = [math.log(b / a) for a, b in zip(o[1:], c[1:], strict=True)]
        k = 0.34 / (1.34 + (n + 1) / (n - 1))
        rest = drifting([one[1:] for one in (o, h, lo, c)])
        return 100 * math.sqrt((variance(gaps) + k * variance(bodies) + (1 - k) * rest) * 8760)

    return windows(n + 1, one, open_, high, low, close)


def drawdown(close: Series) -> tuple[list, list, list]:
    fall, worst, bars, peak, since = [], [], [], -math.inf, 0
    for t, c in enumerate(close):
        if c >= peak:
            peak, since = c, t
        fall.append(100 * (c / peak - 1))
        worst.append(min(fall))
        bars.append(t - since)
    return fall, worst, bars


def ulcer(close: Series, n=14) -> list[float]:
    fall = windows(n, lambda w: 100 * (w[-1] / max(w) - 1), close)
    return [NAN] * (n - 1) + windows(n, lambda w: math.sqrt(fmean(v * v for v in w)), fall[n - 1 :])


def relative_volume(volume: Series, n=20) -> list[float]:
    return windows(n + 1, lambda v: v[-1] / median(v[:-1]), volume)


def hourly_volume(volume: Series, n=10, period=24) -> list[float]:
    def one(v):
        return v[-1] / median(v[-1 - lag * period] for lag in range(1, n + 1))

    return windows(n * period + 1, one, volume)


def rank(x: Series, n=100) -> list[float]:
    return windows(n + 1, lambda w: 100 * sum(v <= w[-1] for v in w[:-1]) / n, x)


def covariance(x: Series, y: Series) -> float:
    mean_x, mean_y = fmean(x), fmean(y)
    return fmean((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))


def correlation(close: Series, other: Series, n=168) -> list[float]:
    def one(a, b):
        return covariance(a, b) / (pstdev(a) * pstdev(b))

    return [NAN, *windows(n, one, returns(close)[1:], returns(other)[1:])]


def beta(close: Series, other: Series, n=168) -> list[float]:
    def one(a, b):
        return covariance(a, b) / pvariance(b)

    return [NAN, *windows(n, one, returns(close)[1:], returns(other)[1:])]


def roll_spread(close: Series, n=100) -> list[float]:
    move = pairs(lambda c: c[1] - c[0], close)

    def one(w, c):
        product = covariance(w[1:], w[:-1])
        return 100 * 2 * math.sqrt(-product) / c[-1] if product < 0 else NAN

    return [NAN, *windows(n + 1, one, move[1:], close[1:])]


def corwin_schultz(high: Series, low: Series, n=20) -> list[float]:
    def one(h, lo):
        both = math.log(h[0] / lo[0]) ** 2 + math.log(h[1] / lo[1]) ** 2
        wide = math.log(max(h) / min(lo)) ** 2
        root = 3 - 2 * math.sqrt(2)
        a = (math.sqrt(2 * both) - math.sqrt(both)) / root - math.sqrt(wide / root)
        return max(0.0, 100 * 2 * (math.exp(a) - 1) / (1 + math.exp(a)))

    return [NAN, *windows(n, fmean, pairs(one, high, low)[1:])]


def day_vwap(price: Series, volume: Series, time: Series) -> list[float]:
    out, day, value, size = [], None, 0.0, 0.0
    for t, (p, v, ms) in enumerate(zip(price, volume, time, strict=True)):
        now = datetime.fromtimestamp(ms / 1000, UTC)
        if now.date() != day and (t or now.hour == now.minute == 0):
            value = size = 0.0
            day = now.date()
        elif t == 0:
            day = now.date()
            value = size = NAN
        value, size = value + p * v, size + v
        out.append(value / size)
    return out


def heikin_ashi(open_: Series, high: Series, low: Series, close: Series) -> list[tuple]:
    out: list[tuple] = []
    for o, h, lo, c in zip(open_, high, low, close, strict=True):
        middle = (o + h + lo + c) / 4
        body = (out[-1][0] + out[-1][3]) / 2 if out else (o + c) / 2
        out.append((body, max(h, body, middle), min(lo, body, middle), middle))
    return list(zip(*out, strict=True))


def amihud(close: Series, quote: Series, n=30) -> list[float]:
    cost = [abs(r) / q for r, q in zip(returns(close), quote, strict=True)]
    return [NAN, *windows(n, lambda w: 1e6 * fmean(w), cost[1:])]


def obv_slope(close: Series, volume: Series, n=20) -> list[float]:
    obv = [0.0]
    for (before, now), size in zip(pairwise(close), volume[1:], strict=True):
        obv.append(obv[-1] + size * ((now > before) - (now < before)))
    return windows(n, lambda w, v: regression(w)[0] / fmean(v), obv, volume)


def vwap_z(close: Series, price: Series, volume: Series, time: Series) -> list[float]:
    """The series begins at midnight."""
    out = []
    for t, ms in enumerate(time):
        day = range(
            next(k for k in range(t + 1) if time[k] // 86_400_000 == ms // 86_400_000), t + 1
        )
        size = sum(volume[k] for k in day)
        mean = sum(volume[k] * price[k] for k in day) / size
        spread = sum(volume[k] * (price[k] - mean) ** 2 for k in day) / size
        out.append((close[t] - mean) / math.sqrt(spread) if t > day[0] else NAN)
    return out


def ordered(fast: float, middle: float, slow: float) -> float:
    """Tell how three averages stand."""
    if math.isnan(slow):
        return NAN
    return float((fast > middle > slow) - (fast < middle < slow))


def shocks(sigma: Series, n: int) -> list[float]:
    """The deviation of the changes of the logarithm."""
    moves = [math.log(b / a) for a, b in pairwise(sigma)]
    return [NAN, *windows(n, stdev, moves)]
