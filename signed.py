"""Signed requests to the exchange, each with one of four ends: unsent, refused, done, unsure."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import requests
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from bot import UserError
from net import DEADLINE, KEEP, TIMEOUT, Host, NetError, closing, complaint, whole
from orders import ACCEPTED, NOT_SENT, REFUSED, UNSURE, plain
from refusals import sentence
from vault import Pair, mask

WINDOW, BEHIND, SYNC = 5000, 100, 3600
URGENT = 1 / (1 - KEEP)
TIME, LATE, READS = "/api/v3/time", -1021, 3
UNKNOWN = frozenset((-1000, -1001, -1006, -1007, -1008))
UNMADE = (NewConnectionError, ConnectTimeoutError, NameResolutionError)
PLAIN = {
    -2015: (
        "Binance bu anahtarı kabul etmiyor: silinmiş, bu IP'ye kapalı ya da yetkisiz (-2015).",
        "Binance does not accept this key: deleted, closed to this IP or not allowed (-2015).",
    ),
    -2014: ("Anahtarın biçimi yanlış (-2014).", "The key has the wrong form (-2014)."),
    -1022: ("Gizli anahtar yanlış (-1022).", "The secret is wrong (-1022)."),
}


class Result(NamedTuple):
    """How a request ended; `body` is what was told where it was accepted."""

    outcome: str
    body: Any = None
    code: int = 0
    text: str = ""


class Signed:
    """Ask one account's questions. The pair is in memory only, and in no message of an error."""

    def __init__(
        self,
        host: Host,
        pair: Pair,
        session: requests.Session,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        on_state: Callable[[Host], None] = lambda _: None,
        halted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.host, self._pair, self._session = host, pair, session
        self._clock, self._sleep, self._on_state = clock, sleep, on_state
        self._halted = halted
        self._offset, self._synced = 0.0, 0.0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Signed({self.host.name}, {mask(self._pair.key)})"

    def read(self, path: str, weight: int, **params: Any) -> Any:
        """Return what a question is answered with, asked again where need be. Raises UserError."""
        result = Result(UNSURE)
        for again in range(READS):
            result = self.send("GET", path, weight, **params)
            if result.outcome in (ACCEPTED, REFUSED):
                break
            self._sleep(0.5 * 2**again)
        if result.outcome != ACCEPTED:
            raise refusal(result, self.host.name)
        return result.body

    def send(
        self, method: str, path: str, weight: int, urgent: bool = False, **params: Any
    ) -> Result:
        """Send a request once, anew only where the exchange's clock says it came too late."""
        result = self._once(method, path, weight, urgent, params)
        if result.code == LATE and result.outcome == REFUSED:
            self._synced = 0.0
            result = self._once(method, path, weight, urgent, params)
        return result

    def _once(
        self, method: str, path: str, weight: int, urgent: bool, params: Mapping[str, Any]
    ) -> Result:
        try:
            self._sync()
            self.host.acquire(weight, URGENT if urgent else 1, 0)
            response = self._ask(method, path, params)
        except NetError as error:
            told = sentence(error, self._clock())
            return Result(NOT_SENT, (told.tr, told.en), error.code, told.en)
        except requests.RequestException as error:
            if made(error):
                self.host.fail()
                return Result(UNSURE, text=type(error).__name__)
            return Result(NOT_SENT, text="no connection to the exchange")
        return self._read(response)

    def _ask(self, method: str, path: str, params: Mapping[str, Any]) -> requests.Response:
        """Send exactly the bytes that were signed: in the body of a POST, else in the address."""
        stamp = int((self._clock() + self._offset) * 1000) - BEHIND
        # Paused from here on, the request comes too late for the exchange; before, for this.
        if self._halted():
            raise NetError("halted", self.host.name)
        payload = encoded({**params, "recvWindow": WINDOW, "timestamp": stamp})
        secret = self._pair.secret.encode()
        payload += "&signature=" + hmac.new(secret, payload.encode(), hashlib.sha256).hexdigest()
        post = method == "POST"
        headers = {"X-MBX-APIKEY": self._pair.key, "Accept": "application/json"}
        if post:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        address = self.host.base + path + ("" if post else f"?{payload}")
        asked = requests.Request(method, address, headers, data=payload if post else None).prepare()
        if not post and not str(asked.url).endswith(payload):
            raise RuntimeError("the address is not what was signed")
        return self._fetched(asked)

    def _fetched(self, asked: requests.PreparedRequest) -> requests.Response:
        end = time.monotonic() + DEADLINE
        response = self._session.send(asked, timeout=TIMEOUT, allow_redirects=False, stream=True)
        whole(response, end)
        return response

    def _read(self, response: requests.Response) -> Result:
        """Return what an answer means, and note what it says of the host."""
        self.host.weigh(response)
        closed = closing(response, self._clock())
        answered = response.status_code < 300 or definite(response)
        if self.host.close(*closed) if closed else answered and self.host.succeed():
            self._on_state(self.host)
        if closed and not definite(response):
            told = sentence(NetError(closed[0], self.host.name, closed[1]), self._clock())
            return Result(REFUSED, (told.tr, told.en), response.status_code, told.en)
        if 200 <= response.status_code < 300:
            return accepted(response)
        code, text = complaint(response)
        if definite(response) and code not in UNKNOWN:
            return Result(REFUSED, code=code, text=text[:200])
        return Result(UNSURE, code=code, text=text[:200])

    def _sync(self) -> None:
        """Learn how far the exchange's clock is from ours, once an hour. Raises NetError."""
        with self._lock:
            before = self._clock()
            if before - self._synced < SYNC and self._synced:
                return
            self.host.acquire(1, URGENT, 0)
            response = self._fetched(requests.Request("GET", self.host.base + TIME).prepare())
            closed = closing(response, self._clock())
            if closed:
                if self.host.close(*closed):
                    self._on_state(self.host)
                raise NetError(closed[0], self.host.name, closed[1])
            try:
                told = int(response.json()["serverTime"]) / 1000
            except (ValueError, TypeError, LookupError):
                raise NetError("garbage", self.host.name) from None
            after = self._clock()
            self._offset, self._synced = told - (before + after) / 2, after


def encoded(params: Mapping[str, Any]) -> str:
    """Return parameters as they are signed and sent: percent-encoded, decimals without exponent."""
    told = {k: plain(v) if isinstance(v, Decimal) else v for k, v in params.items()}
    return urlencode({k: v for k, v in told.items() if v is not None}, quote_via=quote, safe="")


def made(error: requests.RequestException) -> bool:
    """Tell whether a connection was there when a request failed, so that it may have arrived."""
    if isinstance(error, requests.ConnectTimeout):
        return False
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return not (isinstance(error, requests.ConnectionError) and isinstance(reason, UNMADE))


def definite(response: requests.Response) -> bool:
    """Tell whether a refusal carries the exchange's own code."""
    return 400 <= response.status_code < 500 and complaint(response)[0] < 0


def accepted(response: requests.Response) -> Result:
    """Return the body of a good answer; one that is not JSON leaves it unsure what was done."""
    try:
        body = json.loads(response.content, parse_float=Decimal)
    except (ValueError, RecursionError):
        return Result(UNSURE, text="an answer that makes no sense")
    return Result(ACCEPTED, body)


def refusal(result: Result, host: str) -> UserError:
    """Return what a person is told of a question that was not answered."""
    if isinstance(result.body, tuple):
        return UserError(*result.body)
    if result.code in PLAIN:
        return UserError(*PLAIN[result.code])
    if result.outcome == REFUSED:
        return UserError(
            f"Borsa isteği kabul etmedi: {result.text} ({result.code}).",
            f"The exchange refused the request: {result.text} ({result.code}).",
        )
    return sentence(NetError("down", host), 0)
