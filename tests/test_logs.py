"""logs.py: no secret in any line, JSON that parses, and what each line is about."""

import io
import json
import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import logs

TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"


def record(message, *args, error=None, **extra):
    made = logging.LogRecord("x", 40, "f", 1, message, args, error)
    made.__dict__.update(extra)
    return made


def raised(words):
    try:
        raise RuntimeError(words)
    except RuntimeError as error:
        return type(error), error, error.__traceback__


@given(st.text(), st.text(min_size=4), st.text())
def test_redactor_leaves_no_secret(before, secret, after):
    words = logs.Redactor([secret])(before + secret + after)
    assert secret not in words or secret in logs.MASK


def test_redactor_masks_tokens_it_was_never_told():
    assert TOKEN not in logs.Redactor()(f"GET /bot{TOKEN}/getMe")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_line_hides_what_is_in_its_message_arguments_and_traceback(form):
    formatter = logs.FORMATTERS[form](logs.Redactor(["open-sesame"]))
    words = formatter.format(record("%s", "open-sesame", error=raised("it is open-sesame")))
    assert "open-sesame" not in words and words.count("***") >= 2 and "RuntimeError" in words


@given(st.text(), st.text(min_size=4), st.text())
def test_json_is_one_line_that_parses_and_hides_every_secret(before, secret, after):
    redact = logs.Redactor([secret])
    line = logs.JsonFormatter(redact).format(record("%s", before + secret + after))
    assert len(line.split("\n")) == 1
    said = json.loads(line)
    assert said["message"] == redact(before + secret + after)
    assert said["level"] == "error" and said["time"].endswith("Z")


def test_a_line_says_what_it_is_about_and_only_in_its_thread():
    formatter = logs.JsonFormatter(logs.Redactor())
    seen = []

    def elsewhere():
        seen.append(json.loads(formatter.format(record("b"))))

    with logs.about("update 7"):
        with logs.about("job x"):
            inner = json.loads(formatter.format(record("a", intent=12)))
        outer = json.loads(formatter.format(record("a")))
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        plain = logs.PlainFormatter(logs.Redactor()).format(record("a"))
    assert (inner["request"], inner["intent"], outer["request"]) == ("job x", 12, "update 7")
    assert "intent" not in outer and "request" not in seen[0]
    assert "x [update 7]: a" in plain and logs.REQUEST.get() == ""


def test_what_is_about_ends_with_an_error():
    with pytest.raises(KeyError), logs.about("update 1"):
        raise KeyError
    assert logs.REQUEST.get() == ""


def test_logging_goes_to_standard_error_in_the_form_asked_for(monkeypatch):
    root, hooks = logging.getLogger(), (logs.sys.excepthook, threading.excepthook)
    before, level, out = list(root.handlers), root.level, io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    try:
        logs.start_logging("info", "json", ["open-sesame"]).add("second-word")
        logging.getLogger("dort5bot").info("say open-sesame and second-word")
        logging.getLogger("urllib3").info("too much")
        thread = threading.Thread(target=lambda: 1 / 0, name="breaks")
        thread.start()
        thread.join()
    finally:
        logs.sys.excepthook, threading.excepthook = hooks
        root.handlers[:] = before
        root.setLevel(level)
    said, uncaught = map(json.loads, out.getvalue().splitlines())
    assert (said["message"], said["logger"]) == ("say *** and ***", "dort5bot")
    assert uncaught["level"] == "critical" and "ZeroDivisionError" in uncaught["error"]
