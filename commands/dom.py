"""
BTC ve ETH hâkimiyeti, toplam piyasa değeri: /dom
BTC and ETH dominance, total market cap: /dom
"""

from functools import partial
from math import isnan, nan

import strength
from bot import links
from markets import coingecko

GROUP = "markets"
ALIASES = ("btcd", "dominance")
COINS = {"BTC": "bitcoin", "ETH": "ethereum", "USDT": "tether"}
SPANS, STILL = ("day", "week", "month"), 0.1
SAYS = {
    (True, True): ("para önce BTC'ye giriyor, altlar geride", "money enters BTC first, alts lag"),
    (True, False): ("altlar BTC'den hızlı düşüyor, dikkat", "alts fall faster than BTC, take care"),
    (False, True): ("altlar BTC'den güçlü (Risk-On)", "alts are stronger than BTC (risk-on)"),
    (False, False): ("BTC altlardan hızlı düşüyor, bekleyin", "BTC falls faster than alts, wait"),
}
FLAT = ("hâkimiyet yatay, yönü toplam değer söyler", "dominance is flat, watch the total cap")
UNSAID = ("hâkimiyetin değişimi bilinmiyor", "how dominance moved is not known")


def run(ctx):
    rows = partial(ctx.sources.read, coingecko.rows_route())
    told, lost = ctx.sources.together({"market": ctx.sources.market, "rows": rows})
    if "market" in lost:
        raise lost["market"]
    market, rows = told["market"], told["rows"].data if "rows" in told else ()
    shares = {coin: market.shares[coin] for coin in COINS if coin in market.shares}
    moves = {coin: moved(market, coin, rows) for coin in shares}
    move, rising = moves["BTC"][0], market.change > 0
    words = UNSAID if isnan(move) else FLAT if abs(move) < STILL else SAYS[move > 0, rising]
    lines = [
        f"<b>👑 {ctx.t('Hâkimiyet', 'Dominance')}</b> {ctx.clock(market.at, '%H:%M')}",
        ctx.t("Coin: pay | 24sa 7g 30g (puan)", "Coin: share | 24h 7d 30d (points)"),
        *(line(ctx, coin, shares[coin], moves[coin]) for coin in shares),
        f"{ctx.t('Diğer', 'Others')}: {ctx.percent(100 - sum(shares.values()))}",
        f"{ctx.t('Değer', 'Cap')}: {ctx.money(market.cap)} {ctx.move(market.change)}",
        f"{ctx.t('Hacim', 'Volume')}: {ctx.money(market.volume)}",
    ]
    return ctx.report(lines, ctx.t(*words), told.values(), links("cmc", "cg"))


def moved(market, coin, rows):
    day, *longer = (strength.reckoned(rows, COINS[coin], span) for span in SPANS)
    told = market.shares[coin] - market.before.get(coin, nan)
    return [day if isnan(told) else told, *longer]


def line(ctx, coin, share, moves):
    points = " ".join(ctx.num(move, sign=True) for move in moves)
    return f"{coin}: {ctx.percent(share)} | {points}"
