import pytest


def rows(text):
    return [line for line in text.splitlines() if line[:1].isdigit()]


def test_prices_of_named_coins_in_the_owners_layout(say, market):
    (reply,) = say("/p btc ETH solusdt")
    lines = reply.text.splitlines()
    assert lines[1] == "⚡Coin | Değişim | Hacim | Fiyat"
    assert [row.split(":")[0] for row in rows(reply.text)] == ["1. BTC", "2. ETH", "3. SOL"]
    ticker = market.tickers().data["BTCUSDT"]
    price = f"{ticker.last:,.2f}".translate(str.maketrans(",.", ".,"))
    assert lines[2].endswith(f" | {price}")
    assert lines[2].startswith(f"1. BTC: {'🔺' if ticker.change >= 0 else '🔻'}")
    assert any(line.startswith("Yorum: 3 coinin") for line in lines)


def test_nothing_named_means_favourites_else_the_list(say, database, settings):
    (reply,) = say("/p")
    assert len(rows(reply.text)) == len(settings().scan_symbols)
    database.add_favourites(7, ["SUIUSDT"])
    (reply,) = say("/p")
    assert [row.split(":")[0] for row in rows(reply.text)] == ["1. SUI"]


@pytest.mark.parametrize("line", ["/p30", "/p 30", "/pv 30", "/PV30"])
def test_the_first_n_by_volume(say, market, line):
    (reply,) = say(line)
    ticker = market.tickers().data
    names = [row.split(":")[0].split()[1] + "USDT" for row in rows(reply.text)]
    volumes = [ticker[name].quote for name in names]
    assert len(names) == 30 and volumes == sorted(volumes, reverse=True)


@pytest.mark.parametrize("line", ["/pv 2.5", "/pg 2,5", "/pl 2.0"])
def test_a_part_of_a_coin_is_no_bug(say, line):
    (reply,) = say(line)
    assert len(rows(reply.text)) == 2


@pytest.mark.parametrize(("line", "falling"), [("/pg 8", False), ("/pl 8", True), ("/pd8", True)])
def test_gainers_and_losers_leave_out_thin_pairs(say, market, line, falling):
    (reply,) = say(line)
    ticker = market.tickers().data
    names = [row.split(":")[0].split()[1] + "USDT" for row in rows(reply.text)]
    changes = [ticker[name].change for name in names]
    assert changes == sorted(changes, reverse=not falling)
    assert len(names) == 8 and min(ticker[name].quote for name in names) > 1e6


def test_english(say):
    (reply,) = say("/p btc", lang="en")
    assert "⚡Coin | Change | Volume | Price" in reply.text and "Comment: " in reply.text


def test_an_unknown_coin_is_named_with_the_nearest(say):
    (reply,) = say("/p btcc")
    assert reply.failed == 1 and "btcc" in reply.text and "BTC" in reply.text


@pytest.mark.parametrize("line", ["/p 0", "/p 9999", "/pg x", "/pg -3", "/p " + "btc " * 200])
def test_bad_arguments_are_refused_with_a_sentence(say, line):
    (reply,) = say(line)
    assert reply.failed == 1 and "Kullanım" in reply.text


def test_stablecoins_and_leveraged_tokens_are_no_coins_but_jup_and_super_are(say, market):
    (reply,) = say("/pv 100")
    names = {row.split(":")[0].split()[1] for row in rows(reply.text)}
    assert not names & {"USDC", "FDUSD", "BTCUP", "BTCDOWN"}
    assert {"JUPUSDT", "SUPERUSDT"} <= set(market.universe())


def test_stale_prices_say_how_old_they_are(say, clock, market):
    say("/p btc")
    for host in market.hosts.values():
        host.close("region", clock() + 900)
    clock.now += 120
    (reply,) = say("/p btc")
    assert "⏳ Veri 2 dk önceden" in reply.text and reply.failed == 0


def test_the_mirror_is_named_as_source(say, market, clock):
    market.hosts["binance"].close("region", clock() + 900)
    (reply,) = say("/p btc")
    assert "Kaynak: " in reply.text


def test_no_answer_and_no_store_is_a_sentence(say, market, clock):
    for host in market.hosts.values():
        host.close("region", clock() + 900)
    (reply,) = say("/p btc")
    assert reply.failed == 1 and "451" in reply.text


def test_one_coin_is_not_held_against_itself(say, market):
    (reply,) = say("/p btc", lang="en")
    change = market.tickers().data["BTCUSDT"].change
    assert f"Comment: its change over 24 hours is {change:+.2f}%." in reply.text
    assert "strongest" not in reply.text


def test_coins_may_have_commas_between_them(say):
    for line in ("/p btc,eth", "/p btc, eth", "/p btc ,eth,"):
        assert [row.split(":")[0] for row in rows(say(line)[0].text)] == ["1. BTC", "2. ETH"]
