import re
from datetime import date, timedelta

import pytest

from markets.feargreed import Mood
from net import Dated

TODAY = date(2026, 11, 24)


@pytest.fixture
def told(ctx, market, monkeypatch):
    """Return a way to say /fg of some values, the newest first, None for a day that is missing."""

    def tell(values, args="", lang="en", label="Fear"):
        days = [(TODAY - timedelta(n), value) for n, value in enumerate(values)]
        moods = tuple(Mood(day, value, label) for day, value in days if value is not None)
        monkeypatch.setattr(market, "fear_greed", lambda days: Dated(moods[:days], 0))
        context = ctx(args, lang=lang)
        return context.commands["fg"].run(context).text

    return tell


def test_the_index_its_past_and_its_mean(say, market):
    (reply,) = say("/fg")
    moods = market.fear_greed(90).data
    mean = sum(mood.value for mood in moods[:7]) / 7
    assert f"7 günlük ortalama: {mean:.1f}".replace(".", ",") in reply.text
    lines = reply.text.splitlines()
    for i, n in ((1, 0), (2, 1), (3, 7), (4, 30)):
        assert re.search(rf"[🟢🟡🔴] {moods[n].value}/100", lines[i])
    assert lines[1].startswith(f"{moods[0].day:%d.%m}: ")
    assert [line for _, line in reply.buttons[0]] == ["/fg", "/fg 7", "/fg 30", "/fg 90"]


@pytest.mark.parametrize("line", ["/korku 30", "/fear 30", "/fg30"])
def test_so_many_days_are_summed_up(say, market, line):
    (reply,) = say(line, lang="en")
    values = [mood.value for mood in market.fear_greed(30).data]
    move = values[0] - values[-1]
    assert f"Last 30 days: {min(values)}–{max(values)}, {move:+d} points" in reply.text


def test_a_worked_week(told):
    text = told([34, 31, 28, 20, 25, 30, 35, 60])
    assert "24.11: 🔴 34/100 Fear" in text and "7-day mean: 29.0" in text
    assert "Yesterday: 🔴 31/100" in text and "7 days ago: 🟢 60/100" in text
    assert "30 days ago: —" in text and "Last 7 days: 20–35, -1 points" in text


def test_a_missing_day_is_a_dash_and_leaves_no_mean(told):
    text = told([34, None, 28, 20, 25, 30, 35, 60])
    assert "Yesterday: —" in text and "7-day mean: —" in text


@pytest.mark.parametrize(
    ("label", "tr"),
    [
        ("Extreme Fear", "kademeli"),
        ("Fear", "temkinli"),
        ("Neutral", "belirgin bir duygu yok"),
        ("Greed", "stop"),
        ("Extreme Greed", "kâr"),
        ("Brand <new>", "belirgin bir duygu yok"),
    ],
)
def test_each_class_says_what_to_do_and_a_new_one_is_safe(told, label, tr):
    text = told([50] * 9, lang="tr", label=label)
    assert tr in text.rpartition("Yorum: ")[2] and "<new>" not in text


@pytest.mark.parametrize("line", ["/fg 1", "/fg 91", "/fg x", "/fg -5"])
def test_bad_days_are_refused(say, line):
    (reply,) = say(line)
    assert reply.failed == 1 and "Kullanım: /fg [gün]" in reply.text


def test_a_part_of_a_day_is_no_bug(say):
    (reply,) = say("/fg 7.5")
    assert not reply.failed and "Son 7 gün" in reply.text


def test_it_shows_a_picture_of_thirty_days(say, drawn):
    (reply,) = say("/fg")
    assert reply.photo and len(drawn) == 1
    assert len(drawn[0].time) == 30
