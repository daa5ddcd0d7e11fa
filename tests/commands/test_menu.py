import pytest

import bot


@pytest.mark.parametrize("lang", ["tr", "en"])
def test_every_key_is_a_command(say, registry, lang):
    (reply,) = say("/menu", lang=lang)
    assert reply.keyboard[-1][-1] == {"tr": "/menu kapat", "en": "/menu off"}[lang]
    for word in (word for row in reply.keyboard for word in row):
        assert bot.find(word, registry)


def test_it_goes_away(say):
    for word in ("kapat", "Kaldır", "off"):
        assert say(f"/menu {word}")[0].keyboard == ((),)
