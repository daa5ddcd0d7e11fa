"""shell.py: a command line answered; a database copied, brought back, its keys sealed anew."""

import pytest

import backup
import db
import main
import shell
from order_rows import Key
from vault import Pair, seal, unseal

OLD, NEW = "the old password", "the new password"


def test_a_database_is_copied_by_its_address_and_only_into_an_empty_one(tmp_path, capsys):
    origin, target = (f"sqlite:///{tmp_path / name}" for name in ("one.db", "other.db"))
    first = db.Db(origin)
    first.add_favourites(1, ["BTCUSDT", "ETHUSDT"])
    first.close()
    assert main.main(["copy-db", origin, target]) == 0
    assert capsys.readouterr().out == "2 satır / rows\n"
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


def test_one_line_is_answered_on_the_stream_its_outcome_wants(ctx, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shell.answered(ctx(), "/id") == 0
    assert shell.answered(ctx(), "/p nosuchcoin") == 1
    told = capsys.readouterr()
    assert "Kimliğiniz" in told.out and "nosuchcoin" in told.err
    assert shell.answered(ctx(), "fg 7") == shell.answered(ctx(), "btc") == 0
    assert shell.answered(ctx(), "nosuchword btc") == shell.answered(ctx(), " ") == 1


def test_a_file_is_written_over_none_that_is_there(tmp_path):
    for i, name in enumerate(("picture.png", "picture-2.png", "picture-3.png")):
        assert shell.saved(tmp_path / "picture.png", b"%d" % i) == tmp_path / name
    assert (tmp_path / "picture.png").read_bytes() == b"0"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Return a runner of the program in a folder: its status, and what it said on both streams."""
    monkeypatch.chdir(tmp_path)

    def call(*line, **environ):
        known = {"DATA_DIR": str(tmp_path / "data"), "MASTER_KEY": NEW, **environ}
        for name, value in known.items():
            monkeypatch.setenv(name, value)
        status = main.main(list(line))
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


@pytest.fixture
def saved(tmp_path):
    opened = db.Db(f"sqlite:///{tmp_path / 'origin.db'}")
    opened.add_favourites(1, ["BTCUSDT", "ETHUSDT"])
    with open(tmp_path / "x.d5b", "wb") as file:
        backup.write(opened, file, NEW)
    opened.close()
    return str(tmp_path / "x.d5b")


def stored(tmp_path):
    return db.Db(f"sqlite:///{tmp_path / 'data' / 'dort5bot.db'}")


def test_a_file_is_restored_into_an_empty_database_once(run, saved, tmp_path):
    status, said, _ = run("restore", saved)
    assert status == 0 and said.startswith("2 satır / rows")
    opened = stored(tmp_path)
    assert opened.favourites(1) == ("BTCUSDT", "ETHUSDT")
    opened.close()
    status, said, wrong = run("restore", saved)
    assert (status, said) == (1, "") and "not empty" in wrong and "boş değil" in wrong


def test_a_file_that_cannot_be_read_is_1_and_each_reason_has_its_sentence(run, saved, tmp_path):
    body = (tmp_path / "x.d5b").read_bytes()
    wrong = {
        backup.CUT_OFF: body[:-1],
        backup.CHANGED: body[:-1] + bytes([body[-1] ^ 1]),
        backup.NO_BACKUP: b"PK" + body,
    }
    for (tr, en), other in wrong.items():
        (tmp_path / "y.d5b").write_bytes(other)
        assert run("restore", "y.d5b") == (1, "", f"{tr}\n{en}\n")
    status, _, told = run("restore", saved, MASTER_KEY=OLD)
    assert status == 1 and backup.OTHER_KEY[0] in told
    opened = stored(tmp_path)
    assert opened.unused()
    opened.close()


def test_what_keeps_a_restore_from_beginning_is_2_in_words(run, saved, tmp_path):
    assert run("restore")[::2] == (2, "python main.py restore FILE\n")
    status, _, told = run("restore", saved, MASTER_KEY="")
    assert status == 2 and "MASTER_KEY" in told and "secrets.token_urlsafe" in told
    status, _, told = run("restore", "nosuch.d5b")
    assert status == 2 and "No such file" in told and told.count("\n") == 1
    assert run("restore", saved, PORT="x")[0] == 2
    (tmp_path / "data" / "dort5bot.db").write_bytes(b"no database " * 1000)
    status, _, told = run("restore", saved, PORT="0")
    assert status == 2 and "cannot be opened" in told


def keys(tmp_path, **sealed):
    opened = stored(tmp_path)
    rows = [Key(int(name[1:]), "ABCD…", word, 5) for name, word in sealed.items()]
    opened.orders.save_keys(rows)
    opened.close()


def held(tmp_path):
    opened = stored(tmp_path)
    rows = opened.orders.keys()
    opened.close()
    return {row.user_id: row for row in rows}


def test_every_key_is_sealed_anew_and_a_second_time_changes_nothing(run, tmp_path):
    (tmp_path / "data").mkdir()
    pairs = {user: Pair(f"{user}" * 20, f"{user}" * 30) for user in (1, 2, 3)}
    words = {1: OLD, 2: OLD, 3: NEW}
    keys(tmp_path, **{f"u{user}": seal(pairs[user], user, words[user]) for user in words})
    before = held(tmp_path)
    assert run("rotate-key", OLD_MASTER_KEY=OLD)[:2] == (0, "2 anahtar / keys\n")
    after = held(tmp_path)
    for user, pair in pairs.items():
        assert unseal(after[user].sealed, user, NEW) == pair
        assert after[user]._replace(sealed="") == before[user]._replace(sealed="")
    assert after[3] == before[3]
    assert run("rotate-key", OLD_MASTER_KEY=OLD)[:2] == (0, "0 anahtar / keys\n")
    assert held(tmp_path) == after


def test_one_key_that_cannot_be_opened_leaves_all_as_they_were(run, tmp_path):
    (tmp_path / "data").mkdir()
    pair = Pair("k" * 20, "s" * 20)
    keys(tmp_path, u1=seal(pair, 1, OLD), u2=seal(pair, 2, "a third password"))
    before = held(tmp_path)
    status, said, wrong = run("rotate-key", OLD_MASTER_KEY=OLD)
    assert (status, said) == (1, "") and "user 2" in wrong and "nothing was changed" in wrong
    assert held(tmp_path) == before


def test_without_both_passwords_no_key_is_sealed_anew(run):
    assert "OLD_MASTER_KEY" in run("rotate-key", OLD_MASTER_KEY="")[2]
    assert run("rotate-key", OLD_MASTER_KEY=OLD, MASTER_KEY="")[0] == 2
    assert run("rotate-key", "more", OLD_MASTER_KEY=OLD)[0] == 2
