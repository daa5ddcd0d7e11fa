def test_without_a_master_key_none_is_taken(say):
    (told,) = say(f"/apikey {'k' * 64} {'s' * 64}")
    assert "MASTER_KEY" in told.text and "sss" not in told.text and told.failed == 1


def test_in_a_group_it_is_lost(say):
    (told,) = say(f"/apikey {'k' * 64} {'s' * 64}", kind="group", lang="en")
    assert "Others have seen this key" in told.text
