from workers import Job


def test_it_shows_store_hosts_and_jobs(say, ctx):
    say("/p btc")
    (reply,) = say("/ts")
    assert "Depo: isabet" in reply.text and "binance: ağırlık" in reply.text
    assert "coingecko: ağırlık 0/30 · ay 0/10000\n" in reply.text
    assert "Yorum: her şey yolunda." in reply.text


def test_a_late_job_and_a_closed_host_are_named(ctx, market, clock):
    from_command = ctx(name="ts")
    from_command.workers.add(Job("slow", 1, None, deadline=1, last_error="<b>x</b>"))
    clock.now += 100
    text = from_command.commands["ts"].run(from_command).text
    assert "geciken işler var: slow" in text and "&lt;b&gt;" in text
    from_command.workers.jobs.clear()
    market.hosts["binance"].close("banned", clock() + 60)
    assert "kapalı kaynaklar: binance" in from_command.commands["ts"].run(from_command).text
