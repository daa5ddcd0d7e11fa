"""What a broker can do: the one thing in which paper and live differ."""

from decimal import Decimal
from typing import Protocol

from order_rows import Intent
from orders import Answer, Balance, Seen


class Broker(Protocol):
    """Take one user's orders; no method but `test` raises for what an exchange may answer."""

    mode: str

    def balances(self) -> dict[str, Balance]:
        """Return what the account has, by asset. Raises UserError."""

    def flows(self, since: int) -> dict[str, Decimal]:
        """Return what was paid in since an instant (ms), less what was out. Raises UserError."""

    def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return the maker's and the taker's fee as fractions. Raises UserError."""

    def test(self, intent: Intent) -> None:
        """Let the exchange check an order without making it. Raises UserError."""

    def place(self, intent: Intent) -> Answer:
        """Send an intent's order under its client ids."""

    def find(self, intent: Intent) -> Answer:
        """Ask what became of an intent; refused with -2013 where the exchange knows none."""

    def search(self, intent: Intent) -> Answer:
        """Look for an intent in every list the exchange has, before it is taken for unmade."""

    def cancel(self, intent: Intent) -> Answer:
        """Cancel what is open of an intent; refused with -2011 where nothing is."""

    def open_orders(self, symbol: str = "") -> list[Seen]:
        """Return every open order of the account, whoever made it. Raises UserError."""
