def test_add_show_remove(say, database):
    assert "yok" in say("/fav")[0].text
    added, shown = say("/fav EKLE btc, sol")
    assert added.text.startswith("2 coin") and "1. BTC\n2. SOL" in shown.text
    assert database.favourites(7) == ("BTCUSDT", "SOLUSDT")
    removed, _ = say("/fav SİL BTC,")
    assert removed.text.startswith("1 coin")
    assert database.favourites(7) == ("SOLUSDT",)


def test_the_old_names_still_work(say, database):
    say("/p_ekle eth")
    assert "ETH" in say("/p_fav")[0].text
    say("/p_sil eth")
    say("/fav add sol")
    say("/fav delete sol")
    assert database.favourites(7) == ()


def test_what_is_there_already_is_said(say):
    say("/fav add btc")
    added, _ = say("/fav add btc", lang="en")
    assert added.text.startswith("0 added. The rest")


def test_wrong_words_are_refused(say):
    for line in ("/fav nonsense btc", "/fav ekle", "/fav ekle ,", "/fav ekle nosuchcoin"):
        (reply,) = say(line)
        assert reply.failed == 1
