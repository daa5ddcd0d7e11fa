from order_rows import Key


def test_only_a_mask_is_shown(say, database):
    assert "Anahtar yok" in say("/apimy")[0].text
    database.orders.save_keys([Key(7, "abcd…wxyz", "sealed-text", 1_795_500_000_000)])
    (told,) = say("/apimy", lang="en")
    assert "abcd…wxyz" in told.text and "sealed" not in told.text
