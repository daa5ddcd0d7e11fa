"""A Binance-shaped spot exchange with accounts: its front door, from bytes to bytes.

`python -m local.exchange --port 8090 --data exchange.db` runs it on this machine as a process of
its own.
"""

import argparse
import hashlib
import hmac
import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests import ConnectionError, PreparedRequest, ReadTimeout
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import ProtocolError

from local.accounts import MARKET, Account, Accounts, key_pair
from local.binance import DATA_HOST, Binance
from local.binance_query import Refused
from local.calls import Call, Route
from local.exchange_faults import Faults, Silence, Twist
from local.exchange_server import serve
from local.markets import Answer, Face, compact
from local.matching import Engine
from local.routes import PATHS, ROUTES
from local.spot_market import Market
from local.spot_orders import ALWAYS, Form, Rejected, told
from local.tape import Tape
from local.weights import Weights

AHEAD, WINDOW, WIDEST = 1000, 5000, 60_000
EARLY = "Timestamp for this request was 1000ms ahead of the server's time."
LATE = "Timestamp for this request is outside of the recvWindow."
FORGED = "Signature for this request is not valid."
BAN = "Way too much request weight used; IP banned until {}. Please use WebSocket Streams for "
BAN += "live updates to avoid bans."
SIGNATURE = re.compile(rb"(?:^|&)signature=([^&]*)")
PURSE = {"USDT": "10000", "BTC": "0.5", "ETH": "5", "BNB": "2", "TRY": "100000"}
KEYS: dict[str, dict[str, Any]] = {
    "trade": {},
    "read": {"spot": False},
    "withdraw": {"withdraw": True},
}
Headers = dict[str, str]


class Exchange:
    """Answer requests to one exchange whose state is in a file, or in memory.

    `weights` is what the public paths count on too; `sapi` says whether there are paths beside
    those of trading, which the testnet has not.
    """

    def __init__(
        self,
        tape: Tape,
        clock: Callable[[], float] = time.time,
        path: str = ":memory:",
        *,
        sleep: Callable[[float], None] = time.sleep,
        weights: Weights | None = None,
        sapi: bool = True,
        market: Market | None = None,
    ) -> None:
        self.accounts, self.faults = Accounts(path), Faults(clock, sleep)
        self.engine = Engine(self.accounts, market or Market(tape))
        self.weights = weights or Weights()
        self._clock, self._sapi = clock, sapi
        self.public = Binance(tape, clock, self.weights)

    def open_account(self, key: str, secret: str, purse: Mapping[str, str], **rights: Any) -> None:
        """Make an account that has something, unless the key has one."""
        with self.accounts.request():
            if self.accounts.account(key):
                return
            made = {"made": int(self._clock() * 1000), **rights}
            number = self.accounts.open_account(key, secret, **made)
            for asset, amount in purse.items():
                self.accounts.move(asset, Decimal(amount), MARKET, number)

    def open_usual(self) -> None:
        """Make the accounts of the keys everyone knows: one trades, one reads, one withdraws."""
        for name, rights in KEYS.items():
            self.open_account(*key_pair(name), PURSE, **rights)

    def pay(self, key: str, asset: str, amount: str) -> None:
        """Let a key's account be paid an amount from outside, or, below 0, out of it."""
        with self.accounts.request():
            account, at = self._known(key), int(self._clock() * 1000)
            self.accounts.pay(account.id, asset, Decimal(amount), at)

    def handle(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Headers, bytes]:
        """Return status, headers and body. Raises Silence where a fault leaves no answer."""
        names = {name.lower(): value for name, value in headers.items()}

        def answer(twist: Twist) -> Answer:
            return self._answer(method, path, query, names, body, twist)

        fault = self.faults.next(method, path)
        return tuple(self.faults.play(fault, answer) if fault else answer(Twist()))  # type: ignore[return-value]

    def face(self, request: PreparedRequest) -> Answer:
        """Answer a request inside the process, a silence the way the network tells one."""
        url, body = urlsplit(request.url or ""), request.body or b""
        if url.path not in PATHS and not self.faults.any:
            return self.public.answer(request)
        sent = body.encode() if isinstance(body, str) else body
        asked = (request.method or "", url.path, url.query, dict(request.headers), sent)
        try:
            return Answer(*self.handle(*asked))
        except Silence as silence:
            if silence.seconds:
                raise ReadTimeout("Read timed out.", request=request) from None
            broken = ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
            raise ConnectionError(broken, request=request) from None

    def faces(self) -> dict[str, Face]:
        """Return what answers for each host of the exchange."""
        faces = self.public.faces()
        return {host: faces[host] if host == DATA_HOST else self.face for host in faces}

    def orders(self) -> list[dict[str, Any]]:
        """Return every order of every account, for who checks on the bot."""
        return [{"account": o.account, **told(o)} for o in self.accounts.orders("1")]

    def close(self) -> None:
        """Close the state."""
        self.accounts.close()

    def _answer(
        self, method: str, path: str, query: str, headers: Headers, body: bytes, twist: Twist
    ) -> Answer:
        route = ROUTES.get((method, path))
        if path not in PATHS or (path.startswith("/sapi") and not self._sapi):
            return self.public.answer(public_request(method, path, query, headers))
        now_ms = int(self._clock() * 1000)
        own: Headers = {"Date": formatdate(now_ms / 1000, usegmt=True)}
        try:
            status, text = self._signed(route, query, headers, body, twist, now_ms, own)
        except Refused as error:
            status, text = error.status, error.body
        used = str(self.weights.charge(0, now_ms))
        own |= {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if status == 429:
            own.setdefault("Retry-After", str(60 - now_ms // 1000 % 60))
        own["Content-Type"] = "application/json;charset=UTF-8"
        return Answer(status, own, text.encode())

    def _signed(
        self,
        route: Route | None,
        query: str,
        headers: Headers,
        body: bytes,
        twist: Twist,
        now_ms: int,
        own: Headers,
    ) -> tuple[int, str]:
        """Return a signed path's status and body, after the checks that all of them make."""
        self._allow(now_ms, own)
        if route is None:
            raise Refused(-1020, status=405)
        weight = 1
        try:
            key = headers.get("x-mbx-apikey", "")
            account = self._known(key)
            form = Form(read(query, body))
            weight = route.weight(form)
            self._verify(account, form, query, body, now_ms)
            self._permit(account, route)
            counted(form, route)
            call = Call(self.engine, account, form, now_ms, twist, own)
            text = self._run(route, call)
            weight = 0 if route.trading and call.status == 200 else weight
        finally:
            self.weights.charge(weight, now_ms)
        return call.status, text

    def _run(self, route: Route, call: Call) -> str:
        """Carry a request out whole or not at all; the time before it has passed in any case."""
        with self.accounts.request():
            self.engine.advance(call.now_ms)
        with self.accounts.request():
            return compact(route.run(call))

    def _allow(self, now_ms: int, own: Headers) -> None:
        """Refuse who has used too much weight."""
        until = self.weights.banned(now_ms)
        if until:
            own["Retry-After"] = str(-(-(until - now_ms) // 1000))
            raise Rejected(-1003, BAN.format(until), 418)
        if self.weights.spent(now_ms):
            raise Refused(-1003, status=429)

    def _known(self, key: str) -> Account:
        if not re.fullmatch("[A-Za-z0-9]{64}", key):
            raise Refused(-2014, status=401)
        account = self.accounts.account(key)
        if account is None:
            raise Refused(-2015, status=401)
        return account

    def _verify(self, account: Account, form: Form, query: str, body: bytes, now_ms: int) -> None:
        """Compare the signature with the bytes that came, and the time with the clock."""
        stamp, window = form.must("timestamp"), form.text("recvWindow") or str(WINDOW)
        form.must("signature")
        if not re.fullmatch(r"[0-9]{1,17}", stamp, re.ASCII):
            raise Refused(-1100, "timestamp", "^[0-9]{1,20}$")
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", window, re.ASCII):
            raise Refused(-1100, "recvWindow", "^[0-9]{1,20}$")
        if Decimal(window) > WIDEST:
            raise Rejected(-1131, "recvWindow must be less than 60000.")
        sent = int(stamp) // 1000 if len(stamp) >= 16 else int(stamp)
        if sent >= now_ms + AHEAD:
            raise Rejected(-1021, EARLY)
        if now_ms - sent > Decimal(window):
            raise Rejected(-1021, LATE)
        if not genuine(account.secret, query, body):
            raise Rejected(-1022, FORGED)

    def _permit(self, account: Account, route: Route) -> None:
        if not account.reading or (route.trading and not account.spot):
            raise Refused(-2015, status=401)


def public_request(method: str, path: str, query: str, headers: Headers) -> PreparedRequest:
    """Return a request as the public mock reads one, its address as it came."""
    made = PreparedRequest()
    made.method, made.headers = method, CaseInsensitiveDict(headers)
    made.url = f"https://local/{path.removeprefix('/')}" + (f"?{query}" if query else "")
    return made


def genuine(secret: str, query: str, body: bytes) -> bool:
    """Tell whether the bytes of a query and a body bear the signature of a secret."""
    raw = [query.encode("latin-1", "replace"), body]
    signs = [sign for part in raw for sign in SIGNATURE.findall(part)]
    payload = b"".join(SIGNATURE.sub(b"", part).removeprefix(b"&") for part in raw)
    right = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest().encode()
    return len(signs) == 1 and hmac.compare_digest(signs[0].lower(), right)


def read(query: str, body: bytes) -> dict[str, str]:
    """Return the parameters of a query and a body, of which the query's win."""
    try:
        parts = [query, body.decode("ascii")]
        pairs = [parse_qsl(part, keep_blank_values=True, errors="strict") for part in parts]
    except (UnicodeError, ValueError):
        raise Refused(-1100, "query", "UTF-8") from None
    for part in pairs:
        if len(dict(part)) < len(part):
            raise Refused(-1101)
    return {**dict(pairs[1]), **dict(pairs[0])}


def counted(form: Form, route: Route) -> None:
    """Refuse parameters that nobody reads."""
    known = sum(name in route.parameters or name in ALWAYS for name in form.sent)
    if known < len(form.sent):
        raise Refused(-1104, known, len(form.sent))


def main(arguments: list[str] | None = None) -> int:
    """Run an exchange on this machine until it is told to stop."""
    parser = argparse.ArgumentParser(prog="local.exchange", description=__doc__)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--data", default=":memory:", help="file that keeps its state")
    parser.add_argument("--keys", action="store_true", help="tell the keys and go")
    chosen = parser.parse_args(arguments)
    if chosen.keys:
        pairs = {name: key_pair(name) for name in KEYS}
        sys.stdout.write(json.dumps(pairs, indent=1) + "\n")
        return 0
    exchange = Exchange(Tape(), path=chosen.data)
    exchange.open_usual()
    serve(exchange, chosen.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
