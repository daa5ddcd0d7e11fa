"""What people are told of a market that gave no answer, and what they call it."""

from bot import UserError
from markets import HOSTS, coingecko, coinglass, coinmarketcap, etf
from net import NetError

NAMES = {
    "binance": "Binance",
    "binance_data": "Binance Vision",
    "futures": "Binance Futures",
    "futures_data": "Binance Futures",
    "okx": "OKX",
    "bybit": "Bybit",
    "kraken": "Kraken",
    "kraken_futures": "Kraken Futures",
    "coinbase": "Coinbase",
    "btcturk": "BtcTurk",
    "btcturk_graph": "BtcTurk",
    "coingecko": "CoinGecko",
    "coinmarketcap": "CoinMarketCap",
    "coinmarketcap_free": "CoinMarketCap",
    "feargreed": "alternative.me",
    "coinglass": "CoinGlass",
    "sosovalue": "SoSoValue",
    "farside": "Farside",
}
KEYS = {
    "coingecko": coingecko.KEY,
    "coinglass": coinglass.KEY,
    "coinmarketcap_free": coinmarketcap.KEY,
    "sosovalue": etf.KEY,
}
SAID = {
    "region": (
        "bu sunucunun bulunduğu bölgeye kapalı (451).",
        "is closed to this server's region (451).",
    ),
    "banned": (
        "bu adresi geçici olarak engelledi (418); {wait} sonra yeniden denenecek.",
        "has banned this address for now (418); trying again in {wait}.",
    ),
    "limited": (
        "istek sınırında (429); {wait} sonra yeniden denenecek.",
        "is at its request limit (429); trying again in {wait}.",
    ),
    "blocked": (
        "isteği reddetti (403); {wait} sonra yeniden denenecek.",
        "refused the request (403); trying again in {wait}.",
    ),
    "down": ("şu anda yanıt vermiyor.", "does not answer at the moment."),
    "garbage": ("anlaşılmayan bir yanıt verdi.", "gave an answer that makes no sense."),
    "busy": ("için sıra dolu; {wait} sonra deneyin.", "is busy; try again in {wait}."),
    "spent": (
        "için bu ayın istek hakkından bugüne düşen doldu; {wait} sonra yeniden denenecek.",
        "has had its share of this month's requests by now; trying again in {wait}.",
    ),
    "halted": (
        "için bu kopya artık istek yollamıyor; botu bir başkası çalıştırıyor.",
        "gets no request of this instance any more; another one runs the bot.",
    ),
    "refused": (
        "bu isteği kabul etmedi{code}.",
        "did not accept this request{code}.",
    ),
}
UNKEYED, ABSENT = ("limited", "banned", "blocked", "refused"), (400, 404)


def span(seconds: int) -> tuple[str, str]:
    """Return a wait in words, long ones in whole hours or days."""
    for size, tr, en in ((86400, "gün", "days"), (3600, "sa", "h")):
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {tr}", f"{round(seconds / size)} {en}"
    return f"{seconds} sn", f"{seconds} s"


def sentence(error: NetError, now: float, keyed: bool = False) -> UserError:
    """Return what a person is told about a host that gave no answer, and which key would help."""
    name = NAMES.get(error.host, error.host)
    wait, later = span(max(1, round(error.until - now)))
    if keyed and error.kind == "refused" and error.code == 401:
        key = HOSTS[error.host][0].replace("_url", "_key").upper()
        return UserError(
            f"{name} anahtarı kabul etmedi: {key} doğru mu, planı bunun için yeterli mi?",
            f"{name} did not accept the key: is {key} right, and its plan enough for this?",
        )
    code = f" ({error.code})" if error.code else ""
    tr, en = SAID[error.kind]
    tr, en = tr.format(wait=wait, code=code), en.format(wait=later, code=code)
    others = [NAMES.get(name, name) for name in error.absent]
    if others:
        tr = f"{tr} Şuralarda da yok: {', '.join(others)}."
        en = f"{en} Nor is it on {', '.join(others)}."
    useful = error.kind in UNKEYED and error.code not in ABSENT and not keyed
    advice = KEYS.get(error.host) if useful else None
    help_tr, help_en = (f"\n{words}" for words in advice) if advice else ("", "")
    return UserError(f"{name} {tr}{help_tr}", f"{name} {en}{help_en}")
