def test_it_tells_both_ids(say):
    assert say("/id")[0].text.count("<code>7</code>") == 2
