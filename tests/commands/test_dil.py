def test_the_choice_is_kept(say, database):
    assert say("/dil en")[0].text.startswith("I speak English")
    assert database.person(7).lang == "en"
    assert "Türkçe" in say("/dil Türkçe")[0].text and database.person(7).lang == "tr"


def test_it_asks_when_nothing_is_said_and_refuses_other_languages(say):
    assert say("/dil")[0].buttons
    assert say("/dil de")[0].failed == 1
