import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from telebot import types

from local.terminal import Terminal, run
from tests.local.conftest import png

ROOT = Path(__file__).parents[2]
START = """
import sys
from local.telegram import Server
from local.terminal import run
with Server() as server:
    run(server)
    said = [message.text for message in server.messages(1)]
    print("said", said, file=sys.stderr)
"""


class Tty(io.StringIO):
    def isatty(self):
        return True


class Screen(io.StringIO):
    """A stream one can wait for."""

    def __init__(self):
        super().__init__()
        self.written = threading.Condition()

    def write(self, text):
        with self.written:
            count = super().write(text)
            self.written.notify_all()
            return count

    def wait(self, text):
        with self.written:
            return self.written.wait_for(lambda: text in self.getvalue(), 5)


@pytest.fixture
def screen(server, bot, tmp_path):
    """What a terminal on chat 1 prints for what happened since the last time."""
    out = io.StringIO()
    terminal = Terminal(server, 1, out, tmp_path)

    def news():
        terminal.print_news()
        text = out.getvalue()
        out.truncate(out.seek(0))
        return text

    news.terminal = terminal
    return news


def buttons(*labels, **extra):
    markup = types.InlineKeyboardMarkup()
    markup.row(*[types.InlineKeyboardButton(text, callback_data=text) for text in labels])
    if extra:
        markup.row(types.InlineKeyboardButton(**extra))
    return markup


def test_messages_are_plain_text(server, bot, screen):
    server.say(1, "/p btc")
    bot.send_message(1, "<b>BTC</b> <a href='https://a.co'>site</a>\n<pre>a  1</pre>", "HTML")
    assert screen() == "> /p btc\nBTC site (https://a.co/)\na  1\n"
    assert screen() == ""


def test_bold_is_bold_on_a_terminal_only(server, bot):
    out = Tty()
    terminal = Terminal(server, 1, out)
    terminal.greet()
    terminal.read("yazdım")
    bot.send_message(1, "a <b>😀b</b> c", parse_mode="HTML")
    terminal.print_news()
    assert out.getvalue().splitlines()[1:] == ["a \x1b[1m😀b\x1b[0m c"]
    assert "#1" in out.getvalue()


def test_control_characters_do_not_reach_the_terminal(bot, screen):
    bot.send_message(1, "a\x9b31mb", reply_markup=buttons("\x9bx"))
    assert "\x9b" not in screen()


def test_buttons_are_numbered_and_pressed_by_number(server, bot, screen):
    markup = buttons("7", "30", text="site", url="https://a.co")
    sent = bot.send_message(1, "seç", reply_markup=markup)
    assert screen().splitlines() == ["seç", "[1] 7  [2] 30", "[3] site"]
    screen.terminal.read("#2")
    [press] = server.chats.presses.values()
    assert (press.data, press.message) == ("30", sent.message_id)
    bot.answer_callback_query(press.id, "tamam")
    assert screen() == "» tamam\n"
    screen.terminal.read("#3")
    screen.terminal.read("#9")
    assert screen() == "https://a.co\nBöyle bir düğme yok.\n"


def test_keys_of_a_reply_keyboard_are_said(server, bot, screen):
    markup = types.ReplyKeyboardMarkup()
    markup.row("/p", "/t")
    bot.send_message(1, "a", reply_markup=markup)
    assert screen() == "a\n[1] /p  [2] /t\n"
    screen.terminal.read("#2")
    assert server.messages(1)[-1].text == "/t"


def test_edits_and_deletions_are_shown(server, bot, screen):
    sent = bot.send_message(1, "a").message_id
    screen()
    bot.edit_message_text("b", 1, sent, reply_markup=buttons("x"))
    assert screen() == "(düzenlendi)\nb\n[1] x\n"
    bot.delete_message(1, sent)
    server.user(1, language="en")
    assert screen() == "(message deleted)\n"


def test_files_are_saved_inside_the_folder(bot, screen, tmp_path):
    photo = bot.send_photo(1, png(9, 9), caption="resim").message_id
    bot.send_document(1, ("../../kötü/ad.txt", b"x"))
    path, caption, other = screen().splitlines()
    assert (Path(path), caption) == (tmp_path / f"{photo}-photo.png", "resim")
    assert Path(path).read_bytes() == png(9, 9)
    assert Path(other).parent == tmp_path
    assert Path(other).read_bytes() == b"x"


def test_what_cannot_be_sent_is_said(server, bot, screen):
    screen.terminal.read("x" * 4097)
    server.block(1)
    screen.terminal.read("a")
    screen.terminal.read("")
    assert screen().count("Gönderilemedi") == 2


def test_lines_are_sent_until_the_end_and_answers_go_on_after_it(server, bot):
    out = Screen()
    run(server, stdin=io.StringIO("bir\n\n  iki \n"), stdout=out)
    assert [m.text for m in server.messages(1)][1:] == ["bir", "iki"]
    bot.send_message(1, "sonra")
    assert out.wait("sonra")


def test_a_closed_stream_ends_it_quietly(server, bot):
    closed = io.StringIO()
    closed.close()
    run(server, stdin=closed, stdout=io.StringIO())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"input": b"a\xff\nb"}, r"['a\ufffd', 'b']"),
        ({"stdin": subprocess.DEVNULL}, "[]"),
        ({}, "[]"),
    ],
)
def test_it_runs_without_a_terminal(given, said):
    command = [sys.executable, "-c", START]
    if not given:
        command = ["sh", "-c", f'exec "{sys.executable}" -c "$0" <&-', START]
    done = subprocess.run(
        command, cwd=ROOT, stderr=subprocess.PIPE, check=True, timeout=60, **given
    )
    assert f"said {said}" in done.stderr.decode("utf-8").replace("\ufffd", "\\ufffd")
