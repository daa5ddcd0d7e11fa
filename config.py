"""The frozen settings from the environment and .env, and the Secret type."""

import os
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import Field, dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values

MASK = "***"
SCENARIOS = ("chop", "crash", "listing", "outage", "pump", "storm")


class ConfigError(Exception):
    """Say every wrong setting in one message."""


class Secret:
    """Hold a value that never shows itself: printed, logged or pickled it stays hidden."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the plain value."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return MASK if self._value else "—"

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not pickled")


def secret(value: str) -> Secret:
    """Return a Secret; a set one has at least 8 characters, so that masking it is safe."""
    if 0 < len(value) < 8:
        raise ValueError("en az 8 karakter olmalı / needs at least 8 characters")
    return Secret(value)


def token(value: str) -> Secret:
    """Return a bot token as a Secret."""
    if value and not re.fullmatch(r"\d{6,12}:[A-Za-z0-9_-]{30,}", value):
        raise ValueError("bir bot anahtarına benzemiyor / does not look like a bot token")
    return Secret(value)


def switch(value: str) -> bool:
    """Return a yes or no."""
    known = {"1": True, "true": True, "yes": True, "on": True, "evet": True}
    known |= {"": False, "0": False, "false": False, "no": False, "off": False, "hayır": False}
    if value.lower() not in known:
        raise ValueError("0 ya da 1 olmalı / must be 0 or 1")
    return known[value.lower()]


def maybe(value: str) -> bool | None:
    """Return a yes, a no, or None where nothing was said."""
    return None if value == "" else switch(value)


def ids(value: str) -> Set[int]:
    """Return Telegram user ids separated by commas or spaces, each once, in order."""
    words = value.replace(",", " ").split()
    if not all(re.fullmatch(r"-?[0-9]{1,15}", word) for word in words):
        raise ValueError("virgülle ayrılmış sayılar olmalı / must be numbers separated by commas")
    return dict.fromkeys(map(int, words)).keys()


def coins(value: str) -> tuple[str, ...]:
    """Return coin names in capitals, each once, in order."""
    words = value.replace(",", " ").upper().split()
    if not words or not all(re.fullmatch(r"\w{1,20}", word) for word in words):
        raise ValueError("coin adları olmalı / must be coin names")
    return tuple(dict.fromkeys(words))


def number(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers within bounds."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError(f"{low}–{high} arasında bir sayı olmalı / must be in {low}–{high}")
        return int(value)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    """Return a parser that takes one of the words."""

    def parse(value: str) -> str:
        if value.lower() not in words:
            known = ", ".join(filter(None, words))
            raise ValueError(f"şunlardan biri olmalı / must be one of: {known}")
        return value.lower()

    return parse


def parts_of(value: str) -> SplitResult:
    """Return the parts of an address; all are empty where its host or port cannot be."""
    try:
        parts = urlsplit(value)
        return parts if parts.port != 0 else urlsplit("")
    except ValueError:
        return urlsplit("")


def url(value: str) -> str:
    """Return an http(s) address without its last slash; credentials do not belong in it."""
    parts = parts_of(value)
    well = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    if value and (not well or re.search(r"\s", value)):
        raise ValueError("http(s) adresi olmalı / must be an http(s) address")
    return value.rstrip("/")


def secret_url(value: str) -> Secret:
    """Return an http(s) address as a Secret, for who knows it may use it."""
    return secret(url(value))


def database(value: str) -> Secret:
    """Return a database address as a Secret, for it may hold a password."""
    scheme = parts_of(value).scheme
    if value and scheme not in ("sqlite", "postgres", "postgresql", "postgresql+psycopg"):
        raise ValueError("sqlite:// ya da postgresql:// olmalı / must be one of these")
    return Secret(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", value))


def cache(value: str) -> Secret:
    """Return a Redis address as a Secret, for it may hold a password."""
    parts = parts_of(value)
    well = parts.scheme in ("redis", "rediss") and re.fullmatch("/?[0-9]{0,4}", parts.path)
    if value and not well:
        raise ValueError("redis:// adresi olmalı / must be a redis:// address")
    if value and find_spec("redis") is None:
        raise ValueError("önce: pip install redis / first: pip install redis")
    return Secret(value)


def zone(value: str) -> ZoneInfo:
    """Return a time zone by its IANA name."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("bilinen bir saat dilimi değil / not a known time zone") from None


def setting(names: str, parse: Callable[[str], Any], default: str, tr: str, en: str) -> Any:
    """Describe one setting: its names in the environment, parser, default and what it is for."""
    return field(
        metadata={"names": names.split(), "parse": parse, "default": default, "tr": tr, "en": en}
    )


@dataclass(frozen=True)
class Config:
    """Every setting of the bot, parsed and checked."""

    telegram_token: Secret = setting(
        "TELEGRAM_TOKEN TELEGRAM_BOT_TOKEN BOT_TOKEN",
        token,
        "",
        "BotFather'ın verdiği anahtar; yoksa yerel sohbet açılır",
        "token from BotFather; without it the local chat opens",
    )
    telegram_name: str = setting(
        "TELEGRAM_NAME", str, "", "botun adı; boş: BotFather'daki", "its name; empty: BotFather's"
    )
    admin_ids: Set[int] = setting(
        "ADMIN_IDS", ids, "", "yöneticilerin Telegram kimlikleri", "Telegram ids of the admins"
    )
    allowed_ids: Set[int] = setting(
        "ALLOWED_IDS",
        ids,
        "",
        "kâğıtta işlem yapabilen diğer kimlikler; ötekiler için /izin",
        "other ids that may trade on paper; for the rest: /izin",
    )
    language: str = setting(
        "LANGUAGE", one_of("tr", "en"), "tr", "varsayılan dil", "default language"
    )
    timezone: ZoneInfo = setting(
        "TIMEZONE", zone, "Europe/Istanbul", "varsayılan saat dilimi", "default time zone"
    )
    mock: bool | None = setting(
        "MOCK",
        maybe,
        "",
        "1: sahte piyasalar, 0: gerçek; boşsa anahtar yokken sahte",
        "1: mock markets, 0: real; empty: mock without a token",
    )
    scenario: str = setting(
        "SCENARIO",
        one_of("", *SCENARIOS),
        "",
        f"sahte piyasalarda prova: {', '.join(SCENARIOS)}",
        f"a rehearsal on the mock markets, from the start on: {', '.join(SCENARIOS)}",
    )
    host: str = setting(
        "HOST",
        str,
        "",
        "durum sayfasının adresi; boşsa 0.0.0.0, yerelde 127.0.0.1",
        "address of the status page; empty: 0.0.0.0, locally 127.0.0.1",
    )
    port: int = setting(
        "PORT", number(0, 65535), "8080", "durum sayfasının kapısı", "port of the status page"
    )
    chat_port: int = setting(
        "CHAT_PORT",
        number(0, 65535),
        "8081",
        "yerel sohbet sayfasının kapısı",
        "port of the local chat page",
    )
    proxies: int = setting(
        "PROXIES",
        number(0, 5),
        "0",
        "sayfanın önündeki vekil sunucu sayısı (Render: 1)",
        "number of proxies before the page (Render: 1)",
    )
    external_url: str = setting(
        "RENDER_EXTERNAL_URL",
        url,
        "",
        "Render'ın verdiği adres; bot kendini bununla uyanık tutar",
        "the address Render sets; the bot keeps itself awake by it",
    )
    keep_awake: bool = setting(
        "KEEP_AWAKE", switch, "1", "0: kendini uyanık tutma", "0: do not keep itself awake"
    )
    data_dir: str = setting(
        "DATA_DIR", str, "data", "veritabanı ve deponun klasörü", "folder of database and store"
    )
    database_url: Secret = setting(
        "DATABASE_URL",
        database,
        "",
        "boşsa DATA_DIR içinde SQLite; postgresql://… olabilir",
        "empty: SQLite in DATA_DIR; may be postgresql://…",
    )
    keep_firings: int = setting(
        "KEEP_FIRINGS",
        number(1, 3650),
        "90",
        "çalan alarmların saklandığı gün",
        "days for which fired alarms are kept",
    )
    cache_url: Secret = setting(
        "CACHE_URL",
        cache,
        "",
        "boşsa DATA_DIR içinde SQLite; redis://… olabilir",
        "empty: SQLite in DATA_DIR; may be redis://…",
    )
    pool_size: int = setting(
        "POOL_SIZE",
        number(1, 16),
        str(min(2, os.cpu_count() or 1)),
        "hesap süreçlerinin sayısı",
        "number of compute processes",
    )
    scan_symbols: tuple[str, ...] = setting(
        "SCAN_SYMBOLS",
        coins,
        "BTC ETH BNB SOL TRX CAKE SUI PEPE ARPA TURBO",
        "favorisi olmayanın coinleri",
        "coins of a user without favourites",
    )
    version: str = setting(
        "VERSION RENDER_GIT_COMMIT", str, "dev", "gösterilen sürüm", "the version shown"
    )
    log_level: str = setting(
        "LOG_LEVEL",
        one_of("debug", "info", "warning", "error"),
        "info",
        "günlük düzeyi",
        "log level",
    )
    log_format: str = setting(
        "LOG_FORMAT",
        one_of("text", "json"),
        "text",
        "günlük satırları: text ya da json",
        "log lines: text or json",
    )
    metrics_token: Secret = setting(
        "METRICS_TOKEN",
        secret,
        "",
        "/metrics'i okuyanın anahtarı; boşsa sayfa yoktur",
        "bearer token of who reads /metrics; empty: no such page",
    )
    ping_url: Secret = setting(
        "PING_URL",
        secret_url,
        "",
        "işler yolundayken her dakika GET edilen gizli adres (healthchecks.io gibi)",
        "secret address to GET every minute while the jobs run (such as healthchecks.io)",
    )
    telegram_api_url: str = setting(
        "TELEGRAM_API_URL", url, "https://api.telegram.org", "Bot API sunucusu", "Bot API server"
    )
    binance_url: str = setting(
        "BINANCE_URL", url, "https://api.binance.com", "Binance spot", "Binance spot"
    )
    binance_data_url: str = setting(
        "BINANCE_DATA_URL",
        url,
        "https://data-api.binance.vision",
        "Binance'in yalnız veri aynası",
        "Binance's data-only mirror",
    )
    binance_futures_url: str = setting(
        "BINANCE_FUTURES_URL", url, "https://fapi.binance.com", "Binance vadeli", "Binance futures"
    )
    okx_url: str = setting("OKX_URL", url, "https://www.okx.com", "OKX", "OKX")
    bybit_url: str = setting("BYBIT_URL", url, "https://api.bybit.com", "Bybit", "Bybit")
    kraken_url: str = setting("KRAKEN_URL", url, "https://api.kraken.com", "Kraken", "Kraken")
    kraken_futures_url: str = setting(
        "KRAKEN_FUTURES_URL", url, "https://futures.kraken.com", "Kraken vadeli", "Kraken futures"
    )
    coinbase_url: str = setting(
        "COINBASE_URL", url, "https://api.exchange.coinbase.com", "Coinbase", "Coinbase"
    )
    btcturk_url: str = setting("BTCTURK_URL", url, "https://api.btcturk.com", "BtcTurk", "BtcTurk")
    btcturk_graph_url: str = setting(
        "BTCTURK_GRAPH_URL",
        url,
        "https://graph-api.btcturk.com",
        "BtcTurk grafikleri",
        "BtcTurk's charts",
    )

    live_trading: bool = setting(
        "LIVE_TRADING", switch, "0", "1: gerçek emirlere izin", "1: real orders are allowed"
    )
    binance_testnet: bool = setting(
        "BINANCE_TESTNET",
        switch,
        "0",
        "1: emirler Binance testnet'e",
        "1: orders go to the testnet",
    )
    master_key: Secret = setting(
        "MASTER_KEY",
        secret,
        "",
        "API anahtarlarını ve yedekleri mühürleyen parola; boşsa ikisi de olmaz",
        "password that seals API keys and backups; empty: neither is made",
    )
    old_master_key: Secret = setting(
        "OLD_MASTER_KEY",
        secret,
        "",
        "bir önceki MASTER_KEY; yalnız rotate-key için",
        "the MASTER_KEY before; for rotate-key only",
    )
    max_order: int = setting(
        "MAX_ORDER", number(1, 10**9), "1000", "bir emir en çok (USDT)", "cap of one order (USDT)"
    )
    max_coin: int = setting(
        "MAX_COIN", number(1, 10**9), "2500", "bir coin en çok (USDT)", "cap of one coin (USDT)"
    )
    max_day: int = setting(
        "MAX_DAY", number(1, 10**9), "5000", "günlük alım en çok (USDT)", "cap of a day (USDT)"
    )
    max_loss: int = setting(
        "MAX_LOSS", number(1, 100), "5", "günlük kayıp sınırı (%)", "limit of a day's loss (%)"
    )
    max_distance: int = setting(
        "MAX_DISTANCE",
        number(1, 50),
        "5",
        "fiyattan en çok uzaklık (%)",
        "farthest limit price (%)",
    )
    repeat_seconds: int = setting(
        "REPEAT_SECONDS", number(0, 3600), "10", "aynı emir yasağı (sn)", "no same order for (s)"
    )

    coingecko_url: str = setting(
        "COINGECKO_URL", url, "https://api.coingecko.com", "CoinGecko", "CoinGecko"
    )
    coingecko_key: Secret = setting(
        "COINGECKO_KEY",
        secret,
        "",
        "CoinGecko'nun ücretsiz Demo anahtarı; boş olabilir",
        "CoinGecko's free Demo key; may be empty",
    )
    coinmarketcap_url: str = setting(
        "COINMARKETCAP_URL",
        url,
        "https://pro-api.coinmarketcap.com",
        "CoinMarketCap",
        "CoinMarketCap",
    )
    coinmarketcap_key: Secret = setting(
        "COINMARKETCAP_KEY",
        secret,
        "",
        "CoinMarketCap'in ücretsiz anahtarı; boş olabilir",
        "CoinMarketCap's free key; may be empty",
    )
    fear_greed_url: str = setting(
        "FEAR_GREED_URL",
        url,
        "https://api.alternative.me",
        "korku ve açgözlülük endeksi",
        "fear and greed index",
    )
    coinglass_url: str = setting(
        "COINGLASS_URL", url, "https://open-api-v4.coinglass.com", "CoinGlass", "CoinGlass"
    )
    coinglass_key: Secret = setting(
        "COINGLASS_KEY",
        secret,
        "",
        "CoinGlass'ın ücretli anahtarı: likidasyonlar, ETF akışları",
        "CoinGlass's paid key: liquidations, ETF flows",
    )
    sosovalue_url: str = setting(
        "SOSOVALUE_URL", url, "https://api.sosovalue.xyz", "SoSoValue", "SoSoValue"
    )
    sosovalue_key: Secret = setting(
        "SOSOVALUE_KEY",
        secret,
        "",
        "SoSoValue'nun ücretsiz anahtarı: ETF akışları",
        "SoSoValue's free key: ETF flows",
    )
    farside_url: str = setting(
        "FARSIDE_URL", url, "https://farside.co.uk", "Farside'ın ETF sayfası", "Farside's ETF page"
    )

    @property
    def admins(self) -> frozenset[int]:
        """Return the admins' ids: in the local chat its one person, where none are named."""
        return frozenset(self.admin_ids or ({1} if self.local else ()))

    @property
    def owner(self) -> int | None:
        """Return the first admin's id; in the local chat its one person's, where none is named."""
        people = [one for one in self.admin_ids if one > 0]
        return people[0] if people else 1 if self.local else None

    @property
    def local(self) -> bool:
        """Tell whether the bot runs without a token, on the local chat."""
        return not self.telegram_token

    @property
    def mocked(self) -> bool:
        """Tell whether the markets are the mock ones."""
        return self.local if self.mock is None else self.mock

    @property
    def address(self) -> str:
        """Return the address the status page listens on."""
        return self.host or ("127.0.0.1" if self.local else "0.0.0.0")  # noqa: S104 a host's probe comes from outside

    @property
    def database(self) -> str:
        """Return the database address, SQLite in the data folder unless set."""
        return self.database_url.reveal() or f"sqlite:///{Path(self.data_dir) / 'dort5bot.db'}"

    def secrets(self) -> list[str]:
        """Return every plain secret, passwords inside addresses too."""
        found = [getattr(self, item.name) for item in fields(self)]
        values = [value.reveal() for value in found if isinstance(value, Secret) and value]
        passwords = [urlsplit(value).password for value in values if "://" in value]
        path = urlsplit(self.ping_url.reveal()).path.strip("/")
        passwords += [path] if len(path) >= 8 else []
        return values + [unquote(word) for word in passwords if word]


def described() -> tuple[Field, ...]:
    """Return the settings' fields in order, for the README's table."""
    return fields(Config)


def load(environ: Mapping[str, str] | None = None, env_file: str = ".env") -> Config:
    """Read the settings once: environment first, then .env, then defaults. Raises ConfigError."""
    known = {
        **dotenv_values(env_file, interpolate=False),
        **(os.environ if environ is None else environ),
    }
    values, wrong = {}, []
    for item in described():
        names, default = item.metadata["names"], item.metadata["default"]
        name = next((name for name in names if (known.get(name) or "").strip()), names[0])
        try:
            values[item.name] = item.metadata["parse"]((known.get(name) or "").strip() or default)
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise ConfigError("Yanlış ayarlar / wrong settings:\n" + "\n".join(wrong))
    made = Config(**values)
    if made.scenario and not made.mocked:
        raise ConfigError("SCENARIO: yalnız sahte piyasalarda (MOCK=1) / on mock markets only")
    return made
