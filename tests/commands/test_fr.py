import re
from dataclasses import replace

import pytest

import flows
from bot import UserError


def rows(text):
    return [line for line in text.splitlines() if " (yıllık " in line]


def test_the_ten_highest_in_the_owners_layout(say, market):
    (reply,) = say("/fr")
    _, funding = market.perps.funding()
    rates = sorted((abs(row.rate) for row in funding.values()), reverse=True)[:10]
    shown = [re.match(r"\w+: %(-?\d+,\d{3}) ", row)[1] for row in rows(reply.text)]
    assert [abs(float(x.replace(",", "."))) for x in shown] == [round(100 * r, 3) for r in rates]
    top = max(funding, key=lambda symbol: abs(funding[symbol].rate))
    line = rf"{top.removesuffix('USDT')}: %\S+ [🔼🔻] \(yıllık %-?\d+,\d; \d\d:\d\d'de\)"
    assert re.fullmatch(line, rows(reply.text)[0])
    assert re.search(
        r"Ortalama: %\S+ \(8 saatlik, \d+ coin\)\nYorum: (Long|Short|Taraf)", reply.text
    )


def test_named_coins_and_those_without_a_contract(say):
    for line in ("/funding eth btc usdc", "/f eth btc usdc"):
        (reply,) = say(line)
        assert {row.split(":")[0] for row in rows(reply.text)} == {"BTC", "ETH"}
        assert "✖️ Verisi yok: USDC" in reply.text and "2 coin" in reply.text


def test_one_coin_in_detail(say, market):
    (reply,) = say("/fr pepe")
    past = market.perps.funding_history("PEPEUSDT")
    assert "Ödeme aralığı: 4 saat" in reply.text
    week = past.rate[past.time > past.time[-1] - 7 * 86_400_000].mean()
    assert f"7 günlük ortalama: %{100 * week:.4f}".replace(".", ",") in reply.text
    assert ("/oi", "/oi PEPE") in reply.buttons[0]


def test_the_gap_to_the_index_is_measured_by_its_month_where_that_is_known(
    say, market, monkeypatch
):
    past = market.perps.basis("PEPEUSDT", "4h")
    z = f"{flows.month_z(past.time, past.rate):+.2f}"
    (reply,) = say("/fr pepe", lang="en")
    assert f"(30d z {z})" in reply.text

    def refuse(*_, **__):
        raise UserError("yok", "none")

    monkeypatch.setattr(market.perps, "basis", refuse)
    (reply,) = say("/fr pepe", lang="en")
    assert not reply.failed and "(30d z —)" in reply.text


def test_hours_that_are_not_known_make_no_yearly_rate(ctx, market, monkeypatch):
    read, funding = market.perps.funding()
    unknown = {symbol: row._replace(hours=float("nan")) for symbol, row in funding.items()}
    monkeypatch.setattr(market.perps, "funding", lambda: (read, unknown))
    context = ctx("btc eth")
    text = context.commands["fr"].run(context).text
    assert "yıllık —" in text and "Ortalama: —" in text and "ölçülemiyor" in text


def test_without_binance_it_names_its_source(say, market, clock):
    market.hosts["futures"].close("region", clock() + 900)
    (reply,) = say("/fr", lang="en")
    assert reply.text.endswith("Source: Bybit") and "Comment: " in reply.text


def test_a_coin_without_a_contract_is_refused(ctx):
    context = replace(ctx("usdc"), name="fr")
    with pytest.raises(UserError, match="no perpetual"):
        context.commands["fr"].run(context)


def test_it_of_one_coin_is_shown_as_a_picture(say, drawn):
    (reply,) = say("/fr eth")
    assert reply.photo and len(drawn) == 1
    assert say("/fr")[0].photo is None and len(drawn) == 1
