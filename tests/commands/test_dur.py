def test_it_ends_the_work_of_its_own_chat(say, ctx):
    workers = ctx().workers
    with workers.long(7) as mine, workers.long(8) as other:
        assert "Durduruluyor" in say("/dur")[0].text
        assert mine.is_set() and not other.is_set()


def test_with_nothing_going_on_it_says_so(say, ctx):
    assert "Nothing" in say("/dur", lang="en")[0].text
    with ctx().workers.long(7):
        pass
    assert "Nothing" in say("/dur", lang="en")[0].text


def test_the_end_of_an_earlier_work_leaves_the_later_one_its_stop(say, ctx):
    workers = ctx().workers
    first = workers.long(7)
    first.__enter__()
    with workers.long(7) as later:
        first.__exit__(None, None, None)
        assert "Durduruluyor" in say("/dur")[0].text and later.is_set()
