import io
import zipfile


def test_it_is_for_admins(say):
    assert say("/dar", role="reader")[0].failed == 1


def test_tree_commands_sources_and_zip(say):
    assert "main.py" in say("/dar")[0].text
    assert "/p " in say("/dar k")[0].text
    name, body = say("/dar t bot.py")[0].file
    assert name == "bot.py.txt" and b"class UserError" in body
    name, body = say("/dar txt")[0].file
    assert b"commands/p.py" in body
    name, body = say("/dar z")[0].file
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert any(n.endswith("main.py") for n in names) and not any(".git/" in n for n in names)


def test_places_outside_are_refused(say):
    for place in ("../x", "/etc/passwd", ".env", "data/x.db", "nosuch"):
        (reply,) = say(f"/dar t {place}")
        assert reply.failed == 1 and "klasör yok" in reply.text and "shown" not in reply.text
        assert "not a file" in say(f"/dar t {place}", lang="en")[0].text
    assert say("/dar q")[0].failed == 1
