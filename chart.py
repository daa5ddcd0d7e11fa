"""Pictures: arrays in, PNG out. Drawn in a pool child, for the plotting library weighs 60 MB.

A drawing is a NamedTuple of plain values that says everything, so that equal drawings are equal
pictures; `png(drawing)` draws any of them. Times are UTC milliseconds, shown in the drawing's zone.
"""

import gc
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from math import floor, isfinite, isnan, log10, nan
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

Array = np.ndarray
Colours = dict[str, Any]

WIDTH, HEIGHT, DPI = 8.0, 5.2, 125
SMALL, LETTER = 10.5, 0.0109
THEMES: dict[str, dict[str, Any]] = {
    "dark": {
        "back": "#131722",
        "text": "#e6e8ee",
        "grid": "#2a2e39",
        "faint": "#a9adb8",
        "up": "#26a69a",
        "down": "#ef5350",
        "line": ("#4c9aff", "#f0a020", "#c77dea", "#3fb950"),
    },
    "light": {
        "back": "#ffffff",
        "text": "#1e222d",
        "grid": "#e3e6ec",
        "faint": "#565a66",
        "up": "#089981",
        "down": "#d9342b",
        "line": ("#1f6feb", "#b35c00", "#8e3fb5", "#1a7f37"),
    },
}
MARKS = {"buy": "^", "sell": "v", "alarm": "D", "stop": "_", "target": "_"}
HOUR, DAY = 3_600_000, 86_400_000
SCALES = ((1e9, "B"), (1e6, "M"), (1e3, "K"))


class Look(NamedTuple):
    """How a picture is shown: dark or light, in which zone, with a decimal comma or a point."""

    theme: str = "dark"
    zone: str = "Europe/Istanbul"
    comma: bool = True


def look_of(user: Any) -> Look:
    """Return how a bot.User wants pictures."""
    return Look(user.theme, user.zone.key, user.lang == "tr")


class Line(NamedTuple):
    """A named series over the bars; `bars` draws it as columns, `fill` down to 0."""

    label: str
    values: Array
    bars: bool = False
    fill: bool = False


class Band(NamedTuple):
    """Two series with the room between them shaded."""

    label: str
    upper: Array
    lower: Array


class Pane(NamedTuple):
    """A strip below the price: lines, and levels to hold them against."""

    title: str
    lines: tuple[Line, ...]
    levels: tuple[float, ...] = ()


class Mark(NamedTuple):
    """Something at a price: buy, sell, alarm, stop or target; without a time all along the bars."""

    kind: str
    price: float
    text: str = ""
    time: float = nan


class Candlesticks(NamedTuple):
    """Candles with volume, overlays, marks and panes; `digits` are the decimals of a price.

    `last` is the price since the last bar, where it is known.
    """

    title: str
    time: Array
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    overlays: tuple[Line | Band, ...] = ()
    panes: tuple[Pane, ...] = ()
    marks: tuple[Mark, ...] = ()
    digits: int = 2
    look: Look = Look()
    last: float = nan


class Curves(NamedTuple):
    """Panes of series over the same times, one above the other; the first is the tallest."""

    title: str
    time: Array
    panes: tuple[Pane, ...]
    look: Look = Look()


class Table(NamedTuple):
    """Numbers as colours, written into their cells; `low` and `high` are the ends of the scale."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array
    low: float = -1.0
    high: float = 1.0
    digits: int = 2
    look: Look = Look()
    row_title: str = ""
    column_title: str = ""


class Map(NamedTuple):
    """Named areas as large as their size and as green or red as their change in percent."""

    title: str
    names: tuple[str, ...]
    sizes: Array
    changes: Array
    look: Look = Look()


class Shares(NamedTuple):
    """Parts of a whole as bars with their share in percent."""

    title: str
    names: tuple[str, ...]
    values: Array
    look: Look = Look()


Drawing = Candlesticks | Curves | Table | Map | Shares


@cache
def begin() -> None:
    """Load the plotting library, and never again look for garbage among what it is made of."""
    from matplotlib.figure import Figure

    figure = Figure()
    figure.text(0, 0, "x")
    figure.savefig(io.BytesIO())
    gc.collect()
    gc.freeze()


def png(drawing: Drawing) -> bytes:
    """Return the picture of a drawing, about 1000 × 650 pixels. Raises ValueError for no data."""
    begin()
    try:
        return drawn(drawing)
    finally:
        gc.collect()


def drawn(drawing: Drawing) -> bytes:
    """Draw a figure; its parts hold each other, so that only the collector frees them."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    colours = THEMES[drawing.look.theme]
    with rc_context({"font.family": "DejaVu Sans", "font.size": 11, "text.parse_math": False}):
        figure = Figure((WIDTH, HEIGHT), dpi=DPI, facecolor=colours["back"])
        DRAWN[type(drawing)](figure, drawing, colours)
        figure.text(0.012, 0.985, drawing.title, va="top", color=colours["text"], weight="bold")
        out = io.BytesIO()
        figure.savefig(
            out, format="png", facecolor=colours["back"], pil_kwargs={"compress_level": 3}
        )
    return out.getvalue()


def strips(figure: Any, heights: Sequence[float], colours: Colours, letters: int = 6) -> list[Any]:
    """Return axes one above the other that share their times, `letters` of room on the right."""
    total, top, axes = sum(heights), 0.935, list[Any]()
    for height in heights:
        room = 0.87 * height / total
        at = (0.012, top - room, 0.97 - LETTER * letters, room - 0.012)
        axes.append(figure.add_axes(at, sharex=axes[0] if axes else None))
        top -= room
    for axis in axes:
        dress(axis, colours)
        axis.tick_params(labelbottom=axis is axes[-1])
    return axes


def dress(axis: Any, colours: Colours) -> None:
    """Give axes their colours and a grid."""
    axis.set_facecolor(colours["back"])
    axis.yaxis.tick_right()
    axis.tick_params(colors=colours["faint"], length=0, labelsize=SMALL)
    axis.grid(color=colours["grid"], linewidth=0.6)
    axis.set_axisbelow(True)
    for side in axis.spines.values():
        side.set_color(colours["grid"])


def written(value: float, digits: int, look: Look) -> str:
    """Return a number with its decimals, thousands marked, as the reader writes it."""
    if not isfinite(value):
        return "—"
    words = f"{value:,.{digits}f}"
    return words.translate(str.maketrans(",.", ".,")) if look.comma else words


def clock_axis(axis: Any, time: Array, look: Look) -> None:
    """Write times under bars that stand at 0, 1, 2 …, days where the bars reach far."""
    zone, far = ZoneInfo(look.zone), time[-1] - time[0]
    form = "%H:%M" if far < 2 * DAY else "%d.%m %H:%M" if far < 12 * DAY else "%d.%m.%y"
    places = np.unique(np.linspace(0, len(time) - 1, 8).astype(int)[1:-1])
    texts = [datetime.fromtimestamp(time[i] / 1000, zone).strftime(form) for i in places]
    axis.set_xticks(places, texts)
    axis.set_xlim(-0.8, len(time) - 0.2 + 0.02 * len(time))


def number_axis(axis: Any, look: Look, count: int, hidden: float = nan) -> None:
    """Write some round numbers beside the axes as the reader does, none too near a hidden one.

    Big ones are written as 20M where none is hidden, for then they are no prices.
    """
    from matplotlib.ticker import MaxNLocator

    low, high = axis.get_ylim()
    places = MaxNLocator(count, steps=[1, 2, 5, 10]).tick_values(low, high)
    step, room = float(places[1] - places[0]), (high - low) * 0.045
    places = [
        x for x in places if low + room < x < high - room and not abs(x - hidden) < 1.8 * room
    ]
    size = max(-low, high) if isnan(hidden) else 0
    scale, mark = next((p for p in SCALES if size >= max(2 * p[0], 1e5)), (1.0, ""))
    digits = max(0, -floor(log10(step / scale) + 1e-9))
    axis.set_yticks(places, [written(x / scale, digits, look) + mark for x in places])


def candlesticks(figure: Any, d: Candlesticks, colours: Colours) -> None:
    """Draw candles, volume, overlays, marks and panes."""
    if not len(d.close):
        raise ValueError("no candles")
    last = d.last if isfinite(d.last) else float(d.close[-1])
    heights, words = [5, 1, *[1.6] * len(d.panes)], written(last, d.digits, d.look)
    price, volume, *others = strips(figure, heights, colours, len(words))
    rising = d.close >= d.open
    shades = np.where(rising, colours["up"], colours["down"]).tolist()
    sticks(price, d, shades)
    boxes(volume, np.zeros(len(d.volume)), d.volume, shades)
    volume.set_ylim(0, float(np.nanmax(d.volume)) * 1.05 or 1)
    volume.set_yticks([])
    for i, one in enumerate(d.overlays):
        overlay(price, one, colours["line"][i % 4])
    limits(price, d)
    place_marks(price, d, colours)
    tag(price, d, last, words, colours)
    for axis, pane in zip(others, d.panes, strict=True):
        strip(axis, pane, d.look, colours)
    clock_axis(price, d.time, d.look)
    legend(price, colours)


def tag(axis: Any, d: Candlesticks, last: float, words: str, colours: Colours) -> None:
    """Write the last price on the scale, and round prices where it leaves room."""
    number_axis(axis, d.look, 7, last)
    rising = last >= (d.close if isfinite(d.last) else d.open)[-1]
    shade = colours["up" if rising else "down"]
    axis.axhline(last, color=shade, linewidth=0.8, linestyle=(0, (1, 2)))
    box = {"facecolor": shade, "edgecolor": "none", "pad": 2}
    style = {"color": "white", "fontsize": SMALL, "va": "center", "bbox": box}
    axis.text(1.004, last, words, transform=axis.get_yaxis_transform(), **style)


def sticks(axis: Any, d: Candlesticks, shades: list[str]) -> None:
    """Draw wicks and bodies."""
    from matplotlib.collections import LineCollection

    x = np.arange(len(d.close))
    wicks = np.stack([np.stack([x, d.low], 1), np.stack([x, d.high], 1)], 1)
    axis.add_collection(LineCollection(wicks, colors=shades, linewidths=0.9))
    low, high = np.minimum(d.open, d.close), np.maximum(d.open, d.close)
    thin = 0.0008 * float(d.high.max() - d.low.min())
    boxes(axis, low, np.maximum(high, low + thin), shades)


def boxes(axis: Any, low: Array, high: Array, shades: list[str] | str) -> None:
    """Draw a column for each bar."""
    from matplotlib.collections import PolyCollection

    x = np.arange(len(low))
    left, right = x - 0.36, x + 0.36
    corners = np.stack([[left, low], [left, high], [right, high], [right, low]]).transpose(2, 0, 1)
    axis.add_collection(PolyCollection(corners, facecolors=shades, linewidths=0))


def overlay(axis: Any, one: Line | Band, shade: str) -> None:
    """Draw a line or a band over the candles."""
    if isinstance(one, Line):
        axis.plot(one.values, color=shade, linewidth=1.2, label=one.label)
        return
    x = np.arange(len(one.upper))
    axis.fill_between(x, one.lower, one.upper, color=shade, alpha=0.10, linewidth=0)
    axis.plot(one.upper, color=shade, linewidth=0.8, label=one.label)
    axis.plot(one.lower, color=shade, linewidth=0.8)


def limits(axis: Any, d: Candlesticks) -> None:
    """Leave room above and below the candles, and for marks that are near them."""
    low, high = float(np.fmin(d.low.min(), d.last)), float(np.fmax(d.high.max(), d.last))
    room = (high - low) or abs(high) * 0.01 or 1.0
    near = [m.price for m in d.marks if low - room / 2 < m.price < high + room / 2]
    # The name of a mark stays below those of the lines.
    named = 0.08 * room if d.overlays else 0.0
    top = max([high, *(price + named for price in near)])
    axis.set_ylim(min([low, *near]) - 0.05 * room, top + 0.09 * room)


def place_marks(axis: Any, d: Candlesticks, colours: Colours) -> None:
    """Draw marks: at their time, or as a line all along."""
    low, high = axis.get_ylim()
    shades = {"buy": colours["up"], "target": colours["up"], "alarm": colours["line"][1]}
    # Neighbours in price have their names side by side.
    near = sorted((mark for mark in d.marks if low <= mark.price <= high), key=lambda m: m.price)
    for i, mark in enumerate(near):
        shade = shades.get(mark.kind, colours["down"])
        if isfinite(mark.time):
            x = int(np.searchsorted(d.time, mark.time, "right")) - 1
            style = {"marker": MARKS[mark.kind], "color": shade, "markeredgecolor": colours["back"]}
            axis.plot([max(x, 0)], [mark.price], markersize=9, linestyle="none", **style)
        else:
            axis.axhline(mark.price, color=shade, linewidth=0.9, linestyle=(0, (5, 3)))
            box = {"facecolor": colours["back"], "edgecolor": shade, "linewidth": 0.8, "pad": 1.5}
            style = {"va": "center", "fontsize": SMALL - 1, "color": shade, "bbox": box}
            axis.text(
                0.008 + 0.2 * (i % 4),
                mark.price,
                mark.text,
                transform=axis.get_yaxis_transform(),
                **style,
            )


def strip(axis: Any, pane: Pane, look: Look, colours: Colours) -> None:
    """Draw a pane: its lines and columns, its levels, its name."""
    for i, line in enumerate(pane.lines):
        shade, x = colours["line"][i % 4], np.arange(len(line.values))
        if line.bars:
            shades = np.where(line.values >= 0, colours["up"], colours["down"]).tolist()
            boxes(axis, np.minimum(0, line.values), np.maximum(0, line.values), shades)
            axis.autoscale_view()
        else:
            axis.plot(x, line.values, color=shade, linewidth=1.2, label=line.label)
        if line.fill:
            axis.fill_between(x, line.values, 0, color=shade, alpha=0.22, linewidth=0)
    for level in pane.levels:
        axis.axhline(level, color=colours["faint"], linewidth=0.7, linestyle=(0, (4, 4)))
    low, high = axis.get_ylim()
    axis.set_ylim(low, high + 0.2 * (high - low))
    number_axis(axis, look, 3 + int(6 * axis.get_position().height))
    legend(axis, colours, pane.title)


def legend(axis: Any, colours: Colours, title: str = "") -> None:
    """Write a title and the names of the lines in one row at the top left."""
    from matplotlib.lines import Line2D

    handles, names = axis.get_legend_handles_labels()
    if title:
        named = list(zip(handles, names, strict=True)) if len(names) > 1 else []
        handles = [Line2D([], [], linestyle="none"), *(handle for handle, _ in named)]
        names = [title, *(name for _, name in named)]
    if names:
        style = {"loc": "upper left", "ncols": 6, "fontsize": SMALL, "borderpad": 0.1}
        frame = {"facecolor": colours["back"], "edgecolor": "none", "framealpha": 0.6}
        room = {"handlelength": 1.0 if not title else 0.9, "columnspacing": 0.9}
        axis.legend(handles, names, labelcolor=colours["text"], **style, **frame, **room)


def curves(figure: Any, d: Curves, colours: Colours) -> None:
    """Draw panes of series one above the other."""
    if not len(d.time):
        raise ValueError("no times")
    axes = strips(figure, [3, *[1.6] * (len(d.panes) - 1)], colours)
    for axis, pane in zip(axes, d.panes, strict=True):
        strip(axis, pane, d.look, colours)
    clock_axis(axes[0], d.time, d.look)


def table(figure: Any, d: Table, colours: Colours) -> None:
    """Draw numbers as colours from red over the background to green."""
    from matplotlib.colors import LinearSegmentedColormap

    wide = max(map(len, d.columns)) * len(d.columns) > 70
    axis = figure.add_axes((0.125, 0.2, 0.865, 0.725) if wide else (0.125, 0.13, 0.865, 0.795))
    shades = LinearSegmentedColormap.from_list(
        "", [colours["down"], colours["back"], colours["up"]]
    )
    axis.set_facecolor(colours["grid"])
    axis.imshow(d.values, cmap=shades, vmin=d.low, vmax=d.high, aspect="auto")
    axis.tick_params(colors=colours["faint"], length=0, labelsize=SMALL)
    for names, put, turn in ((d.columns, axis.set_xticks, 90 * wide), (d.rows, axis.set_yticks, 0)):
        step = max(1, len(names) // 20)
        put(range(0, len(names), step), names[::step], rotation=turn)
    axis.set_xlabel(d.column_title, color=colours["faint"])
    axis.set_ylabel(d.row_title, color=colours["faint"])
    if d.values.size <= 150 and len(d.columns) <= 25:
        for (i, j), value in np.ndenumerate(d.values):
            words = written(float(value), d.digits, d.look)
            axis.text(j, i, words, ha="center", va="center", color=colours["text"])
    for side in axis.spines.values():
        side.set_color(colours["grid"])


def heat_map(figure: Any, d: Map, colours: Colours) -> None:
    """Draw areas by size, the largest first, green and red by their change."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    axis = figure.add_axes((0.008, 0.012, 0.984, 0.925))
    axis.set(xlim=(0, 160), ylim=(100, 0))
    axis.axis("off")
    shades = LinearSegmentedColormap.from_list("", ["#c62828", "#4a505e", "#1b8a5a"])
    order = np.argsort(-d.sizes, kind="stable")
    for i, (x, y, wide, high) in zip(order, tiles(d.sizes[order], 160.0, 100.0), strict=True):
        change = float(d.changes[i])
        shade = shades(0.5 + np.clip(change / 10, -0.5, 0.5) if isfinite(change) else 0.5)
        axis.add_patch(Rectangle((x, y), wide, high, facecolor=shade, edgecolor=colours["back"]))
        style = {"ha": "center", "va": "center", "color": "white"}
        name, more = d.names[i], f"\n{'+' if change > 0 else ''}{written(change, 1, d.look)}%"
        more = more if isfinite(change) else ""
        size = min(wide * 4.6 / max(len(name), len(more)), high * 1.2, 24)
        if size < 8:
            size, more = min(wide * 4.6 / len(name), high * 2.2, 9), ""
        if size >= 6:
            axis.text(x + wide / 2, y + high / 2, name + more, fontsize=size, **style)


def tiles(sizes: Array, wide: float, high: float) -> list[tuple[float, float, float, float]]:
    """Return x, y, width, height of areas as near to squares as can be (Bruls and others 2000).

    `sizes` fall; their sum fills the room.
    """
    areas = (sizes * (wide * high / sizes.sum())).tolist()
    out, x, y, i = list[tuple[float, float, float, float]](), 0.0, 0.0, 0
    while i < len(areas):
        side, n, total = min(wide, high), 1, areas[i]
        worst = ragged(areas[i : i + 1], total, side)
        while i + n < len(areas):
            more = ragged(areas[i : i + n + 1], total + areas[i + n], side)
            if more > worst:
                break
            worst, total, n = more, total + areas[i + n], n + 1
        deep, at = total / side, 0.0
        for area in areas[i : i + n]:
            long = area / deep
            out.append((x, y + at, deep, long) if wide > high else (x + at, y, long, deep))
            at += long
        if wide > high:
            x, wide = x + deep, wide - deep
        else:
            y, high = y + deep, high - deep
        i += n
    return out


def ragged(row: list[float], total: float, side: float) -> float:
    """Return the worst ratio of sides in a row of areas laid along a side."""
    return max(side * side * max(row) / total**2, total**2 / (side * side * min(row)))


def shares(figure: Any, d: Shares, colours: Colours) -> None:
    """Draw parts of a whole as lying bars, the largest on top."""
    axis = figure.add_axes((0.16, 0.03, 0.7, 0.9))
    dress(axis, colours)
    order = np.argsort(d.values, kind="stable")
    part = 100 * d.values[order] / d.values.sum()
    axis.barh(range(len(order)), part, color=colours["line"][0], height=0.7)
    axis.yaxis.tick_left()
    axis.set_yticks(range(len(order)), [d.names[i] for i in order], color=colours["text"])
    axis.set_xticks([])
    for at, value in enumerate(part):
        words = f"{written(float(value), 1, d.look)}%"
        axis.text(value, at, f" {words}", va="center", color=colours["text"])


DRAWN: dict[type, Callable[[Any, Any, Colours], None]] = {
    Candlesticks: candlesticks,
    Curves: curves,
    Table: table,
    Map: heat_map,
    Shares: shares,
}
