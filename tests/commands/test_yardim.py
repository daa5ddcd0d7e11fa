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
    assert say("/help nosuch")[0].failed == 1
