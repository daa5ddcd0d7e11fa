"""spot.py: orders in the exchange's words, and nothing booked that makes no sense."""

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

import spot
from bot import UserError
from net import Host
from order_rows import meant
from orders import (
    ACCEPTED,
    BUY,
    LIMIT,
    LIVE,
    MARKET,
    OCO,
    REFUSED,
    SELL,
    STOP,
    TRAIL,
    UNSURE,
    Draft,
)
from signed import Signed
from spot import Spot
from tests.test_signed import BROKEN, PAIR, Wire

D = Decimal


@pytest.fixture
def wire(clock):
    return Wire(clock)


@pytest.fixture
def broker(wire, clock):
    session = requests.Session()
    session.mount("https://", wire)
    host = Host("binance", "https://api.binance.com", 6000, clock)
    return Spot(Signed(host, PAIR, session, clock=clock, sleep=clock.sleep), clock)


def test_what_was_paid_in_less_what_was_out_of_the_spot_wallet(broker, wire):
    row = {"coin": "USDT", "amount": "100.5", "walletType": 0}
    came = [row | {"status": 1}, row | {"status": 0}, row | {"status": 1, "walletType": 1}]
    went = [row | {"status": 6, "amount": "40"}, row | {"status": 3}, row | {"status": 5}]
    went.append({"coin": "BTC", "amount": "0.1", "status": 4})
    wire.say = [(200, came), (200, went)]
    assert broker.flows(1_795_500_000_000) == {"USDT": D("60.5"), "BTC": D("-0.1")}
    assert all("startTime=1795500000000" in request.url for request in wire.asked)
    wire.say = [(200, [{"coin": "USDT"}]), (200, [])]
    with pytest.raises(UserError):
        broker.flows(5)


def test_the_testnet_has_no_wallet_and_its_keys_withdraw_nothing(broker, wire, clock):
    testnet = Spot(broker.client, clock, wallet=False)
    assert testnet.flows(5) == {} and not wire.asked
    wire.say = [(200, {"canTrade": True})]
    assert testnet.rights() == (False, True)


def intent(side=BUY, kind=MARKET, **more):
    draft = Draft("BTCUSDT", side, kind, **more)
    return meant(7, 7, LIVE, draft, id=3, nonce="abc", sent=1_795_500_000_000)


def told(**more):
    plain = {
        "symbol": "BTCUSDT",
        "orderId": 28,
        "orderListId": -1,
        "clientOrderId": "d5-3-abc",
        "transactTime": 1795500000123,
        "price": "0.00000000",
        "origQty": "0.00200000",
        "executedQty": "0.00200000",
        "cummulativeQuoteQty": "120.00000000",
        "status": "FILLED",
        "timeInForce": "GTC",
        "type": "MARKET",
        "side": "BUY",
        "fills": [
            {
                "price": "60000.00",
                "qty": "0.00200000",
                "commission": "0.00000200",
                "commissionAsset": "BTC",
                "tradeId": 56,
            }
        ],
    }
    return plain | more


def body(request):
    words = request.body or request.url.partition("?")[2]
    return {name: values[0] for name, values in parse_qs(words).items()}


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (intent(spend=D("120.10")), {"type": "MARKET", "quoteOrderQty": "120.1"}),
        (intent(SELL, quantity=D("0.00200")), {"type": "MARKET", "quantity": "0.002"}),
        (
            intent(kind=LIMIT, quantity=D("1E-5"), price=D("59000.10")),
            {"type": "LIMIT", "quantity": "0.00001", "price": "59000.1", "timeInForce": "GTC"},
        ),
        (
            intent(SELL, STOP, quantity=D(1), stop=D(58000), bound=D(57900)),
            {"type": "STOP_LOSS_LIMIT", "stopPrice": "58000", "price": "57900"},
        ),
        (
            intent(SELL, TRAIL, quantity=D(1), bound=D(57900), trail=200),
            {"type": "STOP_LOSS_LIMIT", "trailingDelta": "200", "price": "57900"},
        ),
    ],
)
def test_an_order_is_asked_for_in_the_exchanges_words(broker, wire, asked, wanted):
    broker.place(asked)
    sent = body(wire.asked[0])
    assert wanted.items() <= sent.items() and wire.asked[0].method == "POST"
    assert sent["newClientOrderId"] == "d5-3-abc" and sent["side"] == asked.side
    assert asked.kind != MARKET or not {"price", "timeInForce", "stopPrice"} & set(sent)


@pytest.mark.parametrize(("side", "above"), [(SELL, "LIMIT_MAKER"), (BUY, "STOP_LOSS_LIMIT")])
def test_an_oco_has_its_target_and_stop_on_the_right_sides(broker, wire, side, above):
    prices = {"price": D(63000), "stop": D(58000), "bound": D(57900)}
    broker.place(intent(side, OCO, quantity=D(1), **prices))
    sent = body(wire.asked[0])
    assert wire.asked[0].url.endswith("/api/v3/orderList/oco") and sent["aboveType"] == above
    assert sent["listClientOrderId"] == "d5-3-abc-l"
    assert (sent["aboveClientOrderId"], sent["belowClientOrderId"]) == ("d5-3-abc-a", "d5-3-abc-b")
    stop, take = ("below", "above") if side == SELL else ("above", "below")
    assert (sent[f"{stop}StopPrice"], sent[f"{stop}Price"]) == ("58000", "57900")
    assert sent[f"{take}Price"] == "63000" and f"{take}StopPrice" not in sent


def test_a_full_answer_is_read_with_its_fills(broker, wire):
    wire.say = [(200, told())]
    answer = broker.place(intent(spend=D(120)))
    (one,) = answer.seen
    assert answer.outcome == ACCEPTED and one.over and one.executed == D("0.002")
    assert one.fills[0].fee == D("0.000002") and one.fills[0].trade == "56"


def test_fills_that_were_not_told_are_asked_for(broker, wire):
    mine = {"id": 9, "orderId": 28, "price": "60000", "qty": "0.002", "commission": "0.0001"}
    mine |= {"commissionAsset": "BNB", "time": 5}
    wire.say = [(200, told(fills=[])), (200, [mine, mine | {"orderId": 29, "id": 10}])]
    (one,) = broker.find(intent()).seen
    assert [fill.trade for fill in one.fills] == ["9"] and one.fills[0].asset == "BNB"
    assert "limit=1000" in wire.asked[-1].url
    wire.say = [(200, told(fills=[])), BROKEN]
    (one,) = broker.find(intent()).seen
    assert one.fills == () and one.executed == D("0.002")


@pytest.mark.parametrize(
    "wrong",
    [
        {"clientOrderId": "web_1"},
        {"symbol": "ETHUSDT"},
        {"side": "SELL"},
        {"status": "DONE"},
        {"executedQty": "-1"},
        {"executedQty": "0.003"},
        {"origQty": 5},
        {"orderId": None},
        {"cummulativeQuoteQty": "NaN"},
        {"fills": [{"price": "1"}]},
    ],
)
def test_an_answer_that_makes_no_sense_is_unsure(broker, wire, wrong):
    wire.say = [(200, told(**wrong))]
    assert broker.place(intent(spend=D(120))).outcome == UNSURE


names = st.sampled_from(list(told()))
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(told())), inner)
    ),
    max_leaves=8,
)


@given(junk, st.dictionaries(names, junk, max_size=3))
def test_any_json_is_an_answer_or_unsure(whole, parts):
    @dataclass
    class Client:
        say: object

        def send(self, *_, **__):
            return spot.Result(ACCEPTED, self.say)

    for said in (whole, told(**parts)):
        answer = Spot(Client(said), lambda: 0).find(intent())
        assert answer.outcome in (ACCEPTED, UNSURE)
        for one in answer.seen:
            assert one.client_id == "d5-3-abc" and one.executed >= 0


def test_an_absent_order_is_searched_for_everywhere_before_it_is_unmade(broker, wire):
    wire.say = [(200, []), (200, [told(clientOrderId="web_1")])]
    answer = broker.search(intent())
    assert (answer.outcome, answer.code) == (REFUSED, -2013) and len(wire.asked) == 2
    wire.say = [(200, []), (200, [told()]), (200, told())]
    assert broker.search(intent()).outcome == ACCEPTED
    wire.say = [(502, b"")]
    assert broker.search(intent()).outcome == UNSURE


def test_a_cancel_tells_how_the_order_ended(broker, wire):
    wire.say = [(200, {"status": "CANCELED"}), (200, told(status="CANCELED"))]
    answer = broker.cancel(intent())
    assert answer.outcome == ACCEPTED and answer.seen[0].state == "CANCELED"
    wire.say = [(400, {"code": -2011, "msg": "Unknown order sent."})]
    assert broker.cancel(intent()).code == -2011


def test_an_order_is_tested_once_a_kind(broker, wire):
    broker.test(intent(spend=D(120)))
    broker.test(intent(spend=D(130)))
    assert len(wire.asked) == 1 and wire.asked[0].url.endswith("/order/test")
    wire.say = [(400, {"code": -1013, "msg": "Filter failure: NOTIONAL"})]
    with pytest.raises(UserError, match="NOTIONAL"):
        broker.test(intent(SELL, quantity=D(1)))


def test_the_account_is_read(broker, wire):
    rates = {"maker": "0.001", "taker": "0.002"}
    wire.say = [
        (200, {"balances": [{"asset": "BTC", "free": "1.5", "locked": "0.5"}]}),
        (200, {"standardCommission": rates, "taxCommission": {"maker": "0", "taker": "0.001"}}),
        (200, {"enableWithdrawals": True, "enableSpotAndMarginTrading": True}),
        (200, {"canTrade": True}),
        (200, [told(clientOrderId="web_1", status="NEW")]),
    ]
    assert broker.balances()["BTC"] == (D("1.5"), D("0.5"))
    assert broker.fees("BTCUSDT") == (D("0.001"), D("0.003")) == broker.fees("BTCUSDT")
    assert broker.rights() == (True, True)
    assert broker.open_orders()[0].client_id == "web_1"


@pytest.mark.parametrize("answer", [{}, {"balances": 5}, {"balances": [{"asset": "BTC"}]}, []])
def test_an_account_that_makes_no_sense_is_told(broker, wire, answer):
    wire.say = [(200, answer)]
    with pytest.raises(UserError, match="makes no sense"):
        broker.balances()
