from dataclasses import replace

from bot import Command


def test_people_hear_whether_it_is_well_and_admins_why(say):
    assert say("/saglik", role="reader")[0].text == "🟢 Bot iyi."
    assert "Python" in say("/health")[0].text


def test_a_broken_command_is_named_to_admins(ctx):
    context = ctx(name="saglik")
    broken = {**context.commands, "bad": Command("bad", None, error="SyntaxError: x <y>")}
    text = context.commands["saglik"].run(replace(context, commands=broken)).text
    assert text.startswith("🔴") and "/bad: SyntaxError: x &lt;y&gt;" in text
