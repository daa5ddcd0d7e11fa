"""shell.py: one command line answered, one database copied."""

import db
import main
import shell


def test_a_database_is_copied_by_its_address_and_only_into_an_empty_one(tmp_path, capsys):
    origin, target = (f"sqlite:///{tmp_path / name}" for name in ("one.db", "other.db"))
    first = db.Db(origin)
    first.add_favourites(1, ["BTCUSDT", "ETHUSDT"])
    first.close()
    assert main.main(["copy-db", origin, target]) == 0
    assert capsys.readouterr().out == "2\n"
    second = db.Db(target)
    assert second.favourites(1) == ("BTCUSDT", "ETHUSDT")
    second.close()
    assert shell.copied([origin, target]) == 2
    assert "not empty" in capsys.readouterr().err


def test_a_wrong_address_is_refused_in_words_and_without_its_password(capsys):
    for addresses in ([], ["sqlite://"], ["mysql://u:hidden@h/x", "sqlite://"]):
        assert shell.copied(addresses) == 2
    assert shell.copied(["postgresql://u:hidden@127.0.0.1:1/x", "sqlite://"]) == 2
    said = capsys.readouterr().err
    assert said.count("copy-db FROM TO") == 4 and "hidden" not in said


def test_a_database_newer_than_the_bot_is_refused_in_words(tmp_path, capsys):
    origin, target = (f"sqlite:///{tmp_path / name}" for name in ("one.db", "other.db"))
    opened = db.Db(origin)
    with opened._write() as connection:
        connection.execute(db.update(db.meta).values(version=10_000))
    opened.close()
    assert shell.copied([origin, target]) == 2
    assert "newer than this bot" in capsys.readouterr().err


def test_one_line_is_answered_on_the_stream_its_outcome_wants(ctx, capsys):
    assert shell.answered(ctx(), "/id") == 0
    assert shell.answered(ctx(), "/p nosuchcoin") == 1
    told = capsys.readouterr()
    assert "Kimliğiniz" in told.out and "nosuchcoin" in told.err
