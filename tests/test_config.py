import pickle

import pytest

import config

TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"


def load(**environ):
    return config.load(environ, env_file="/nonexistent")


def test_defaults_run_the_local_chat_on_mock_markets():
    settings = load()
    assert settings.local and settings.mocked
    assert settings.address == "127.0.0.1"
    assert settings.language == "tr" and str(settings.timezone) == "Europe/Istanbul"
    assert settings.database == "sqlite:///data/dort5bot.db"


@pytest.mark.parametrize("name", ["TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN", "BOT_TOKEN"])
def test_a_token_by_any_of_its_names_means_telegram_and_real_markets(name):
    settings = load(**{name: TOKEN})
    assert settings.telegram_token.reveal() == TOKEN
    assert not settings.local and not settings.mocked
    assert settings.address == "0.0.0.0"


def test_mock_says_otherwise():
    assert load(TELEGRAM_TOKEN=TOKEN, MOCK="1").mocked
    assert not load(MOCK="0").mocked


def test_every_wrong_setting_is_named_at_once():
    wrong = {
        "TELEGRAM_TOKEN": "nonsense",
        "ADMIN_IDS": "12 abc",
        "LANGUAGE": "de",
        "TIMEZONE": "Mars/Base",
        "MOCK": "perhaps",
        "PORT": "99999",
        "POOL_SIZE": "0",
        "SCAN_SYMBOLS": "BTC;DROP",
        "BINANCE_URL": "ftp://x",
        "DATABASE_URL": "mysql://x",
        "CACHE_URL": "http://x",
    }
    with pytest.raises(config.ConfigError) as caught:
        load(**wrong)
    assert all(f"{name}:" in str(caught.value) for name in wrong)
    assert "nonsense" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://x.y",
        "http://[::1",
        "http://x:99999",
        "http://x:0",
        "http://ex am.ple",
        "http://u:p@x",
    ],
)
def test_an_address_nothing_can_answer_is_refused(address):
    with pytest.raises(
        config.ConfigError, match=r"^.*\nOKX_URL: http\(s\) adresi olmalı / must be"
    ):
        load(OKX_URL=address)
    assert load(OKX_URL="http://[::1]:8443/base/").okx_url == "http://[::1]:8443/base"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("DATABASE_URL", "postgresql://u:hidden@h:abc/d"),
        ("DATABASE_URL", "postgresql://u:hid/den@h/d"),
        ("DATABASE_URL", "postgresql://u:hidden@[::1/d"),
        ("CACHE_URL", "redis://:hidden@h:abc/0"),
        ("CACHE_URL", "redis://:hidden@h:6379/zero"),
    ],
)
def test_an_address_with_a_password_is_refused_without_it(name, address):
    with pytest.raises(config.ConfigError, match=f"\\n{name}: .* olmalı / must be") as caught:
        load(**{name: address})
    assert "hid" not in str(caught.value)


def test_env_file_is_read_and_the_environment_wins(tmp_path):
    file = tmp_path / ".env"
    file.write_text("LANGUAGE=en\nPORT=1234\nSCAN_SYMBOLS=btc, eth\n")
    settings = config.load({"PORT": "4321"}, env_file=str(file))
    assert (settings.language, settings.port) == ("en", 4321)
    assert settings.scan_symbols == ("BTC", "ETH")


def test_postgres_addresses_get_their_driver():
    assert load(DATABASE_URL="postgres://u:p@h/d").database == "postgresql+psycopg://u:p@h/d"


def test_a_secret_never_shows_itself():
    secret = config.Secret("hush-hush")
    assert "hush" not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert "hush" not in repr(load(TELEGRAM_TOKEN=TOKEN))


def test_secrets_include_passwords_in_addresses():
    settings = load(TELEGRAM_TOKEN=TOKEN, DATABASE_URL="postgres://me:p%40ss-word@h/d")
    assert {TOKEN, "p@ss-word"} <= set(settings.secrets())


def test_the_address_of_the_ping_is_a_secret_and_so_is_its_path():
    settings = load(PING_URL="https://watch.example/0a1b-2c3d-4e5f/")
    assert "0a1b" not in repr(settings)
    assert {"https://watch.example/0a1b-2c3d-4e5f", "0a1b-2c3d-4e5f"} <= set(settings.secrets())
    assert "ping" not in load(PING_URL="https://watch.example/ping").secrets()
    with pytest.raises(config.ConfigError, match="PING_URL"):
        load(PING_URL="ftp://watch.example/x")


def test_every_setting_is_described_in_both_languages():
    for item in config.described():
        assert item.metadata["tr"] and item.metadata["en"] and item.metadata["names"]


def test_ids_keep_their_order_and_the_owner_is_the_first_person(settings):
    told = settings(ADMIN_IDS="30, -100 7,30 9", TELEGRAM_TOKEN="123456789:" + "A" * 35)
    assert list(told.admin_ids) == [30, -100, 7, 9] and told.owner == 30 and 7 in told.admin_ids
    assert settings(ADMIN_IDS="-100 7").owner == 7
    assert settings().owner == 1 and settings(TELEGRAM_TOKEN="123456789:" + "A" * 35).owner is None
