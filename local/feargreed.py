"""alternative.me's index in front of the tape: each day's value follows from Bitcoin before it."""

import time
from collections.abc import Callable

import numpy as np
from requests import PreparedRequest

from local.coins import Coins
from local.faces import answer, call
from local.markets import Answer, Face

HOST = "api.alternative.me"
FIRST_DAY = int(np.datetime64("2018-02-01", "D").astype(np.int64))
DAY = 86400
CLASSES = (
    (24, "Extreme Fear"),
    (46, "Fear"),
    (54, "Neutral"),
    (74, "Greed"),
    (100, "Extreme Greed"),
)


def index(coins: Coins, first: int, last: int) -> np.ndarray:
    """Return the index of days, counted since 1970: Bitcoin's month and week against its noise."""
    closes = coins.closes("BTC", np.arange(first - 91, last + 1) * 24 - 1)
    logs = np.log(closes)
    returns = np.diff(logs)
    windows = np.lib.stride_tricks.sliding_window_view(returns, 90)
    calm = windows[:, -30:].std(axis=1) / windows.std(axis=1) - 1
    month, week = logs[91:] - logs[61:-30], logs[91:] - logs[84:-7]
    value = 50 + 30 * np.tanh(month / 0.2) + 12 * np.tanh(week / 0.08)
    value -= 14 * np.tanh(calm[1:] / 0.4)
    return np.clip(np.rint(value), 3, 97).astype(int)


class FearGreed:
    """Answer what alternative.me would say at the clock's time."""

    def __init__(self, coins: Coins, clock: Callable[[], float] = time.time) -> None:
        self._coins, self._clock = coins, clock

    def faces(self) -> dict[str, Face]:
        """Return what answers for the host."""
        return {HOST: self.answer}

    def answer(self, request: PreparedRequest) -> Answer:
        """Return the index of the last days, the newest first; all of them for a limit of 0."""
        asked = call(request, self._clock)
        if asked.path != "fng":
            return answer({"error": "Not found"}, asked.now_ms, 404)
        today, passed = divmod(asked.now_ms // 1000, DAY)
        limit = asked.sent.get("limit", "1")
        days = int(limit) if limit.isdecimal() else 1
        first = max(FIRST_DAY, today - days + 1) if days else FIRST_DAY
        values = index(self._coins, first, today)[::-1].tolist()
        rows = [row(value, (today - i) * DAY) for i, value in enumerate(values)]
        rows[0]["time_until_update"] = str(DAY - passed)
        body = {"name": "Fear and Greed Index", "data": rows, "metadata": {"error": None}}
        return answer(body, asked.now_ms)


def row(value: int, second: int) -> dict[str, str]:
    """Return a day's value with its class, all of it as text."""
    label = next(name for most, name in CLASSES if value <= most)
    return {"value": str(value), "value_classification": label, "timestamp": str(second)}
