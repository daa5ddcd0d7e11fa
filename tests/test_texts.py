"""Each report in both languages against the text kept of it."""

import pytest

from tests import texts


@pytest.fixture(scope="module")
def tell():
    with texts.open_world() as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("lang", texts.LANGUAGES)
@pytest.mark.parametrize("name", texts.LINES)
def test_a_report_says_what_is_kept_of_it(tell, name, lang):
    kept = texts.path(name, lang).read_text("utf-8")
    assert tell(name, lang) == kept, "if it should: python -m tests.texts"


def test_every_text_is_of_a_report():
    kept = {path.name for path in texts.FOLDER.iterdir()}
    assert kept == {texts.path(name, lang).name for name in texts.LINES for lang in texts.LANGUAGES}
