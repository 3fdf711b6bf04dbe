"""Single layers on the engine: how close each shape comes to the machine's int8 multiply peak."""
