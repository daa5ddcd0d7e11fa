"""vault.py: what is sealed is read by its user and password only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vault
from vault import Pair, VaultError

COST = dict(vault.COST)
PAIR = Pair("k" * 60 + "last", "s" * 64)


def test_a_password_is_dear_to_guess(monkeypatch):
    assert COST["n"] * COST["r"] * 128 >= 16 << 20
    monkeypatch.setattr(vault, "COST", COST)
    told = vault.derived("pass", bytes(16)).hex()
    assert told == "598997e98f4659227a7e76e12e6dd2c8399087265ee249f631c14be51e36b206"


def test_a_pair_comes_back_and_never_looks_the_same():
    first, second = (vault.seal(PAIR, 7, "pass") for _ in range(2))
    assert first != second and vault.unseal(first, 7, "pass") == PAIR == vault.unseal(
        second, 7, "pass"
    )
    assert "kkkk" not in first and "ssss" not in first


@pytest.mark.parametrize(("user", "password"), [(8, "pass"), (7, "Pass"), (7, "")])
def test_another_user_or_password_reads_nothing(user, password):
    with pytest.raises(VaultError):
        vault.unseal(vault.seal(PAIR, 7, "pass"), user, password)


@pytest.mark.parametrize("at", [0, 1, 16, 17, 28, 29, 100, -1])
def test_a_changed_byte_is_noticed(at):
    whole = bytearray(vault.base64.urlsafe_b64decode(vault.seal(PAIR, 7, "pass")))
    whole[at] ^= 1
    with pytest.raises(VaultError):
        vault.unseal(vault.base64.urlsafe_b64encode(whole).decode(), 7, "pass")


@given(st.text(max_size=60))
def test_any_text_is_refused(text):
    with pytest.raises(VaultError):
        vault.unseal(text, 7, "pass")


def test_a_pair_shows_nothing_of_itself():
    assert "s" * 8 not in repr(PAIR) and "k" * 8 not in f"{PAIR}"
    assert vault.mask(PAIR.key) == "kkkk…last" and vault.mask("short") == "…"


@pytest.mark.parametrize(
    ("size", "like"), [(63, False), (64, True), (65, False), (66, False), (128, True), (129, False)]
)
def test_a_key_alone_or_with_its_secret_behind_looks_like_one(size, like):
    assert bool(vault.LIKE_A_KEY.search(f"so: {'a7' * 65}"[: 4 + size])) is like
