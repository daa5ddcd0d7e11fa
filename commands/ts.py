"""
Sistemin durumu: depo, işler, istek ağırlığı, hatalar: /ts
State of the system: store, jobs, request weights, errors: /ts
"""

import html

from bot import UNKNOWN, Reply

GROUP = "analysis"
LIGHTS = {"ok": "🟢", "limited": "🟡", "busy": "🟡"}


def run(ctx):
    report, jobs = ctx.sources.report(), ctx.workers.report()
    late = ", ".join(job["name"] for job in jobs if not job["ok"])
    text = "\n".join(
        [
            ctx.t("<b>⚙️ Sistem durumu</b>", "<b>⚙️ System state</b>"),
            store(ctx, report["store"]),
            *(host(ctx, row) for row in report["hosts"]),
            ctx.t("<b>İşler</b> (son çalışma, hata)", "<b>Jobs</b> (last run, errors)"),
            *(job(ctx, row) for row in jobs),
            "",
            comment(ctx, late, report["hosts"]),
        ]
    )
    return Reply(text, ctx.buttons())


def store(ctx, row):
    rate = UNKNOWN if row["rate"] is None else ctx.percent(100 * row["rate"], 1)
    return ctx.t(
        f"Depo: isabet {rate} · istek {row['misses']} · eski {row['stale']} · hata {row['failed']}",
        f"Store: hits {rate} · requests {row['misses']} · stale {row['stale']} · "
        f"failed {row['failed']}",
    )


def host(ctx, row):
    until = f" → {ctx.clock(row['until_ms'], '%H:%M:%S')}" if row["until_ms"] else ""
    used = f"{ctx.t('ağırlık', 'weight')} {row['used_weight']}/{row['limit']}"
    if row["limit_month"]:
        used += f" · {ctx.t('ay', 'month')} {row['used_month']}/{row['limit_month']}"
    return f"{LIGHTS.get(row['state'], '🔴')} {row['name']}: {used}{until}"


def job(ctx, row):
    ran = ctx.ago(row["last_run_ms"]) if row["last_run_ms"] else UNKNOWN
    why = f": {html.escape(ctx.redact(row['last_error'])[:80])}" if row["last_error"] else ""
    return f"{'🟢' if row['ok'] else '🔴'} {row['name']}: {ran} · {row['errors']}{why}"


def comment(ctx, late, hosts):
    closed = ", ".join(row["name"] for row in hosts if row["state"] != "ok")
    if late:
        return ctx.t(f"Yorum: geciken işler var: {late}.", f"Comment: late jobs: {late}.")
    if closed:
        return ctx.t(f"Yorum: kapalı kaynaklar: {closed}.", f"Comment: closed sources: {closed}.")
    return ctx.t("Yorum: her şey yolunda.", "Comment: all is well.")
