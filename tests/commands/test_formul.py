import vocabulary


def test_save_list_use_and_delete(say, database):
    assert "Henüz yok" in say("/formul")[0].text
    (saved,) = say("/formul altin = sma(50) > sma200")
    assert saved.text == "Kaydedildi: altin = <code>sma(50) &gt; sma(200)</code>"
    (used,) = say("/formul Altın2 = altın ve rsi < 70")
    assert "sma(50) &gt; sma(200) and rsi(14) &lt; 70" in used.text
    (listed,) = say("/formul")
    assert "altin = <code>sma(50) &gt; sma200</code>" in listed.text
    (changed,) = say("/formul altin = rsi > 50", lang="en")
    assert changed.text.startswith("Saved")
    assert database.formulas(7) == {"altin": "rsi > 50", "altin2": "altın ve rsi < 70"}
    assert say("/formul sil ALTIN")[0].text == "Silindi."
    assert say("/formul sil altin")[0].text == "Zaten yoktu."
    assert "altin" in say("/formul altin2")[0].text


def test_the_list_names_every_word(say):
    (reply,) = say("/formul", lang="en")
    shown = set(reply.text.replace("<", " ").split())
    assert {word for group in vocabulary.groups().values() for word in group} <= shown
    assert len(reply.text) < 4096


def test_a_formula_is_read_back(say):
    (reply,) = say("/formul rsi<35 macd>0")
    assert "rsi(14) &lt; 35 and macd(12, 26, 9) &gt; 0" in reply.text
    assert "Gereken bar: 284" in reply.text
    assert any("/sc rsi(14) < 35" in line for row in reply.buttons for _, line in row)
    assert "4h 265" in say("/formul rsi(tf=4h) - 50")[0].text
    (wrong,) = say("/formul rsii<35")
    assert wrong.failed == 1 and "▸rsii" in wrong.text
    assert say("/formul rsi >= 30 and rsi == 3")[0].failed == 0


def test_names_that_mean_something_are_refused(say):
    for name in ("rsi", "close", "ve", "x", "a-b", "çok_uzun_bir_ad_bu_olmaz", "9a", "düşük"):
        assert say(f"/formul {name} = close > 1")[0].failed == 1


def test_circles_and_mistakes_are_refused(say, database):
    say("/formul a1 = close > 1")
    say("/formul b1 = a1 and rsi > 1")
    for line in ("/formul a1 = b1 or close > 2", "/formul a1 = a1", "/formul c1 = rsii > 1"):
        assert say(line)[0].failed == 1
    assert database.formulas(7)["a1"] == "close > 1"


def test_there_is_a_limit_of_formulas_and_of_their_cost(say, database):
    for i in range(30):
        database.save_formula(7, f"f{i}", "close > 1")
    assert "30" in say("/formul yeni = close > 2")[0].text
    assert say("/formul f3 = close > 2")[0].failed == 0
    for i in range(20):
        database.save_formula(7, f"f{i}", "rank(close, 900) > 1 and median(close, 200) > 1")
    (reply,) = say("/formul f3 = close > 3")
    assert reply.failed == 1 and "ağır" in reply.text
