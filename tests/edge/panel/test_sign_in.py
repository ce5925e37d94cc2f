"""One token a start, a few tries a minute, cookies that end."""

import pytest

from edge.panel.sign_in import ADDRESSES, EVERY_S, GUESTS, LASTS_S, TRIES, SignIn, TooManyTriesError, make_token
from tests.fakes.clock import HandClock

TOKEN = "ABCD-EFGH-JKMN-PQRS-TVWX"


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {make_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(len(token.replace("-", "")) == 20 for token in tokens)


@pytest.mark.parametrize("typed", [TOKEN, TOKEN.lower(), TOKEN.replace("-", ""), f" {TOKEN.replace('-', ' ')} "])
def test_the_token_opens_however_it_is_typed(typed: str) -> None:
    sign_in = SignIn(HandClock(), TOKEN)
    cookie = sign_in.enter(typed, "10.0.0.2")
    assert cookie is not None
    assert sign_in.knows(cookie)
    assert not sign_in.knows(cookie + "x")


@pytest.mark.parametrize("typed", ["", "ABCD", TOKEN[:-1], TOKEN + "A", "ÄBCD\0", "\ud800"])
def test_a_wrong_token_opens_nothing(typed: str) -> None:
    sign_in = SignIn(HandClock(), TOKEN)
    assert sign_in.enter(typed.encode("utf-8", "replace").decode(), "10.0.0.2") is None
    assert not sign_in.knows("")
    assert not sign_in.knows(None)


def test_after_some_tries_an_address_waits_even_with_the_token() -> None:
    clock = HandClock()
    sign_in = SignIn(clock, TOKEN)
    for _ in range(TRIES):
        assert sign_in.enter("wrong", "10.0.0.2") is None
    with pytest.raises(TooManyTriesError) as refused:
        sign_in.enter(TOKEN, "10.0.0.2")
    assert refused.value.wait_s == pytest.approx(EVERY_S)
    assert sign_in.enter(TOKEN, "10.0.0.3") is not None
    clock.move(EVERY_S)
    assert sign_in.enter(TOKEN, "10.0.0.2") is not None


def test_a_cookie_ends_and_can_be_given_back() -> None:
    clock = HandClock()
    sign_in = SignIn(clock, TOKEN)
    first, second = sign_in.enter(TOKEN, "a") or "", sign_in.enter(TOKEN, "a") or ""
    sign_in.leave(first)
    assert not sign_in.knows(first)
    clock.move(LASTS_S - 1)
    assert sign_in.knows(second)
    clock.move(1)
    assert not sign_in.knows(second)


def test_nothing_grows_without_end() -> None:
    sign_in = SignIn(HandClock(), TOKEN)
    cookies = [sign_in.enter(TOKEN, f"10.1.0.{k}") or "" for k in range(GUESTS + 4)]
    assert [sign_in.knows(cookie) for cookie in cookies] == [False] * 4 + [True] * GUESTS
    for k in range(3 * ADDRESSES):
        sign_in.enter("wrong", f"2001:db8::{k:x}")
    assert len(sign_in._tries) <= ADDRESSES  # pyright: ignore[reportPrivateUsage] - memory has no other witness
