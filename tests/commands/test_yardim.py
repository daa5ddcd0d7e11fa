def test_every_command_is_listed_under_its_group(say, registry):
    (reply,) = say("/help")
    for command in registry.values():
        assert f"/{command.name} – " in reply.text
    assert "<b>Fiyatlar</b>" in reply.text


def test_others_do_not_see_admin_commands(say):
    (reply,) = say("/yardim", role="reader")
    assert "/dar" not in reply.text
    assert say("/yardim dar", role="reader")[0].failed == 1


def test_one_command_with_its_other_names(say):
    (reply,) = say("/yardim p", lang="en")
    assert "/p [coins|N]" in reply.text and "/pg" in reply.text
    assert "\n\n" not in reply.text
    assert say("/help nosuch")[0].failed == 1


def test_a_command_with_a_manual_shows_it(say):
    for lang, word in (("tr", "seviye"), ("en", "confirm:close")):
        (reply,) = say("/help alarm", lang=lang)
        (alone,) = say("/alarm", lang=lang)
        assert word in alone.text and reply.text.endswith(f"\n\n{alone.text}")
        assert len(reply.text) < 4096
