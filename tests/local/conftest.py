"""A running local Telegram, and an unmodified telebot that talks to it."""

import struct
import zlib

import pytest
import requests
import telebot
from telebot import apihelper

from local.telegram import Server
from tests.local.desk import Desk


@pytest.fixture
def server():
    with Server() as running:
        yield running


@pytest.fixture
def bot(server, monkeypatch):
    """telebot with parameters in the body, as chat.py drives it."""
    monkeypatch.setattr(apihelper, "CUSTOM_REQUEST_SENDER", send_by_post)
    return telebot_for(server, monkeypatch)


@pytest.fixture
def url_bot(server, monkeypatch):
    """telebot as it comes, with parameters in the URL."""
    return telebot_for(server, monkeypatch)


@pytest.fixture(params=["bot", "url_bot"])
def either_bot(request):
    return request.getfixturevalue(request.param)


def telebot_for(server, monkeypatch):
    monkeypatch.setattr(apihelper, "API_URL", server.url + "/bot{0}/{1}")
    monkeypatch.setattr(apihelper, "FILE_URL", server.url + "/file/bot{0}/{1}")
    server.say(1, "/start")
    return telebot.TeleBot(server.token, threaded=False)


def send_by_post(_, url, params=None, files=None, timeout=None, proxies=None):
    return requests.post(url, data=params, files=files, timeout=timeout, proxies=proxies)


def png(width, height):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.fixture
def desk(clock):
    opened = Desk(clock)
    yield opened
    opened.exchange.close()
