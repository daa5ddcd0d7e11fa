import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from telebot import types

from local.telegram import Server
from tests.local.conftest import png

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --window-size=1200,800"
)
TABLE = "<pre>" + "\n".join(f"COIN{row}  12.345,67  +1,25%  123,4M" for row in range(5)) + "</pre>"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


class Screen:
    """The page of one server in the browser."""

    def __init__(self, driver, server):
        self.driver, self.server = driver, server

    def open(self, path=""):
        self.driver.get("about:blank")
        self.driver.get(self.server.page + path)
        self.until(lambda: self.one("#bot").text and self.one("#user").get_property("value"))
        return self

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def bubbles(self):
        script = "return [...document.querySelectorAll('.message .body')].map(b => "
        script += (
            "[...b.childNodes].filter(n => n.className != 'meta').map(n => n.textContent).join(''))"
        )
        return self.driver.execute_script(script)

    def type(self, *keys):
        self.one("#text").send_keys(*keys)

    def until(self, condition):
        return WebDriverWait(self.driver, 10, 0.02).until(lambda _: condition())

    def errors(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture
def page(chromium, server, bot):
    chromium.get_log("browser")
    return Screen(chromium, server).open()


def buttons(*labels):
    markup = types.InlineKeyboardMarkup()
    markup.row(*[types.InlineKeyboardButton(text, callback_data=text) for text in labels])
    return markup


def test_enter_sends_and_shift_enter_does_not(page, server):
    page.type("bir", Keys.SHIFT, Keys.ENTER, Keys.NULL, "iki", Keys.ENTER)
    page.until(lambda: page.bubbles()[-1] == "bir\niki")
    assert server.messages(1)[-1].text == "bir\niki"
    assert page.one("#text").get_property("value") == ""


def test_formatting_is_drawn_from_entities_and_never_as_html(page, bot):
    text = "<b>a😀<i>b</i></b> <u>c</u> <s>d</s> <code>e</code> <a href='https://f.co'>f</a> "
    text += "<tg-spoiler>g</tg-spoiler><pre>h\n i</pre><blockquote expandable>j</blockquote>"
    bot.send_message(1, text + "&lt;img src=x onerror=alert(1)&gt; /k", parse_mode="HTML")
    page.until(lambda: page.all(".body pre"))
    body = page.all(".body")[-1]

    def inner(selector):
        return body.find_element(By.CSS_SELECTOR, selector).get_property("textContent")

    assert inner("b") == "a😀b"
    assert [inner(s) for s in ("i", "u", "s", "code", "pre", "blockquote")] == [
        *"bcde",
        "h\n i",
        "j",
    ]
    link = body.find_element(By.CSS_SELECTOR, "a")
    assert (link.get_attribute("href"), link.get_attribute("target")) == ("https://f.co/", "_blank")
    assert "<img src=x onerror=alert(1)>" in page.bubbles()[-1]
    spoiler = body.find_element(By.CSS_SELECTOR, ".spoiler")
    spoiler.click()
    assert "open" in spoiler.get_attribute("class")
    assert not page.all("main img")


def test_a_link_with_a_dangerous_scheme_goes_nowhere(page, bot):
    entity = types.MessageEntity("text_link", 0, 1, url="javascript:alert(1)")
    bot.send_message(1, "tehlike", entities=[entity])
    page.until(lambda: page.bubbles()[-1] == "tehlike")
    assert page.all(".body a")[-1].get_attribute("href") is None


def test_a_command_in_a_message_is_sent_by_a_click(page, bot, server):
    bot.send_message(1, "bak: /fg")
    page.until(lambda: page.bubbles()[-1] == "bak: /fg")
    page.all(".body .tap")[-1].click()
    page.until(lambda: server.messages(1)[-1].text == "/fg")


def test_buttons_are_busy_until_answered(page, bot, server):
    bot.send_message(1, "seç", reply_markup=buttons("7", "30"))
    page.until(lambda: page.all(".row button"))
    button = page.all(".row button")[1]
    button.click()
    press = server.until(lambda: next(iter(server.chats.presses.values()), None))
    assert (press.data, button.get_attribute("class")) == ("30", "busy")
    bot.answer_callback_query(press.id, "tamam")
    page.until(lambda: page.one("#toast").text == "tamam")
    assert button.get_attribute("class") == ""
    button.click()
    server.until(lambda: len(server.chats.presses) == 2)
    bot.answer_callback_query(list(server.chats.presses)[1], "dikkat", show_alert=True)
    page.until(lambda: page.one("#alert p").text == "dikkat")
    page.one("#alert button").click()


def test_edits_in_place_and_deletions(page, bot, server):
    first = bot.send_message(1, "eski").message_id
    bot.send_message(1, "son")
    page.until(lambda: page.bubbles()[-2:] == ["eski", "son"])
    bot.edit_message_text("yeni", 1, first)
    page.until(lambda: page.bubbles()[-2:] == ["yeni", "son"])
    bot.edit_message_text("sonu", 1, first + 1)
    bot.send_message(1, "ek")
    page.until(lambda: page.bubbles()[-3:] == ["yeni", "sonu", "ek"])
    assert len(page.all("#log .day")) == 1
    assert page.one(f"#m{first} .meta").text.startswith("düzenlendi")
    bot.delete_message(1, first)
    page.until(lambda: "yeni" not in page.bubbles())


def test_photos_open_and_files_download(page, bot, server):
    bot.send_photo(1, png(300, 200), caption="resim")
    bot.send_document(1, ("şubat.html", b"<script>alert(1)</script>"))
    image = page.until(lambda: page.all(".photo img"))[0]
    page.until(lambda: image.get_property("naturalWidth") == 300)
    image.click()
    page.until(lambda: page.one("#viewer img").get_property("naturalHeight") == 200)
    page.one("#viewer").click()
    file = page.one(".file")
    assert "şubat.html" in file.text
    script = "return fetch(arguments[0]).then(a => [a.headers.get('content-disposition'), "
    script += "a.headers.get('content-type')])"
    disposition, kind = page.driver.execute_script(script, file.get_attribute("href"))
    assert disposition.startswith("attachment")
    assert kind == "application/octet-stream"


def test_the_command_menu_filters_completes_and_follows_the_language(page, bot, server):
    for language, words in (("tr", ("fiyat", "korku")), ("", ("price", "fear"))):
        menu = [types.BotCommand(name, text) for name, text in zip(("p", "fg"), words, strict=True)]
        bot.set_my_commands(menu, language_code=language)
    page.type("/")
    page.until(lambda: [item.text for item in page.all("#menu li")] == ["/p\nfiyat", "/fg\nkorku"])
    page.type("f")
    assert [item.text for item in page.all("#menu li")] == ["/fg\nkorku"]
    page.type(Keys.TAB)
    assert page.one("#text").get_property("value") == "/fg "
    page.type("7", Keys.ENTER)
    page.until(lambda: server.messages(1)[-1].text == "/fg 7")
    page.one("#language").send_keys("EN")
    page.until(lambda: page.one("#text").get_attribute("placeholder") == "Message")
    assert server.user(1).language == "en"
    page.one("#commands").click()
    assert [item.text for item in page.all("#menu li")] == ["/p\nprice", "/fg\nfear"]
    page.type(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    page.until(lambda: server.messages(1)[-1].text == "/fg")


def test_the_arrow_recalls_what_was_sent(page, server):
    for text in ("bir", "iki"):
        page.type(text, Keys.ENTER)
        page.until(lambda text=text: server.messages(1)[-1].text == text)
    page.type(Keys.ARROW_UP, Keys.ARROW_UP)
    assert page.one("#text").get_property("value") == "bir"
    page.type(Keys.ARROW_DOWN)
    assert page.one("#text").get_property("value") == "iki"


def test_reply_keyboards(page, bot, server):
    markup = types.ReplyKeyboardMarkup(input_field_placeholder="seçin")
    markup.row("/p", "/t")
    bot.send_message(1, "a", reply_markup=markup)
    page.until(lambda: len(page.all("#keyboard button")) == 2)
    page.all("#keyboard button")[1].click()
    page.until(lambda: server.messages(1)[-1].text == "/t")
    bot.send_message(1, "b", reply_markup=types.ReplyKeyboardRemove())
    page.until(lambda: not page.one("#keyboard").is_displayed())


def test_what_the_bot_is_doing(page, bot):
    bot.send_chat_action(1, "upload_photo")
    page.until(lambda: page.one("#status").text == "fotoğraf gönderiyor…")
    bot.send_message(1, "a")
    page.until(lambda: page.one("#status").text == "bot")


def test_new_messages_are_counted_while_one_reads_above(page, bot):
    for number in range(40):
        bot.send_message(1, f"satır {number}")
    page.until(lambda: page.bubbles()[-1] == "satır 39")
    assert not page.one("#down").is_displayed()
    page.driver.execute_script("document.getElementById('log').scrollTop = 0")
    page.until(lambda: page.one("#down").is_displayed())
    bot.send_message(1, "yeni")
    page.until(lambda: page.one("#down").text == "1")
    page.one("#down").click()
    page.until(lambda: not page.one("#down").is_displayed())


def test_each_person_has_a_chat_and_strangers_are_one_click_away(page, bot, server):
    page.one("#user").send_keys("2")
    page.until(lambda: page.one("#start").is_displayed())
    page.one("#start").click()
    page.until(lambda: page.bubbles() == ["/start"])
    assert (server.messages(2)[0].user, server.messages(2)[0].text) == (2, "/start")
    page.open("#-5")
    page.type("grup", Keys.ENTER)
    page.until(lambda: page.bubbles() == ["grup"])
    assert server.messages(-5)[0].user == 1


def test_blocking(page, bot, server):
    page.one("#block").click()
    page.until(lambda: page.one("#unblock").is_displayed())
    assert server.user(1).blocked
    page.one("#unblock").click()
    page.until(lambda: page.one("#composer").is_displayed())
    assert not server.user(1).blocked


def test_it_lives_through_a_restart_and_a_new_server(page, bot, server):
    server.stop()
    page.until(lambda: page.one("#status").text == "bağlanıyor…")
    server.start()
    server.say(1, "aynı")
    page.until(lambda: page.bubbles()[-1] == "aynı")
    server.stop()
    with Server(port=server.port) as other:
        other.say(1, "başka")
        page.until(lambda: page.bubbles() == ["başka"])
    server.start()


@pytest.mark.parametrize("width", [380, 1200])
def test_tables_and_long_words_fit_the_screen(page, bot, width):
    size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    bot.send_message(1, TABLE, parse_mode="HTML", reply_markup=buttons("x" * 60, "y"))
    bot.send_message(1, "w" * 500)
    page.until(lambda: page.bubbles()[-1][:1] == "w")
    script = "return document.querySelector(arguments[0]).scrollWidth"
    assert page.driver.execute_script(script, "html") <= width
    assert page.driver.execute_script(script, "#log") <= width
    table = page.one("pre")
    assert table.get_property("scrollWidth") <= table.get_property("clientWidth")
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_nothing_comes_from_elsewhere_and_the_policy_is_strict(page, bot, server):
    bot.send_photo(1, png(30, 30))
    page.until(lambda: page.all(".photo img"))
    script = "return performance.getEntriesByType('resource').map(e => e.name)"
    fetched = page.driver.execute_script(script)
    assert fetched
    assert all(url.startswith((server.page, "data:")) for url in fetched)
    policy = page.driver.execute_script(
        "return fetch('/').then(a => a.headers.get('content-security-policy'))"
    )
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert page.errors() == []
