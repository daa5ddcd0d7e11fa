"""
Telegram kimliğiniz ve bu sohbetin kimliği: /id
Your Telegram id and this chat's id: /id
"""

ALIASES = ("kimlik",)


def run(ctx):
    return ctx.t(
        f"Kimliğiniz: <code>{ctx.user.id}</code>\nSohbet: <code>{ctx.chat.id}</code>",
        f"Your id: <code>{ctx.user.id}</code>\nChat: <code>{ctx.chat.id}</code>",
    )
