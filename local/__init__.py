"""Stand-ins for the outside world: markets, Telegram, scenarios."""
