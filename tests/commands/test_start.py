def test_it_greets_by_name_and_says_that_markets_are_mock_ones(say):
    (reply,) = say("/start")
    assert "Ayşe" in reply.text and "sahte" in reply.text and reply.buttons
    assert "/alarm" in reply.text
    (reply,) = say("/start", lang="en")
    assert "mock" in reply.text and ("/help", "/help") in reply.buttons[0]
