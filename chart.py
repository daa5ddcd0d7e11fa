"""Pictures: arrays in, PNG out. Drawn in a pool child, for the plotting library weighs 60 MB.

A drawing is a NamedTuple of plain values that says everything, so that equal drawings are equal
pictures; `png(drawing)` draws any of them. Times are UTC milliseconds, shown in the drawing's zone.
"""

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from math import isfinite, nan
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

Array = np.ndarray

WIDTH, HEIGHT, DPI = 8.0, 5.2, 125
SHARE = {"up": "#26a69a", "down": "#ef5350", "line": ("#2f81f7", "#f0a020", "#b565d8", "#3fb950")}
THEMES = {
    "dark": {"back": "#131722", "text": "#d1d4dc", "grid": "#2a2e39", "faint": "#868993"},
    "light": {"back": "#ffffff", "text": "#1e222d", "grid": "#e3e6ec", "faint": "#787b86"},
}
MARKS = {"buy": "^", "sell": "v", "alarm": "D", "stop": "_", "target": "_"}
HOUR, DAY = 3_600_000, 86_400_000


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
    """Candles with volume, overlays, marks and panes; `digits` are the decimals of a price."""

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


def png(drawing: Drawing) -> bytes:
    """Return the picture of a drawing, about 1000 × 650 pixels. Raises ValueError for no data."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    colours = THEMES[drawing.look.theme]
    with rc_context({"font.family": "DejaVu Sans", "font.size": 9, "text.parse_math": False}):
        figure = Figure((WIDTH, HEIGHT), dpi=DPI, facecolor=colours["back"])
        DRAWN[type(drawing)](figure, drawing, colours)
        figure.text(0.012, 0.985, drawing.title, va="top", color=colours["text"], weight="bold")
        out = io.BytesIO()
        figure.savefig(
            out, format="png", facecolor=colours["back"], pil_kwargs={"compress_level": 3}
        )
    return out.getvalue()


def strips(figure: Any, heights: Sequence[float], colours: dict[str, str]) -> list[Any]:
    """Return axes one above the other that share their times, prices on the right."""
    total, top, axes = sum(heights), 0.945, list[Any]()
    for height in heights:
        room = 0.88 * height / total
        at = (0.012, top - room, 0.905, room - 0.012)
        axes.append(figure.add_axes(at, sharex=axes[0] if axes else None))
        top -= room
    for axis in axes:
        dress(axis, colours)
        axis.tick_params(labelbottom=axis is axes[-1])
    return axes


def dress(axis: Any, colours: dict[str, str]) -> None:
    """Give axes their colours and a grid."""
    axis.set_facecolor(colours["back"])
    axis.yaxis.tick_right()
    axis.tick_params(colors=colours["faint"], length=0, labelsize=8)
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


def number_axis(axis: Any, digits: int, look: Look) -> None:
    """Write the numbers beside the axes as the reader does."""
    axis.yaxis.set_major_formatter(lambda value, _: written(value, digits, look))


def candlesticks(figure: Any, d: Candlesticks, colours: dict[str, str]) -> None:
    """Draw candles, volume, overlays, marks and panes."""
    if not len(d.close):
        raise ValueError("no candles")
    price, volume, *others = strips(figure, [5, 1, *[1.5] * len(d.panes)], colours)
    rising = d.close >= d.open
    shades = np.where(rising, SHARE["up"], SHARE["down"]).tolist()
    sticks(price, d, shades)
    boxes(volume, np.zeros(len(d.volume)), d.volume, shades)
    volume.set_ylim(0, float(np.nanmax(d.volume)) * 1.05 or 1)
    volume.set_yticks([])
    for i, one in enumerate(d.overlays):
        overlay(price, one, SHARE["line"][i % 4])
    limits(price, d)
    place_marks(price, d, colours)
    last_price(price, d)
    number_axis(price, d.digits, d.look)
    for axis, pane in zip(others, d.panes, strict=True):
        strip(axis, pane, d.look, colours)
    clock_axis(price, d.time, d.look)
    legend(price, colours)


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
    low, high = float(d.low.min()), float(d.high.max())
    room = (high - low) or abs(high) * 0.01 or 1.0
    near = [m.price for m in d.marks if low - room / 2 < m.price < high + room / 2]
    axis.set_ylim(min([low, *near]) - 0.05 * room, max([high, *near]) + 0.09 * room)


def place_marks(axis: Any, d: Candlesticks, colours: dict[str, str]) -> None:
    """Draw marks: at their time, or as a line all along."""
    low, high = axis.get_ylim()
    shades = {"buy": SHARE["up"], "target": SHARE["up"], "alarm": SHARE["line"][1]}
    for mark in d.marks:
        shade = shades.get(mark.kind, SHARE["down"])
        if not low <= mark.price <= high:
            continue
        if isfinite(mark.time):
            x = int(np.searchsorted(d.time, mark.time, "right")) - 1
            style = {"marker": MARKS[mark.kind], "color": shade, "markeredgecolor": colours["back"]}
            axis.plot([max(x, 0)], [mark.price], markersize=9, linestyle="none", **style)
        else:
            axis.axhline(mark.price, color=shade, linewidth=0.9, linestyle=(0, (5, 3)))
            place = (0.004, mark.price)
            style = {"transform": axis.get_yaxis_transform(), "va": "bottom", "fontsize": 8}
            axis.text(*place, mark.text, color=shade, **style)


def last_price(axis: Any, d: Candlesticks) -> None:
    """Write the last close on the scale."""
    last = float(d.close[-1])
    shade = SHARE["up"] if last >= d.open[-1] else SHARE["down"]
    axis.axhline(last, color=shade, linewidth=0.7, linestyle=(0, (1, 2)))
    axis.annotate(
        written(last, d.digits, d.look),
        (1, last),
        (3, 0),
        xycoords=axis.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        color="white",
        fontsize=8,
        bbox={"facecolor": shade, "edgecolor": "none", "pad": 1.8},
        annotation_clip=False,
    )


def strip(axis: Any, pane: Pane, look: Look, colours: dict[str, str]) -> None:
    """Draw a pane: its lines and columns, its levels, its name."""
    for i, line in enumerate(pane.lines):
        shade, x = SHARE["line"][i % 4], np.arange(len(line.values))
        if line.bars:
            shades = np.where(line.values >= 0, SHARE["up"], SHARE["down"]).tolist()
            boxes(axis, np.minimum(0, line.values), np.maximum(0, line.values), shades)
            axis.autoscale_view()
        else:
            axis.plot(x, line.values, color=shade, linewidth=1.2, label=line.label)
        if line.fill:
            axis.fill_between(x, line.values, 0, color=shade, alpha=0.22, linewidth=0)
    for level in pane.levels:
        axis.axhline(level, color=colours["faint"], linewidth=0.7, linestyle=(0, (4, 4)))
    known = np.concatenate([line.values for line in pane.lines])
    size = float(np.nanmax(np.abs(known), initial=0))
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 5
    number_axis(axis, digits, look)
    axis.yaxis.set_major_locator(ticks(3))
    style = {"transform": axis.transAxes, "va": "top", "fontsize": 8, "color": colours["faint"]}
    axis.text(0.004, 0.95, pane.title, **style)
    if len(pane.lines) > 1:
        legend(axis, colours, 0.02 + 0.009 * len(pane.title))


def ticks(count: int) -> Any:
    """Return a locator of about so many round numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(count, prune="both")


def legend(axis: Any, colours: dict[str, str], left: float = 0.0) -> None:
    """Name the lines in one row at the top left."""
    if axis.get_legend_handles_labels()[0]:
        style = {"loc": "upper left", "ncols": 6, "frameon": False, "fontsize": 8}
        place = {"bbox_to_anchor": (left, 1.03), "handlelength": 1.2, "columnspacing": 1.0}
        axis.legend(labelcolor=colours["text"], **style, **place)


def curves(figure: Any, d: Curves, colours: dict[str, str]) -> None:
    """Draw panes of series one above the other."""
    if not len(d.time):
        raise ValueError("no times")
    axes = strips(figure, [3, *[1.6] * (len(d.panes) - 1)], colours)
    for axis, pane in zip(axes, d.panes, strict=True):
        strip(axis, pane, d.look, colours)
    clock_axis(axes[0], d.time, d.look)


def table(figure: Any, d: Table, colours: dict[str, str]) -> None:
    """Draw numbers as colours from red over the background to green."""
    from matplotlib.colors import LinearSegmentedColormap

    axis = figure.add_axes((0.1, 0.11, 0.88, 0.82))
    shades = LinearSegmentedColormap.from_list("", [SHARE["down"], colours["back"], SHARE["up"]])
    axis.imshow(d.values, cmap=shades, vmin=d.low, vmax=d.high, aspect="auto")
    axis.tick_params(colors=colours["faint"], length=0, labelsize=8)
    for names, put in ((d.columns, axis.set_xticks), (d.rows, axis.set_yticks)):
        step = max(1, len(names) // 20)
        put(range(0, len(names), step), names[::step])
    axis.set_xlabel(d.column_title, color=colours["faint"])
    axis.set_ylabel(d.row_title, color=colours["faint"])
    if d.values.size <= 400:
        for (i, j), value in np.ndenumerate(d.values):
            words = written(float(value), d.digits, d.look)
            axis.text(j, i, words, ha="center", va="center", color=colours["text"], fontsize=8)
    for side in axis.spines.values():
        side.set_color(colours["grid"])


def heat_map(figure: Any, d: Map, colours: dict[str, str]) -> None:
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
        shade = (
            shades(0.5 + np.clip(change / 10, -0.5, 0.5)) if isfinite(change) else colours["grid"]
        )
        axis.add_patch(Rectangle((x, y), wide, high, facecolor=shade, edgecolor=colours["back"]))
        size = min(wide * 2.6 / max(len(d.names[i]), 5), high * 1.5, 22)
        if size >= 5:
            words = f"{d.names[i]}\n{'+' if change > 0 else ''}{written(change, 1, d.look)}%"
            place = (x + wide / 2, y + high / 2)
            axis.text(*place, words, ha="center", va="center", color="white", fontsize=size)


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


def shares(figure: Any, d: Shares, colours: dict[str, str]) -> None:
    """Draw parts of a whole as lying bars, the largest on top."""
    axis = figure.add_axes((0.16, 0.03, 0.7, 0.9))
    dress(axis, colours)
    order = np.argsort(d.values, kind="stable")
    part = 100 * d.values[order] / d.values.sum()
    axis.barh(range(len(order)), part, color=SHARE["line"][0], height=0.7)
    axis.yaxis.tick_left()
    axis.set_yticks(range(len(order)), [d.names[i] for i in order], color=colours["text"])
    axis.set_xticks([])
    for at, value in enumerate(part):
        words = f"{written(float(value), 1, d.look)}%"
        axis.text(value, at, f" {words}", va="center", color=colours["text"])


DRAWN: dict[type, Callable[[Any, Any, dict[str, str]], None]] = {
    Candlesticks: candlesticks,
    Curves: curves,
    Table: table,
    Map: heat_map,
    Shares: shares,
}
