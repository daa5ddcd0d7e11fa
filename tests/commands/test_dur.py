def test_it_ends_the_work_of_its_own_chat(say, ctx):
    workers = ctx().workers
    mine, other = workers.begin(7), workers.begin(8)
    assert "Durduruluyor" in say("/dur")[0].text
    assert mine.is_set() and not other.is_set()


def test_with_nothing_going_on_it_says_so(say):
    assert "Nothing" in say("/dur", lang="en")[0].text
