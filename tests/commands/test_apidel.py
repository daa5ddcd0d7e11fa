from order_rows import Key
from orders import LIVE, PAPER


def test_the_key_is_forgotten_and_trading_is_paper_again(say, database):
    assert "Zaten anahtar yok" in say("/apidel")[0].text
    database.orders.save_keys([Key(7, "abcd…wxyz", "sealed", 1)])
    database.orders.save_trader(7, mode=LIVE)
    assert "forgotten" in say("/apidel", lang="en")[0].text
    assert database.orders.key(7) is None and database.orders.trader(7).mode == PAPER
