"""What tests that run the bot against the local Telegram do with it."""


def halt(bot):
    """Stop a bot as a kill would: nothing drained, nothing acknowledged."""
    bot._closing = True
    bot._stop.set()
    for queue in (bot._orders, bot._lanes, bot._heavy):
        queue.close()


def texts(server, room=1):
    return [m.text for m in server.messages(room) if m.bot]


def settle(bot):
    """Wait until every update taken in is answered and marked so."""
    assert bot._orders.drain(10)
    assert bot._lanes.drain(10)
