"""
Favori coinleriniz: /fav [ekle|sil coinler]
Your favourite coins: /fav [add|del coins]
"""

from bot import Reply, coin, fold

GROUP = "prices"
ALIASES = ("p_fav", "p_ekle", "p_sil", "favoriler")


def run(ctx):
    words = {"p_ekle": ("ekle", *ctx.args), "p_sil": ("sil", *ctx.args)}.get(ctx.name, ctx.args)
    ctx = ctx.replaced(words)
    verb = fold(ctx.arg(0, ""))
    if not verb:
        return show(ctx)
    if verb not in ACTIONS:
        raise ctx.wrong("“ekle” ya da “sil” deyin.", "Say “add” or “del”.")
    coins = [word for word in ",".join(ctx.args[1:]).split(",") if word][:50]
    if not coins:
        raise ctx.wrong("Hangi coin?", "Which coin?")
    return ACTIONS[verb](ctx, [ctx.sources.symbol(word) for word in coins])


def add(ctx, symbols):
    count = ctx.db.add_favourites(ctx.user.id, symbols)
    done = ctx.t(f"{count} coin eklendi.", f"{count} added.")
    if count < len(set(symbols)):
        done += ctx.t(
            " Kalanı zaten var ya da liste dolu.", " The rest is there or the list is full."
        )
    return [done, show(ctx)]


def remove(ctx, symbols):
    count = ctx.db.remove_favourites(ctx.user.id, symbols)
    return [ctx.t(f"{count} coin silindi.", f"{count} removed."), show(ctx)]


def show(ctx):
    mine = ctx.db.favourites(ctx.user.id)
    if not mine:
        return ctx.t(
            "Favoriniz yok. Eklemek için: <code>/fav ekle btc eth</code>",
            "You have no favourites. To add: <code>/fav add btc eth</code>",
        )
    title = ctx.t("⭐ Favorileriniz", "⭐ Your favourites")
    lines = [f"{i}. {coin(symbol)}" for i, symbol in enumerate(mine, 1)]
    return Reply("\n".join([f"<b>{title}</b>", *lines]), [[("/p", "/p"), ("/t", "/t")]])


ACTIONS = {"ekle": add, "add": add, **dict.fromkeys(("sil", "del", "delete", "remove"), remove)}
