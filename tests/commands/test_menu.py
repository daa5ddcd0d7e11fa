import bot


def test_every_key_is_a_command(say, registry):
    (reply,) = say("/menu")
    for word in (word for row in reply.keyboard for word in row):
        assert bot.find(word, registry)


def test_it_goes_away(say):
    assert say("/menu kapat")[0].keyboard == ((),)
