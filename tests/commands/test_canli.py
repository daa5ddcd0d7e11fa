def test_live_says_what_is_missing(say):
    (told,) = say("/canli")
    assert all(word in told.text for word in ("LIVE_TRADING=1", "MASTER_KEY", "/apikey"))
    assert say("/canli onay yok")[0].failed == 1
    assert "Not yet" in say("/live", lang="en")[0].text
