from tests import readme


def test_the_tables_are_the_codes():
    text = readme.README.read_text("utf-8")
    assert text == readme.filled(text), "run: python -m tests.readme"
    assert "| `/p [coinler\\|N]`" in text and "`TELEGRAM_TOKEN`" in text


def test_it_is_short():
    assert len(readme.README.read_text("utf-8").splitlines()) <= 150
