"""Another program that polls with our token: how long to make way for it, and when it is sure."""

import math

WAITS = (1, 5, 10, 20, 40, 80, 120)
FORGET, SURE = 600, 3


class Rival:
    """What is known of it: each of two polls ends the other's, so that one must make way.

    Once is no rival, for while the bot changes hands the one before may still be polling.
    """

    def __init__(self) -> None:
        self._count, self._at = 0, -math.inf

    def met(self, now: float) -> float:
        """Note that it ended our poll; return for how many seconds to make way."""
        self._count = self._count + 1 if now - self._at <= FORGET else 1
        self._at = now
        return WAITS[min(self._count, len(WAITS)) - 1]

    def there(self, now: float) -> bool:
        """Tell whether it surely polls, or did some minutes ago."""
        return self._count >= SURE and now - self._at <= FORGET
