def test_it_greets_by_name_and_says_that_markets_are_mock_ones(say):
    (reply,) = say("/start")
    assert "Ayşe" in reply.text and "sahte" in reply.text and reply.buttons
    assert "mock" in say("/start", lang="en")[0].text
