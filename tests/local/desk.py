"""A customer of the local exchange that signs as Binance's documentation says."""

import functools
import hashlib
import hmac
import json
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import quote, urlencode

from local.exchange import Exchange, key_pair
from local.tape import Tape

ORDER, OCO, LIST = "/api/v3/order", "/api/v3/orderList/oco", "/api/v3/orderList"
LIMIT = {"type": "LIMIT", "timeInForce": "GTC"}
STOP = {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC"}


@functools.cache
def tape():
    return Tape()


class Reply(NamedTuple):
    status: int
    headers: dict
    body: object

    @property
    def code(self):
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def error(self):
        return self.code, self.body["msg"]


class Desk:
    def __init__(self, clock, path=":memory:", name="trade", **more):
        self.clock = clock
        self.exchange = Exchange(tape(), clock, path, sleep=clock.sleep, **more)
        self.exchange.open_usual()
        self.key, self.secret = key_pair(name)

    @property
    def now_ms(self):
        return int(self.clock() * 1000)

    def signature(self, payload):
        return hmac.new(self.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    def payload(self, **params):
        sent = {"timestamp": self.now_ms, **params}
        text = urlencode({k: v for k, v in sent.items() if v is not None}, quote_via=quote, safe="")
        return f"{text}&signature={self.signature(text)}"

    def raw(self, method, path, query="", body=b"", key=None):
        headers = {"X-MBX-APIKEY": self.key if key is None else key}
        status, told, out = self.exchange.handle(method, path, query, headers, body)
        try:
            return Reply(status, told, json.loads(out))
        except ValueError:
            return Reply(status, told, out)

    def ask(self, method, path, **params):
        text = self.payload(**params)
        if method == "POST":
            return self.raw(method, path, body=text.encode())
        return self.raw(method, path, text)

    def order(self, side="BUY", symbol="BTCUSDT", path=ORDER, **params):
        return self.ask("POST", path, symbol=symbol, side=side, **params)

    def limit(self, side, price, quantity="0.01", **params):
        return self.order(side, price=price, quantity=quantity, **{**LIMIT, **params})

    def stop(self, side, stop, price, quantity="0.01", **params):
        asked = {**STOP, "stopPrice": stop, "price": price, "quantity": quantity}
        return self.order(side, **{**asked, **params})

    def oco(self, take, stop, bound, side="SELL", quantity="0.01", **params):
        asked = {"symbol": "BTCUSDT", "side": side, "quantity": quantity}
        near, far = ("above", "below") if side == "SELL" else ("below", "above")
        asked |= {f"{near}Type": "LIMIT_MAKER", f"{near}Price": take}
        asked |= {f"{far}Type": "STOP_LOSS_LIMIT", f"{far}StopPrice": stop}
        asked |= {f"{far}Price": bound, f"{far}TimeInForce": "GTC"}
        return self.ask("POST", OCO, **{**asked, **params})

    def query(self, number, symbol="BTCUSDT"):
        return self.ask("GET", ORDER, symbol=symbol, orderId=number).body

    def near(self, share, symbol="BTCUSDT"):
        """Return a price so many times the last one, on the tick."""
        last = self.exchange.engine.market.last(symbol, self.now_ms)
        return f"{last * Decimal(str(share)):.2f}"

    def balances(self):
        rows = self.ask("GET", "/api/v3/account").body["balances"]
        return {row["asset"]: (Decimal(row["free"]), Decimal(row["locked"])) for row in rows}

    def sums(self):
        """Return what everyone has of each asset together, the market and the fees included."""
        out = {}
        for asset, amount in self.exchange.accounts.rows("SELECT asset, amount FROM totals"):
            out[asset] = out.get(asset, Decimal(0)) + Decimal(amount)
        return out
